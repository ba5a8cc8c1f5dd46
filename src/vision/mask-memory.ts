import { MASK_STATES, type MaskLook, type MaskReading } from './types.ts';

/**
 * Looks that weigh as much as all before them: two seconds of a camera at 15 fps, longer than a hand stays before a mouth. On
 * films of people who sign (videos/asl) a single look called a bare face masked in 5 of 138 frames, four of them in a row
 * in one clip.
 */
const LOOKS = 30;

/** What the face of one track wears, by all looks at it: a mask is not put on from one frame to the next. */
export class MaskMemory {
  readonly #mean = MASK_STATES.map(() => 0);
  #looks = 0;

  /** Takes a look in; the state by all of them, with its mean probability. */
  add({ probabilities, model }: MaskLook): MaskReading {
    this.#looks += 1;
    const part = Math.max(1 / this.#looks, 1 / LOOKS);
    for (const [index, probability] of probabilities.entries()) {
      this.#mean[index] += part * (probability - this.#mean[index]);
    }
    const best = this.#mean.indexOf(Math.max(...this.#mean));
    // Rounding must not make a probability of more than 1.
    return { state: MASK_STATES[best], score: Math.min(1, this.#mean[best]), model };
  }
}
