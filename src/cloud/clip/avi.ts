import type { Timing } from './mp4.ts';

const MAX_CHUNKS = 1024;

/** Timing of the first video stream of an AVI file, by its stream header; null when there is none. */
export function aviTiming(bytes: Buffer): Timing | null {
  const header = lists(bytes.subarray(12)).find((list) => list.type === 'hdrl');
  for (const stream of lists(header?.body ?? Buffer.alloc(0)).filter((list) => list.type === 'strl')) {
    const strh = chunks(stream.body).find((chunk) => chunk.type === 'strh')?.body;
    if (strh === undefined || strh.length < 36 || strh.toString('latin1', 0, 4) !== 'vids') continue;
    // Rate / scale are frames a second; length is in frames.
    const [scale, rate, frames] = [strh.readUInt32LE(20), strh.readUInt32LE(24), strh.readUInt32LE(32)];
    if (scale === 0 || rate === 0 || frames === 0) return null;
    return { frames, seconds: (frames * scale) / rate };
  }
  return null;
}

interface Chunk {
  readonly type: string;
  readonly body: Buffer;
}

/** RIFF chunks; one that reaches beyond the end is cut there. */
function chunks(bytes: Buffer): Chunk[] {
  const found: Chunk[] = [];
  let at = 0;
  while (at + 8 <= bytes.length && found.length < MAX_CHUNKS) {
    const size = bytes.readUInt32LE(at + 4);
    found.push({
      type: bytes.toString('latin1', at, at + 4),
      body: bytes.subarray(at + 8, at + 8 + size),
    });
    at += 8 + size + (size % 2);
  }
  return found;
}

/** The lists among the chunks, by the type that their first four bytes tell. */
function lists(bytes: Buffer): Chunk[] {
  return chunks(bytes)
    .filter((chunk) => chunk.type === 'LIST' && chunk.body.length >= 4)
    .map(({ body }) => ({ type: body.toString('latin1', 0, 4), body: body.subarray(4) }));
}
