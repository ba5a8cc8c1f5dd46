/**
 * How messages travel between the gate and a vision process: over a pipe of our own, as packets of a JSON header and
 * raw bytes. Not over Node's channel, which hands whatever arrives to V8's deserialiser before any code of ours can
 * look at it: twelve bytes of nonsense there end the process that reads them.
 *
 *     length of header (u32, little endian) | length of bytes (u32, little endian) | header (JSON, UTF-8) | bytes
 */

/** The descriptor of the pipe in a vision process. */
export const PIPE_FD = 3;
/** A header is some hundred bytes; the settings of a camera are a few thousand. */
export const MAX_HEADER_BYTES = 1 << 16;
/** A crop is at most 480x600; at JPEG quality 90 even noise stays below this. */
export const MAX_BODY_BYTES = 1 << 20;
const PREFIX_BYTES = 8;
const NOTHING = new Uint8Array(0);

export interface Packet {
  /** As JSON says it, unchecked. */
  readonly header: unknown;
  /** Owned by who gets it. */
  readonly body: Uint8Array;
}

/** The bytes of a packet. Throws RangeError when it is larger than any packet may be. */
export function encodePacket(header: object, body: Uint8Array = NOTHING): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const fault = sizeFault(json.length, body.length);
  if (fault !== null) throw new RangeError(fault);
  const packet = Buffer.allocUnsafe(PREFIX_BYTES + json.length + body.length);
  packet.writeUInt32LE(json.length, 0);
  packet.writeUInt32LE(body.length, 4);
  packet.set(json, PREFIX_BYTES);
  packet.set(body, PREFIX_BYTES + json.length);
  return packet;
}

/**
 * Reads packets out of a stream of bytes cut anywhere. Holds at most one packet, and allocates for it only after its
 * size was found to be allowed.
 */
export class PacketReader {
  readonly #onPacket: (packet: Packet) => void;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #inPrefix = 0;
  /** Header and body, once their lengths are known. */
  #content: Uint8Array | null = null;
  #inContent = 0;
  #headerBytes = 0;

  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket;
  }

  /** Takes a piece of the stream. Throws at the first byte that is no packet; nothing may be pushed afterwards. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      at +=
        this.#content === null ? this.#takePrefix(piece, at) : this.#takeContent(this.#content, piece, at);
      if (this.#content !== null && this.#inContent === this.#content.length) this.#finish(this.#content);
    }
  }

  #takePrefix(piece: Uint8Array, at: number): number {
    const part = piece.subarray(at, at + PREFIX_BYTES - this.#inPrefix);
    this.#prefix.set(part, this.#inPrefix);
    this.#inPrefix += part.length;
    if (this.#inPrefix === PREFIX_BYTES) {
      const lengths = new DataView(this.#prefix.buffer);
      this.#headerBytes = lengths.getUint32(0, true);
      const bodyBytes = lengths.getUint32(4, true);
      const fault = sizeFault(this.#headerBytes, bodyBytes);
      if (fault !== null) throw new RangeError(fault);
      this.#content = new Uint8Array(this.#headerBytes + bodyBytes);
      this.#inContent = 0;
    }
    return part.length;
  }

  #takeContent(content: Uint8Array, piece: Uint8Array, at: number): number {
    const part = piece.subarray(at, at + content.length - this.#inContent);
    content.set(part, this.#inContent);
    this.#inContent += part.length;
    return part.length;
  }

  #finish(content: Uint8Array): void {
    this.#content = null;
    this.#inPrefix = 0;
    const header: unknown = JSON.parse(Buffer.from(content.buffer, 0, this.#headerBytes).toString());
    this.#onPacket({ header, body: content.slice(this.#headerBytes) });
  }
}

function sizeFault(header: number, body: number): string | null {
  if (header > 0 && header <= MAX_HEADER_BYTES && body <= MAX_BODY_BYTES) return null;
  return `a packet has 1 to ${MAX_HEADER_BYTES} bytes of header and at most ${MAX_BODY_BYTES} more, not ${header} and ${body}`;
}
