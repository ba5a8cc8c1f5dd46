/** What a text, or bytes in strict UTF-8, says in JSON; undefined where it is none. */
export function parseJson(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(
      typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json),
    );
  } catch {
    return undefined;
  }
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** An object as JSON has it: without members that are undefined. */
export function jsonOf(value: object): Record<string, JsonValue> {
  return JSON.parse(JSON.stringify(value));
}
