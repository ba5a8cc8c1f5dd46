import type { VideoCodec } from '../rtsp/sdp.ts';

/** Sequence parameter sets stand before the first slice; more than any camera puts before them. */
const SEARCHED_BYTES = 65_536;

/**
 * The encoder by what it writes into the sequence parameter set of a picture in Annex B: codec and profile, which no
 * change of light, frame rate or bit rate alters. Null where the picture brings none.
 */
export function encoderOf(codec: VideoCodec, unit: Uint8Array): string | null {
  const end = Math.min(unit.length - 7, SEARCHED_BYTES);
  for (let at = 0; at < end; at++) {
    if (unit[at] !== 0 || unit[at + 1] !== 0 || unit[at + 2] !== 1) continue;
    if (isSlice(codec, unit[at + 3] ?? 0)) return null;
    const found = codec === 'h264' ? profileOfH264(unit, at + 3) : profileOfH265(unit, at + 3);
    if (found !== null) return `${codec} profile ${found}`;
  }
  return null;
}

/** By the first byte of a NAL unit: types 1 to 5 of H.264, below 32 of H.265. */
function isSlice(codec: VideoCodec, head: number): boolean {
  if (codec === 'h265') return ((head >> 1) & 0x3f) < 32;
  return (head & 0x1f) >= 1 && (head & 0x1f) <= 5;
}

/** profile_idc and the constraint flags behind the header of type 7 (H.264, 7.3.2.1). */
function profileOfH264(unit: Uint8Array, at: number): string | null {
  if (((unit[at] ?? 0) & 0x1f) !== 7) return null;
  const flags = (unit[at + 2] ?? 0).toString(16).padStart(2, '0');
  return `${unit[at + 1]}/${flags}`;
}

/** general_profile_idc behind the header of type 33 and one byte more (H.265, 7.3.2.2). */
function profileOfH265(unit: Uint8Array, at: number): string | null {
  return (((unit[at] ?? 0) >> 1) & 0x3f) === 33 ? String((unit[at + 3] ?? 0) & 0x1f) : null;
}
