import type { QualityReport } from './types.ts';

/** A face this much better than the best recognised so far is recognised before its time (quality score, 0..1). */
const BETTER = 0.1;
/** A face this much better than the one in the record gets a new picture. */
const BETTER_CROP = 0.1;
/** A face that stays below the quality gate is told this often, ms. */
const BELOW_GATE_EVERY_MS = 1000;
/** A face passed over this many times goes before larger ones. */
const PATIENCE = 3;

export interface RecognisePolicy {
  /** First good frames of a track that are all recognised. */
  readonly burst: number;
  /** Time between recognitions afterwards, ms. */
  readonly intervalMs: number;
}

/** Decides which frames of one track are worth looking at. Times are monotonic ms. */
export class Attention {
  readonly #policy: RecognisePolicy;
  #recognised = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #best = 0;
  #cropScore: number | null = null;
  #failing = '';
  #failingToldAt = Number.NEGATIVE_INFINITY;
  #settledUntil = Number.NEGATIVE_INFINITY;
  #passedOver = 0;

  constructor(policy: RecognisePolicy) {
    this.#policy = policy;
  }

  /** No recognition is wanted before `until`; minus infinity takes that back. */
  settle(until: number): void {
    this.#settledUntil = until;
  }

  settled(at: number): boolean {
    return at < this.#settledUntil;
  }

  /** Whether this frame needs landmarks at all. A settled track is looked at only to settle a doubt. */
  wanted(at: number, doubt: boolean): boolean {
    return !this.settled(at) || (doubt && this.#intervalOver(at));
  }

  /** Whether a face above the gate is recognised in this frame. */
  due(at: number, quality: QualityReport): boolean {
    if (this.#recognised < this.#policy.burst || this.#intervalOver(at)) return true;
    return quality.score > this.#best + BETTER;
  }

  /** Whether a face below the gate is told: at once when the failed gates change, else once a second. */
  tellBelowGate(at: number, quality: QualityReport): boolean {
    const failing = quality.failed.join();
    if (failing === this.#failing && at - this.#failingToldAt < BELOW_GATE_EVERY_MS) return false;
    this.#failing = failing;
    this.#failingToldAt = at;
    return true;
  }

  /** The face was recognised; answers whether its picture should go into the record. */
  recognised(at: number, quality: QualityReport): boolean {
    this.#recognised++;
    this.#checkedAt = at;
    this.#failing = '';
    this.#best = Math.max(this.#best, quality.score);
    if (this.#cropScore !== null && quality.score <= this.#cropScore + BETTER_CROP) return false;
    this.#cropScore = quality.score;
    return true;
  }

  /** The next recognised frame gets a picture, however good it is. */
  wantPicture(): void {
    this.#cropScore = null;
  }

  /** The embedding was compared, without a sighting. */
  checked(at: number): void {
    this.#checkedAt = at;
  }

  /** The face was not looked at, because the time of the frame was used up. */
  passOver(): void {
    this.#passedOver++;
  }

  /** The face is looked at. */
  look(): void {
    this.#passedOver = 0;
  }

  get urgent(): boolean {
    return this.#passedOver >= PATIENCE;
  }

  #intervalOver(at: number): boolean {
    return at - this.#checkedAt >= this.#policy.intervalMs;
  }
}
