import type { DecisionConfig } from '../config/index.ts';
import type { Candidate } from '../gallery/types.ts';
import { Lockout } from './lockout.ts';
import type { Reason } from './reasons.ts';
import type { TrackState } from './track.ts';
import type { Case } from './types.ts';

/** Denials that count towards a lock-out, where the face comes near somebody enrolled: an identity is under attack. */
const FAILURES: ReadonlySet<Reason> = new Set<Reason>(['NOT_LIVE', 'FACE_FRAMED', 'UNSURE', 'ACTION_FAILED']);

/** Key of the lock-out of a whole place. */
const PLACE = 'place';

/** Whether a denial says that somebody tries to pass who must not. */
export function isFailure(reason: Reason): boolean {
  return FAILURES.has(reason);
}

/** What a door remembers beyond a track: whom it let in when, who is locked out, which cameras are not believed. Time is monotonic ms. */
export class DoorMemory {
  readonly #policy: DecisionConfig;
  readonly #grantedAt = new Map<string, number>();
  readonly #lockout: Lockout;
  readonly #distrusted = new Map<string, string>();

  constructor(policy: DecisionConfig) {
    this.#policy = policy;
    this.#lockout = new Lockout(policy.lockout);
  }

  granted(personId: string, now: number): void {
    const horizon = Math.max(this.#policy.authenticationIntervalMs, this.#policy.recognitionIntervalMs);
    for (const [id, at] of this.#grantedAt) {
      if (now - at > horizon) this.#grantedAt.delete(id);
    }
    this.#grantedAt.set(personId, now);
  }

  /** How long ago this candidate was let in; null where that was never, or is forgotten. */
  grantedAgoMs(best: Candidate | null, now: number): number | null {
    const at = best === null ? undefined : this.#grantedAt.get(best.personId);
    return at === undefined ? null : now - at;
  }

  /** Whether this candidate was let in so lately that it is the same visit. */
  grantedJustNow(best: Candidate | null, now: number): boolean {
    const agoMs = this.grantedAgoMs(best, now);
    return agoMs !== null && agoMs < this.#policy.recognitionIntervalMs;
  }

  /** End of the lock-out that holds for a candidate (or nobody); minus infinity without one. */
  lockoutEnd(best: Candidate | null): number {
    const person = best === null ? Number.NEGATIVE_INFINITY : this.#lockout.until(best.personId);
    return Math.max(person, this.#lockout.until(PLACE));
  }

  /**
   * Notes a denial; gives the end of the lock-out that it began, else null. One failure a track: somebody who stays before
   * the camera is not many.
   */
  denied(track: TrackState, c: Case, reason: Reason, now: number): number | null {
    const near = c.best !== null && c.best.score >= c.thresholds.match - c.thresholds.unsureBelowMatch;
    if (!isFailure(reason) || !near || track.counted || c.best === null) {
      return null;
    }
    track.counted = true;
    return this.#lockout.failed(this.#policy.lockout.scope === 'place' ? PLACE : c.best.personId, now);
  }

  /** Why the pictures of this camera are not believed from now on; null takes that back. */
  distrust(camera: string, why: string | null): void {
    if (why === null) this.#distrusted.delete(camera);
    else this.#distrusted.set(camera, why);
  }

  distrusted(camera: string): string | null {
    return this.#distrusted.get(camera) ?? null;
  }
}
