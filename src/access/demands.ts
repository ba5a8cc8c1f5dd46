import type { DecisionConfig } from '../config/index.ts';
import type { Candidate } from '../gallery/types.ts';
import type { HeadAction } from '../vision/client.ts';
import { type ActionInquiry, OpenAction } from './action.ts';
import type { ActionCase } from './types.ts';

/** Whoever is asked for a PIN or a second person next does not have to do an action again meanwhile. */
const ACTED_MS = 30_000;

/** Failed attempts of a door that are remembered; as many as `afterFailures` may be. */
const MAX_FAILURES = 100;

/** Picks one of the actions that may be demanded, so that nobody can foresee it. */
export type PickAction = (actions: readonly HeadAction[]) => HeadAction;

/** The actions of one track: the one of this attempt, and who has done one in an earlier attempt. */
export interface TrackActions {
  open: OpenAction | null;
  done: { readonly personId: string; readonly at: number } | null;
}

/** Whether an action is demanded at one door: by the policy, and by what has failed there. Time is monotonic ms. */
export class Demands {
  readonly #door: string;
  readonly #policy: DecisionConfig;
  readonly #pick: PickAction | undefined;
  #failures: number[] = [];

  constructor(door: string, policy: DecisionConfig, pick: PickAction | undefined) {
    this.#door = door;
    this.#policy = policy;
    this.#pick = pick;
  }

  /** An attempt has failed at this door. */
  failed(now: number): void {
    this.#failures = [...this.#recent(now), now].slice(-MAX_FAILURES);
  }

  /** What the rules know of an action of this track: why one is demanded, and what came of it. */
  of(track: TrackActions, best: Candidate | null, scheduled: boolean, now: number): ActionCase | null {
    if (track.open !== null) {
      return track.open.case(now);
    }
    const { done } = track;
    const why = this.#why(scheduled, now);
    if (why === null || (done !== null && done.personId === best?.personId && now - done.at < ACTED_MS)) {
      return null;
    }
    return { why, policy: this.#policy.actionLiveness, asked: null, personId: null, report: null };
  }

  /** The demand that was found, with an action; null where none can be picked. */
  open(
    about: Pick<ActionInquiry, 'id' | 'camera' | 'track' | 'candidate'>,
    why: string,
    now: number,
  ): OpenAction | null {
    if (this.#pick === undefined) {
      return null;
    }
    const { actionLiveness, minFrames: closing } = this.#policy;
    const action = this.#pick(actionLiveness.actions);
    return new OpenAction({ ...about, action, closing }, actionLiveness, why, now);
  }

  #why(scheduled: boolean, now: number): string | null {
    const { doors, schedule, afterFailures } = this.#policy.actionLiveness;
    if (!doors.includes(this.#door)) {
      return null;
    }
    if (scheduled) {
      return `the schedule ${schedule} holds at this door`;
    }
    const failures = this.#recent(now).length;
    return afterFailures !== undefined && failures >= afterFailures
      ? `${failures} attempts failed at this door a moment ago`
      : null;
  }

  #recent(now: number): number[] {
    return this.#failures.filter((at) => now - at < this.#policy.lockout.windowMs);
  }
}
