import { type Box, boxAt, boxesOf } from './boxes.ts';

/** Frames and length of a video track; `seconds` by its own time scale. */
export interface Timing {
  readonly frames: number;
  readonly seconds: number;
}

interface Track {
  readonly id: number;
  readonly timescale: number;
  readonly table: Timing;
}

/** Timing of the first video track of an mp4 or mov file, whole or in fragments; null when there is none. */
export function mp4Timing(bytes: Buffer): Timing | null {
  const top = boxesOf(bytes);
  const movie = top.find((box) => box.type === 'moov')?.body;
  if (movie === undefined) return null;
  const track = boxesOf(movie)
    .filter((box) => box.type === 'trak')
    .map((box) => videoTrack(box.body))
    .find((found) => found !== null);
  if (track === undefined || track === null) return null;
  if (track.table.frames > 0) return track.table;
  return fragmentTiming(top, track, trackDefault(movie, track.id));
}

function videoTrack(trak: Buffer): Track | null {
  const handler = boxAt(trak, 'mdia', 'hdlr');
  const media = boxAt(trak, 'mdia', 'mdhd');
  const header = boxAt(trak, 'tkhd');
  const times = boxAt(trak, 'mdia', 'minf', 'stbl', 'stts');
  if (handler === undefined || handler.length < 12 || handler.toString('latin1', 8, 12) !== 'vide')
    return null;
  if (media === undefined || header === undefined || times === undefined) return null;
  // Version 1 has creation and modification times of 64 bits.
  const timescaleAt = media[0] === 1 ? 20 : 12;
  const idAt = header[0] === 1 ? 20 : 12;
  if (media.length < timescaleAt + 4 || header.length < idAt + 4) return null;
  const timescale = media.readUInt32BE(timescaleAt);
  if (timescale === 0) return null;
  return { id: header.readUInt32BE(idAt), timescale, table: timeTable(times, timescale) };
}

/** stts: pairs of a count and the duration of each of so many samples. */
function timeTable(stts: Buffer, timescale: number): Timing {
  const entries = stts.length < 8 ? 0 : Math.min(stts.readUInt32BE(4), Math.floor((stts.length - 8) / 8));
  let frames = 0;
  let ticks = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const count = stts.readUInt32BE(8 + entry * 8);
    frames += count;
    ticks += count * stts.readUInt32BE(12 + entry * 8);
  }
  return { frames, seconds: ticks / timescale };
}

/** trex: duration of a sample where a fragment says nothing else. */
function trackDefault(movie: Buffer, id: number): number {
  const extends_ = boxAt(movie, 'mvex');
  const own = boxesOf(extends_ ?? Buffer.alloc(0)).find(
    ({ type, body }) => type === 'trex' && body.length >= 16 && body.readUInt32BE(4) === id,
  );
  return own?.body.readUInt32BE(12) ?? 0;
}

function fragmentTiming(top: readonly Box[], track: Track, byDefault: number): Timing | null {
  let frames = 0;
  let ticks = 0;
  for (const { body } of top.filter((box) => box.type === 'moof')) {
    for (const { body: traf } of boxesOf(body).filter((box) => box.type === 'traf')) {
      const header = boxAt(traf, 'tfhd');
      if (header === undefined || header.length < 8 || header.readUInt32BE(4) !== track.id) continue;
      const each = fragmentDefault(header) ?? byDefault;
      for (const { body: run } of boxesOf(traf).filter((box) => box.type === 'trun')) {
        const part = runOf(run, each);
        frames += part.frames;
        ticks += part.ticks;
      }
    }
  }
  return frames === 0 ? null : { frames, seconds: ticks / track.timescale };
}

/** tfhd: flags 1 (base offset), 2 (description), 8 (duration) say which optional fields follow, in this order. */
function fragmentDefault(tfhd: Buffer): number | null {
  const flags = tfhd.readUIntBE(1, 3);
  if ((flags & 8) === 0) return null;
  const at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
  return at + 4 <= tfhd.length ? tfhd.readUInt32BE(at) : null;
}

/** trun: flags 1 and 4 put a field before the table; 0x100, 0x200, 0x400, 0x800 a column into it. */
function runOf(trun: Buffer, each: number): { frames: number; ticks: number } {
  if (trun.length < 8) return { frames: 0, ticks: 0 };
  const flags = trun.readUIntBE(1, 3);
  const start = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  const columns = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  const told = trun.readUInt32BE(4);
  if ((flags & 0x100) === 0) return { frames: told, ticks: told * each };
  const frames = Math.min(told, Math.max(0, Math.floor((trun.length - start) / (columns * 4))));
  let ticks = 0;
  for (let row = 0; row < frames; row += 1) ticks += trun.readUInt32BE(start + row * columns * 4);
  return { frames, ticks };
}
