import { aviTiming } from './avi.ts';
import { boxesOf } from './boxes.ts';
import { mp4Timing, type Timing } from './mp4.ts';

/** What the headers of a clip tell. */
export interface ClipHeader extends Timing {
  readonly container: 'mp4' | 'mov' | 'avi';
  readonly fps: number;
}

/** Types that a QuickTime file without `ftyp` begins with. */
const QUICKTIME = ['moov', 'mdat', 'wide', 'free', 'skip', 'pnot'];

/**
 * Container, length in seconds and frames a second of a clip, by its headers, without decoding: null when it is none
 * of the three, `'damaged'` when it begins like one but has no video track with times.
 */
export function clipHeader(clip: Uint8Array): ClipHeader | 'damaged' | null {
  const bytes = Buffer.from(clip.buffer, clip.byteOffset, clip.byteLength);
  const container = containerOf(bytes);
  if (container === null) return null;
  const timing = container === 'avi' ? aviTiming(bytes) : mp4Timing(bytes);
  if (timing === null || !(timing.seconds > 0)) return 'damaged';
  return { container, ...timing, fps: timing.frames / timing.seconds };
}

function containerOf(bytes: Buffer): ClipHeader['container'] | null {
  if (bytes.length < 12) return null;
  if (bytes.toString('latin1', 0, 4) === 'RIFF')
    return bytes.toString('latin1', 8, 12) === 'AVI ' ? 'avi' : null;
  const type = bytes.toString('latin1', 4, 8);
  if (type === 'ftyp') return bytes.toString('latin1', 8, 12) === 'qt  ' ? 'mov' : 'mp4';
  return QUICKTIME.includes(type) && boxesOf(bytes).length > 0 ? 'mov' : null;
}
