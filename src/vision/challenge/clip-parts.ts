import { MAX_CLIP_BYTES } from './clip-limits.ts';
import type { ChallengeClip, ClipPart } from './types.ts';

/** Small enough that sightings find room in the pipe while a clip goes through it (uplink.ts). */
const PART_BYTES = 1 << 17;

/** A clip in pieces, each to be sent when the one before has left. */
export function* partsOf(camera: string, challenge: string, mp4: Uint8Array): Generator<ClipPart> {
  const parts = Math.ceil(mp4.length / PART_BYTES);
  for (let part = 0; part < parts; part++) {
    const bytes = mp4.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    yield { camera, challenge, part, parts, bytes };
  }
}

/** Puts the clips of one vision process together again. Holds one at a time, no more than a clip may have. */
export class ClipAssembler {
  #challenge = '';
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Takes a piece; gives the clip with the last one, and null before. Throws RangeError for what cannot be. */
  add({ camera, challenge, part, parts, bytes }: ClipPart): ChallengeClip | null {
    if (part === 0) this.#begin(challenge);
    if (challenge !== this.#challenge || part !== this.#parts.length) {
      throw new RangeError(`part ${part} of a clip came out of turn`);
    }
    this.#bytes += bytes.length;
    if (bytes.length === 0 || bytes.length > PART_BYTES || this.#bytes > MAX_CLIP_BYTES) {
      throw new RangeError(`part ${part} of a clip has ${bytes.length} bytes, ${this.#bytes} by then`);
    }
    this.#parts.push(bytes);
    if (this.#parts.length < parts) return null;
    const mp4 = new Uint8Array(Buffer.concat(this.#parts));
    this.#begin('');
    return { camera, challenge, mp4 };
  }

  #begin(challenge: string): void {
    this.#challenge = challenge;
    this.#parts = [];
    this.#bytes = 0;
  }
}
