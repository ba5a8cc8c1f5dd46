import type { Frame } from '../camera/types.ts';
import { Stillness } from './stillness.ts';

/** After something moved or somebody was seen, every frame is looked at for this long, ms. */
const AWAKE_MS = 1000;

/**
 * Decides which frames are searched for faces while nobody is in view: those that show a change at once, so that whoever
 * comes is seen in the first frame that shows them, and of those that show none one every `intervalMs`, lest the eye for changes
 * be wrong. Times are monotonic ms.
 */
export class Vigil {
  readonly #intervalMs: number;
  readonly #stillness = new Stillness();
  #awakeUntil = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** 0: every frame is searched. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Whether this frame is searched for faces; `inView`: somebody is followed. */
  due({ picture, capturedAt }: Frame, inView: boolean): boolean {
    if (this.#intervalMs === 0) return true;
    if (inView) this.#awakeUntil = capturedAt + AWAKE_MS;
    else if (!this.#stillness.still(picture)) {
      this.#stillness.remember();
      this.#awakeUntil = capturedAt + AWAKE_MS;
    }
    const awake = capturedAt < this.#awakeUntil;
    if (!awake && capturedAt - this.#lookedAt < this.#intervalMs) return false;
    if (!awake) this.#stillness.remember();
    this.#lookedAt = capturedAt;
    return true;
  }
}
