/** What JSON from outside may be like. */
export interface JsonLimits {
  readonly maxBytes: number;
  /** Arrays and objects within one another. */
  readonly maxDepth: number;
}

const DEFAULTS: JsonLimits = { maxBytes: 256 * 1024, maxDepth: 16 };

/**
 * Reads JSON that anybody may have written: strict UTF-8, bounded in size and depth before anything is built of it.
 * @throws Error saying what is wrong, without any of the content
 */
export function readJson(bytes: Uint8Array, limits: Partial<JsonLimits> = {}): unknown {
  const { maxBytes, maxDepth } = { ...DEFAULTS, ...limits };
  if (bytes.length > maxBytes) {
    throw new Error(`it has more than ${maxBytes} bytes`);
  }
  if (depthOf(bytes) > maxDepth) {
    throw new Error(`it is nested more than ${maxDepth} deep`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch {
    // The message of V8 quotes the text.
    throw new Error('it is not JSON');
  }
}

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/** Greatest number of open brackets at a time. In UTF-8 no byte of a longer character looks like one of these. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) {
      inText = true;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth++;
      deepest = Math.max(deepest, depth);
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  return deepest;
}
