/**
 * Reader of the NUT container as ffmpeg writes raw video into a pipe: one video stream, time stamps and
 * size with every picture (https://ffmpeg.org/~michael/nut.txt). rawvideo would be simpler but says neither
 * when a picture was taken nor how large it is, and once out of step stays so for ever.
 */

const ID_STRING = 'nut/multimedia container\0';
const STARTCODE_N = 0x4e;
const MAIN = '4e4d7a561f5f04ad';
const STREAM = '4e5311405bf2f9db';
const SYNCPOINT = '4e4be4adeeca4569';
const INDEX = '4e58dd672f23e64e';
const INFO = '4e49ab68b596ba78';

/** Flags of a frame code, named as in the specification. */
const FLAG_CODED_PTS = 8;
const FLAG_STREAM_ID = 16;
const FLAG_SIZE_MSB = 32;
const FLAG_CHECKSUM = 64;
const FLAG_RESERVED = 128;
const FLAG_SM_DATA = 256;
const FLAG_HEADER_IDX = 1024;
const FLAG_MATCH_TIME = 2048;
const FLAG_CODED_FLAGS = 4096;
const FLAG_INVALID = 8192;

/** No header of ffmpeg's comes near this; more means that we read pixels as headers. */
const MAX_HEADER_BYTES = 64 * 1024;

/** More than any camera's picture. */
const MAX_PICTURE_BYTES = 256 * 1024 * 1024;

/** What the reader found; the sink decides where the pixels go. */
export interface NutSink {
  /** Size of the pictures as the stream header promises it, in pixels. */
  onVideo(width: number, height: number): void;
  /** A picture of `size` bytes begins; `ptsMs` is its time stamp. Answers where to put it, or `null` to skip it. */
  onPicture(ptsMs: number, size: number): Uint8Array | null;
  /** The picture begun is complete. */
  onPictureEnd(): void;
}

/** The bytes are not what ffmpeg's NUT writer makes. */
export class NutError extends Error {}

/** Thrown within when an element has not arrived in full; never leaves the reader. */
const NEED_MORE = Symbol('need more bytes');

interface FrameCode {
  readonly flags: number;
  readonly stream: number;
  readonly mul: number;
  readonly lsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly headerIndex: number;
}

/** Takes the bytes as they come, in pieces of any length. After a `NutError` it must be thrown away. */
export class NutReader {
  readonly #sink: NutSink;
  #rest: Uint8Array = new Uint8Array(0);
  #begun = false;
  #frameCodes: readonly FrameCode[] = [];
  #elidedHeaders: readonly Uint8Array[] = [new Uint8Array(0)];
  #timeBaseMs = 0;
  #ptsShift = 0;
  #lastPts = 0;
  #target: Uint8Array | null = null;
  #filled = 0;
  #missing = 0;

  constructor(sink: NutSink) {
    this.#sink = sink;
  }

