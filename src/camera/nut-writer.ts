/**
 * Writer of the NUT container for one compressed video stream (https://ffmpeg.org/~michael/nut.txt, version 4
 * in its pipe mode). It hands access units to ffmpeg with their time stamps and lengths: its demuxer then
 * neither looks for the next start code before it hands one on, nor invents times, as it does for bare H.264.
 */

const ID_STRING = Buffer.from('nut/multimedia container\0', 'latin1');
const MAIN = '4e4d7a561f5f04ad';
const STREAM = '4e5311405bf2f9db';
const SYNCPOINT = '4e4be4adeeca4569';

const FLAG_KEY = 1;
const FLAG_CODED_PTS = 8;
const FLAG_SIZE_MSB = 32;
const FLAG_CHECKSUM = 64;
/** Main flag: no sync points follow. */
const PIPE = 2;
/** Bits of the short form of time stamps; all are written in the long form, which begins above. */
const PTS_SHIFT = 7;

/** Frame codes of the table that `main` writes. */
const CODE_KEY = 0;
const CODE_OTHER = 1;

/** Ticks of the time stamps a second: RTP's clock for all video. */
export const TICKS_PER_SECOND = 90_000;

/** The beginning of a stream. The size is left to the parameter sets in the stream, which ffmpeg reads. */
export function nutHeader(codec: 'h264' | 'h265'): Buffer {
  return Buffer.concat([
    ID_STRING,
    packet(MAIN, main()),
    packet(STREAM, stream(codec)),
    packet(SYNCPOINT, [0, 0]),
  ]);
}

/** What stands before an access unit of `size` bytes (Annex B); `pts` in ticks, 0 and up, whole. */
export function nutFrameHeader(pts: number, size: number, key: boolean): Buffer {
  return summed([key ? CODE_KEY : CODE_OTHER, ...v(pts + 2 ** PTS_SHIFT), ...v(size)]);
}

function main(): number[] {
  const version = [...v(4), ...v(0)];
  const oneStream = [...v(1), ...v(65_536)];
  const timeBase = [...v(1), ...v(1), ...v(TICKS_PER_SECOND)];
  const flags = FLAG_CODED_PTS | FLAG_SIZE_MSB | FLAG_CHECKSUM;
  // Each line of the table: flags, number of fields, then pts (signed), mul, stream, size, reserved, count.
  const codes = [...[flags | FLAG_KEY, 6, 0, 1, 0, 0, 0, 1], ...[flags, 6, 0, 1, 0, 0, 0, ...v(254)]];
  const noElision = v(0);
  return [...version, ...oneStream, ...timeBase, ...codes, ...noElision, PIPE];
}

function stream(codec: 'h264' | 'h265'): number[] {
  const fourcc = Buffer.from(codec === 'h264' ? 'H264' : 'HEVC', 'latin1');
  const timing = [0, PTS_SHIFT, ...v(TICKS_PER_SECOND), 0, 0];
  const noParameterSets = v(0);
  const size = [...v(16), ...v(16), 1, 1, 0];
  return [0, 0, ...v(fourcc.length), ...fourcc, ...timing, ...noParameterSets, ...size];
}

function packet(startcode: string, body: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(startcode, 'hex'), Buffer.from(v(body.length + 4)), summed(body)]);
}

/** The bytes with their checksum behind them; NUT asks for one before every picture beyond 128 KiB. */
function summed(bytes: readonly number[]): Buffer {
  const result = Buffer.from([...bytes, 0, 0, 0, 0]);
  result.writeUInt32BE(crc32(result.subarray(0, bytes.length)), bytes.length);
  return result;
}

/** Unsigned number of variable length, seven bits a byte, most significant first. */
function v(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift((rest % 128) | 0x80);
  return bytes;
}

/** NUT's checksum: polynomial 04C11DB7, most significant bit first, from 0. */
function crc32(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
