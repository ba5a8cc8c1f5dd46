import type { DecisionConfig } from '../config/index.ts';
import type { Demands } from './demands.ts';
import type { DoorMemory } from './door-memory.ts';
import { OpenInquiry, reasonsToAsk } from './inquiry.ts';
import { rest, type TrackState } from './track.ts';
import type { Case, DecisionContext, Verdict } from './types.ts';

interface Parts {
  readonly policy: DecisionConfig;
  readonly context: DecisionContext;
  readonly demands: Demands;
  readonly memory: DoorMemory;
}

interface Judged {
  readonly track: TrackState;
  readonly c: Case;
  readonly verdict: Verdict;
  /** Ids of those candidates who have consented to the cloud. */
  readonly consented: readonly string[];
  readonly now: number;
}

/** Whether a verdict must wait for what only the outside can find out, an action or an answer of the cloud; opens these questions. */
export class FurtherEvidence {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  isAwaited(judged: Judged): boolean {
    return this.#actionAwaited(judged) || this.#answerAwaited(judged);
  }

  /**
   * Whether a verdict waits for an action: a grant until the one that is demanded was done, and every verdict but that
   * on another face while it is going on, because a face that turns or opens its mouth is no picture to judge by.
   * Where the cloud is to be asked about the face as well, the action comes first: its frames are the newer ones.
   */
  #actionAwaited({ track, c, verdict, consented, now }: Judged): boolean {
    if (c.ended || c.action === null || verdict.reason === 'INCONSISTENT_TRACK') {
      return false;
    }
    const { policy, context, demands, memory } = this.#parts;
    const { open } = track.actions;
    if (open !== null) {
      const passed = open.isRecent(now) && (verdict.rule === 'unsure' || verdict.reason === 'STALE_FRAME');
      // Just after the action: clearer frames may come, as they may at first.
      return open.isWaiting(now) || (passed && c.agesMs.length < policy.maxFrames);
    }
    const askable = verdict.rule === 'unsure' && 'reasons' in reasonsToAsk(c, consented);
    if (c.best === null || !(verdict.rule === 'action-demanded' || askable)) {
      return false;
    }
    if (memory.grantedJustNow(c.best, now)) {
      rest(track, now + policy.recognitionIntervalMs);
      return true;
    }
    const about = {
      id: context.newId(),
      camera: track.last.camera,
      track: track.id,
      candidate: c.best,
    };
    track.actions.open = demands.open(about, c.action.why, now);
    return track.actions.open !== null;
  }

  /**
   * Whether a verdict waits for the cloud: an unsure one while a question is open (which it opens, once an attempt,
   * where an answer could help), and one about old frames while a new answer waits for fresh ones. Nothing waits for a
   * face that has left, but the record of an unsure one tells why nothing was asked about it.
   */
  #answerAwaited({ track, c, verdict, consented, now }: Judged): boolean {
    if (verdict.reason === 'STALE_FRAME') {
      return !c.ended && c.cloud !== null;
    }
    if (verdict.rule !== 'unsure') {
      return false;
    }
    if (track.inquiry === null) {
      this.#inquire(track, c, consented, now);
    }
    return !c.ended && (track.inquiry?.isWaiting(now) ?? false);
  }

  #inquire(track: TrackState, c: Case, consented: readonly string[], now: number): void {
    const { policy, memory } = this.#parts;
    const found = reasonsToAsk(c, consented);
    if ('whyNot' in found || c.best === null || memory.grantedJustNow(c.best, now)) {
      track.whyNotAsked = 'whyNot' in found ? found.whyNot : 'this person was granted a moment ago';
      return;
    }
    const { reasons } = found;
    const runnerUp = reasons.includes('margin') ? c.second : null;
    const about = { camera: track.last.camera, track: track.id, reasons, candidate: c.best, runnerUp };
    track.inquiry = new OpenInquiry(about, policy.escalation, track.evidence, now);
  }
}
