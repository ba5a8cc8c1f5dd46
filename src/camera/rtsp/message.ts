import { MenshenError } from '../../common/index.ts';

/** A camera's answer to a request of ours, or a request of its own. */
export interface RtspMessage {
  /** Status of an answer, or `null` for a request. */
  readonly status: number | null;
  /** What follows the status, or the request line. */
  readonly text: string;
  /** Values by the lower-case name; headers that came several times have several. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** What the parser found. */
export interface RtspSink {
  onMessage(message: RtspMessage): void;
  /** A packet of RTP or RTCP (RFC 2326, 10.12). The bytes are a view into what was pushed. */
  onPacket(channel: number, bytes: Uint8Array): void;
}

const MAX_HEAD = 16 * 1024;
const MAX_HEADERS = 100;
const MAX_BODY = 64 * 1024;
const DOLLAR = 0x24;
/** Enough to tell a message from something else: requests of cameras begin with a capital letter as well. */
const STATUS_LINE = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/;
const REQUEST_LINE = /^[A-Z_]{3,20} \S+ RTSP\/\d\.\d$/;

/**
 * Takes RTSP apart as it comes over TCP, messages and interleaved packets, in pieces of any length.
 * Holds 16 KiB of header and 64 KiB of body at the most. After an error it must be thrown away.
 */
export class RtspParser {
  readonly #sink: RtspSink;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(sink: RtspSink) {
    this.#sink = sink;
  }

  /** Reads on. Throws CAMERA_NO_FRAMES where the bytes are no RTSP. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    while (offset < bytes.length) {
      const used = bytes[offset] === DOLLAR ? this.#packet(bytes, offset) : this.#message(bytes, offset);
      if (used === 0) break;
      offset += used;
    }
    this.#rest = offset === bytes.length ? new Uint8Array(0) : bytes.slice(offset);
  }

  #packet(bytes: Uint8Array, offset: number): number {
    const channel = bytes[offset + 1];
    const high = bytes[offset + 2];
    const low = bytes[offset + 3];
    if (channel === undefined || high === undefined || low === undefined) return 0;
    const end = offset + 4 + high * 256 + low;
    if (end > bytes.length) return 0;
    this.#sink.onPacket(channel, bytes.subarray(offset + 4, end));
    return end - offset;
  }

  #message(bytes: Uint8Array, offset: number): number {
    const start = skipBlank(bytes, offset);
    const head = Buffer.from(
      bytes.buffer,
      bytes.byteOffset + start,
      Math.min(bytes.length - start, MAX_HEAD),
    );
    const first = head[0];
    if (first === undefined || first === DOLLAR) return start - offset;
    if (first < 0x41 || first > 0x5a) throw notRtsp('it does not begin like an answer');
    const headEnd = endOfHead(head);
    if (headEnd === null) {
      if (head.length === MAX_HEAD) throw notRtsp('its header is too long');
      const line = head.indexOf('\n');
      if (line >= 0) readFirstLine(head.toString('latin1', 0, line).trimEnd());
      return start - offset;
    }
    const { status, text, headers } = readHead(head.toString('latin1', 0, headEnd));
    const length = bodyLength(headers);
    const bodyStart = start + headEnd;
    if (bodyStart + length > bytes.length) return start - offset;
    const body = new TextDecoder().decode(bytes.subarray(bodyStart, bodyStart + length));
    this.#sink.onMessage({ status, text, headers, body });
    return bodyStart + length - offset;
  }
}

function skipBlank(bytes: Uint8Array, offset: number): number {
  let at = offset;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
  return at;
}

/** Where the blank line after the header ends; cameras that leave out the CR are understood. */
function endOfHead(head: Buffer): number | null {
  const crlf = head.indexOf('\r\n\r\n');
  const lf = head.indexOf('\n\n');
  if (crlf < 0 && lf < 0) return null;
  return lf < 0 || (crlf >= 0 && crlf < lf) ? crlf + 4 : lf + 2;
}

function readFirstLine(line: string): Pick<RtspMessage, 'status' | 'text'> {
  const answer = STATUS_LINE.exec(line);
  if (answer !== null) return { status: Number(answer[1]), text: answer[2] ?? '' };
  if (REQUEST_LINE.test(line)) return { status: null, text: line };
  throw notRtsp('it is in another protocol');
}

function readHead(head: string): Omit<RtspMessage, 'body'> {
  const [first = '', ...lines] = head.trimEnd().split(/\r?\n/);
  if (lines.length > MAX_HEADERS) throw notRtsp('it has too many headers');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { ...readFirstLine(first.trimEnd()), headers };
}

function bodyLength(headers: RtspMessage['headers']): number {
  const text = headers.get('content-length')?.[0] ?? '0';
  const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (length > MAX_BODY) throw notRtsp(`it announces ${length} bytes`);
  return length;
}

function notRtsp(why: string): MenshenError {
  return new MenshenError('CAMERA_NO_FRAMES', `what the camera answers is not RTSP: ${why}`);
}