  /** Where the next bytes belong, all of them pixels, to be put there and told to `filled`; null where they are to be pushed. */
  get room(): Uint8Array | null {
    const target = this.#missing > 0 ? this.#target : null;
    return target === null ? null : target.subarray(this.#filled, this.#filled + this.#missing);
  }

  /** The first `count` bytes of `room` stand there. */
  filled(count: number): void {
    this.#filled += count;
    this.#missing -= count;
    if (this.#missing === 0) this.#sink.onPictureEnd();
  }

  /** Reads on. Throws `NutError` where the bytes are no such stream. */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
      this.#rest = new Uint8Array(0);
    }
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#missing > 0) {
        offset += this.#takePixels(bytes, offset);
        continue;
      }
      const used = this.#tryElement(bytes, offset);
      if (used === 0) {
        if (bytes.length - offset > MAX_HEADER_BYTES)
          throw new NutError('a header is longer than any ffmpeg writes');
        this.#rest = bytes.slice(offset);
        return;
      }
      offset += used;
    }
  }

  #takePixels(bytes: Uint8Array, offset: number): number {
    const count = Math.min(this.#missing, bytes.length - offset);
    this.#target?.set(bytes.subarray(offset, offset + count), this.#filled);
    this.filled(count);
    return count;
  }

  #tryElement(bytes: Uint8Array, offset: number): number {
    const cursor = new Cursor(bytes, offset);
    try {
      if (!this.#begun) this.#readIdString(cursor);
      else if (cursor.peek() === STARTCODE_N) this.#readPacket(cursor);
      else this.#readFrameHeader(cursor);
    } catch (error) {
      if (error === NEED_MORE) return 0;
      throw error;
    }
    return cursor.at - offset;
  }

  #readIdString(cursor: Cursor): void {
    const found = new TextDecoder('latin1').decode(cursor.bytes(ID_STRING.length));
    if (found !== ID_STRING) throw new NutError('not a NUT stream');
    this.#begun = true;
  }

  /** A packet with a start code. Its checksum is passed over: a pipe alters nothing. */
  #readPacket(cursor: Cursor): void {
    const code = Buffer.from(cursor.bytes(8)).toString('hex');
    const length = cursor.v();
    if (length > MAX_HEADER_BYTES) throw new NutError('a header is longer than any ffmpeg writes');
    if (length > 4096) cursor.bytes(4);
    const body = new Cursor(cursor.bytes(length), 0);
    try {
      if (code === MAIN) this.#readMain(body);
      else if (code === STREAM) this.#readStream(body);
      else if (code === SYNCPOINT) this.#lastPts = body.v();
      else if (code !== INFO && code !== INDEX) throw new NutError(`unknown start code ${code}`);
    } catch (error) {
      if (error === NEED_MORE) throw new NutError(`header ${code} is cut short`);
      throw error;
    }
  }

  #readMain(body: Cursor): void {
    if (body.v() > 3) body.v();
    if (body.v() !== 1) throw new NutError('not exactly one stream');
    body.v();
    if (body.v() !== 1) throw new NutError('not exactly one time base');
    const numerator = body.v();
    this.#timeBaseMs = (1000 * numerator) / body.v();
    this.#frameCodes = readFrameCodes(body);
    const headers: Uint8Array[] = [new Uint8Array(0)];
    for (let more = body.v(); more > 0; more--) headers.push(body.bytes(body.v()).slice());
    this.#elidedHeaders = headers;
  }

  #readStream(body: Cursor): void {
    body.v();
    if (body.v() !== 0) throw new NutError('the stream is not video');
    body.bytes(body.v());
    body.v();
    this.#ptsShift = body.v();
    body.v();
    body.v();
    body.v();
    body.bytes(body.v());
    const width = body.v();
    this.#sink.onVideo(width, body.v());
  }

  #readFrameHeader(cursor: Cursor): void {
    const code = this.#frameCodes[cursor.byte()];
    if (code === undefined) throw new NutError('a picture before the header');
    let flags = code.flags;
    if (flags & FLAG_INVALID) throw new NutError('out of step: not a frame code');
    if (flags & FLAG_CODED_FLAGS) flags ^= cursor.v();
    if ((flags & FLAG_STREAM_ID ? cursor.v() : code.stream) !== 0)
      throw new NutError('a picture of another stream');
    const pts = flags & FLAG_CODED_PTS ? this.#fullPts(cursor.v()) : this.#lastPts + code.ptsDelta;
    const size = code.lsb + (flags & FLAG_SIZE_MSB ? code.mul * cursor.v() : 0);
    if (flags & FLAG_MATCH_TIME) cursor.v();
    const headerIndex = flags & FLAG_HEADER_IDX ? cursor.v() : code.headerIndex;
    for (let more = flags & FLAG_RESERVED ? cursor.v() : code.reserved; more > 0; more--) cursor.v();
    if (flags & FLAG_CHECKSUM) cursor.bytes(4);
    if (flags & FLAG_SM_DATA) throw new NutError('side data with a picture');
    this.#lastPts = pts;
    const elided = (size > 4096 ? undefined : this.#elidedHeaders[headerIndex]) ?? new Uint8Array(0);
    if (size <= elided.length || size > MAX_PICTURE_BYTES) throw new NutError(`a picture of ${size} bytes`);
    this.#target = this.#sink.onPicture(pts * this.#timeBaseMs, size);
    this.#target?.set(elided);
    this.#filled = elided.length;
    this.#missing = size - elided.length;
  }

  /** Time stamps may be coded by their low bits alone, to be completed from the one before. */
  #fullPts(coded: number): number {
    const span = 2 ** this.#ptsShift;
    if (coded >= span) return coded - span;
    const delta = this.#lastPts - span / 2;
    return ((((coded - delta) % span) + span) % span) + delta;
  }
}

/** The table that says for each of the 256 frame codes what is implied and what is coded. */
function readFrameCodes(body: Cursor): FrameCode[] {
  const codes: FrameCode[] = [];
  let ptsDelta = 0;
  let mul = 1;
  let stream = 0;
  let headerIndex = 0;
  while (codes.length < 256) {
    const flags = body.v();
    const fields = body.v();
    if (fields > 0) ptsDelta = body.s();
    if (fields > 1) mul = body.v();
    if (fields > 2) stream = body.v();
    const lsb = fields > 3 ? body.v() : 0;
    const reserved = fields > 4 ? body.v() : 0;
    const count = fields > 5 ? body.v() : mul - lsb;
    if (fields > 6) body.s();
    if (fields > 7) headerIndex = body.v();
    for (let more = fields - 8; more > 0; more--) body.v();
    if (count <= 0) throw new NutError('the table of frame codes is malformed');
    for (let j = 0; j < count && codes.length < 256; ) {
      const invalid = codes.length === STARTCODE_N;
      codes.push({
        flags: invalid ? FLAG_INVALID : flags,
        stream,
        mul,
        lsb: lsb + (invalid ? 0 : j),
        ptsDelta,
        reserved,
        headerIndex,
      });
      if (!invalid) j++;
    }
  }
  return codes;
}

class Cursor {
  readonly #data: Uint8Array;
  at: number;

  constructor(data: Uint8Array, at: number) {
    this.#data = data;
    this.at = at;
  }

  peek(): number {
    const value = this.#data[this.at];
    if (value === undefined) throw NEED_MORE;
    return value;
  }

  byte(): number {
    const value = this.peek();
    this.at++;
    return value;
  }

  bytes(count: number): Uint8Array {
    if (this.at + count > this.#data.length) throw NEED_MORE;
    this.at += count;
    return this.#data.subarray(this.at - count, this.at);
  }

  /** Unsigned number of variable length, seven bits a byte, most significant first. */
  v(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (value > Number.MAX_SAFE_INTEGER) throw new NutError('a number is out of range');
      if (byte < 0x80) return value;
    }
  }

  /** Signed number of variable length. */
  s(): number {
    const v = this.v() + 1;
    return v % 2 === 1 ? -(v - 1) / 2 : v / 2;
  }
}
