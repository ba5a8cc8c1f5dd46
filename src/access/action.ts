import type { Candidate } from '../gallery/types.ts';
import type { ChallengeResult, HeadAction } from '../vision/client.ts';
import type { ActionRecord, ActionReport } from './record-action.ts';
import type { ActionCase, ActionPolicy, Case, Verdict } from './types.ts';

/** Beyond its time limit: to reach the vision process, a first frame, and to be told. */
const SLACK_MS = 1500;
/** Beyond the cloud's deadline: to make the clip. */
const CLIP_MS = 2500;
/** An action that was done counts for the attempt it was demanded in, and no longer than this. */
const VALID_MS = 5000;

/** Something a person must do before the door opens, for the gate to carry out. */
export interface ActionInquiry {
  readonly kind: 'action';
  readonly id: string;
  readonly camera: string;
  readonly track: string;
  readonly action: HeadAction;
  readonly candidate: Candidate;
  readonly timeLimitMs: number;
  /** Frames afterwards in which the face must look ahead. */
  readonly closing: number;
  /** Monotonic milliseconds; what comes later counts for nothing. */
  readonly until: number;
}

/** What the device makes of an action by itself. */
export type LocalVerdict = 'yes' | 'no' | 'unsure';

/**
 * The device's own verdict. A clear yes was seen with a liveness beyond doubt; unsure is what was seen with less, or
 * not seen of a face that lives and stayed the same: somebody may have done it too weakly for the device.
 */
export function judgeLocally(
  result: Pick<ChallengeResult, 'outcome' | 'liveness'>,
  { minLiveness, sureLiveness }: ActionCase['policy'],
): LocalVerdict {
  const mean = result.liveness?.mean ?? 0;
  if (mean < minLiveness) return 'no';
  if (result.outcome === 'notSeen') return 'unsure';
  if (result.outcome !== 'seen') return 'no';
  return mean >= sureLiveness ? 'yes' : 'unsure';
}

/** Whether the cloud is to judge the clip of this result. */
export function asksCloud(
  result: Pick<ChallengeResult, 'outcome' | 'liveness'>,
  policy: ActionCase['policy'],
): boolean {
  const local = judgeLocally(result, policy);
  if (policy.cloud === 'never' || local === 'no') return false;
  return policy.cloud === 'always' ? result.outcome === 'seen' : local === 'unsure';
}

/** The rule of a demand: nothing opens before it was met. Null where none is, or it was. */
export function judgeDemand({ action }: Case): Omit<Verdict, 'rule'> | null {
  return action === null || action.report !== null
    ? null
    : {
        verdict: 'deny',
        reason: 'ACTION_FAILED',
        detail: `an action was demanded (${action.why}) and not done`,
      };
}

/** The rule of an answer: the action was done, by this person, alive. Null when it was, or there is no answer. */
export function judgeAction({ action, best }: Case): Omit<Verdict, 'rule'> | null {
  if (action === null || action.report === null) return null;
  const { result, cloud, failure } = action.report;
  const asked = `${action.asked} was asked for`;
  const deny = (detail: string): Omit<Verdict, 'rule'> => ({
    verdict: 'deny',
    reason: 'ACTION_FAILED',
    detail: `${asked}: ${detail}`,
  });
  if (result === null) return deny(failure ?? 'nothing was told of it');
  if (result.outcome === 'unavailable') {
    const detail = `${asked}, and the camera cannot watch for it now`;
    return { verdict: 'deny', reason: 'ACTION_UNAVAILABLE', detail };
  }
  if (action.personId !== best?.personId) return deny('of another candidate');
  if (judgeLocally(result, action.policy) === 'no') return deny(NOT_DONE[result.outcome] ?? notAlive(action));
  if (!asksCloud(result, action.policy)) return result.outcome === 'seen' ? null : deny('not seen in time');
  if (cloud === null) return deny(`the cloud was to judge it, and was not asked: ${failure ?? 'no clip'}`);
  if (cloud.live === null || cloud.detected === null) {
    return deny(`the cloud gave no answer (${cloud.code ?? 'unknown'})`);
  }
  if (!cloud.live) return deny('the cloud sees no living face in the clip');
  return cloud.detected ? null : deny('the cloud does not see it in the clip');
}

const NOT_DONE: Readonly<Partial<Record<ChallengeResult['outcome'], string>>> = {
  wrongAction: 'another was seen first',
  faceChanged: 'it could not be shown that one face did it',
  faceLost: 'the face, or the camera, was lost',
};

function notAlive({ report, policy }: ActionCase): string {
  const mean = report?.result?.liveness?.mean ?? 0;
  return `mean liveness ${mean.toFixed(3)} meanwhile is below ${policy.minLiveness.toFixed(3)}`;
}

/** The one action of an attempt: open until it is reported or its time is up. */
export class OpenAction {
  readonly inquiry: ActionInquiry;
  readonly #policy: ActionPolicy;
  readonly #why: string;
  readonly #openedAt: number;
  #taken = false;
  #report: ActionReport | null = null;
  #reportedAt = 0;

  constructor(
    about: Pick<ActionInquiry, 'id' | 'camera' | 'track' | 'action' | 'candidate' | 'closing'>,
    policy: ActionPolicy,
    why: string,
    now: number,
  ) {
    const cloudMs = policy.cloud === 'never' ? 0 : policy.cloudDeadlineMs + CLIP_MS;
    const { timeLimitMs } = policy;
    this.inquiry = { kind: 'action', ...about, timeLimitMs, until: now + timeLimitMs + SLACK_MS + cloudMs };
    this.#policy = policy;
    this.#why = why;
    this.#openedAt = now;
  }

  take(): ActionInquiry | null {
    if (this.#taken) return null;
    this.#taken = true;
    return this.inquiry;
  }

  /** Takes what came of it in, once and in time. */
  answer(report: ActionReport, now: number): void {
    if (this.#report !== null || now > this.inquiry.until) return;
    this.#report = report;
    this.#reportedAt = now;
  }

  isWaiting(now: number): boolean {
    return this.#report === null && now <= this.inquiry.until;
  }

  /** Done a moment ago: fresh frames may still be on their way. */
  isRecent(now: number): boolean {
    return this.#report !== null && now - this.#reportedAt <= VALID_MS;
  }

  /** As the rules judge it; an old answer is none. */
  case(now: number): ActionCase {
    return {
      why: this.#why,
      policy: this.#policy,
      asked: this.inquiry.action,
      personId: this.inquiry.candidate.personId,
      report: this.isRecent(now) ? this.#report : null,
    };
  }

  record(now: number): ActionRecord {
    const { minLiveness, sureLiveness, timeLimitMs, cloud } = this.#policy;
    const report = this.#report;
    return {
      demanded: true,
      why: this.#why,
      asked: this.inquiry.action,
      result: report?.result == null ? null : summaryOf(report.result),
      local: report?.result == null ? null : judgeLocally(report.result, this.#policy),
      clip: report?.clip ?? null,
      cloud: report?.cloud ?? null,
      failure: report?.failure ?? (report === null ? 'nothing was told of it in time' : null),
      ms: (report === null ? now : this.#reportedAt) - this.#openedAt,
      thresholds: { minLiveness, sureLiveness, timeLimitMs, cloud },
    };
  }
}

/** The samples in brief: how far each figure went. */
function summaryOf(result: ChallengeResult): NonNullable<ActionRecord['result']> {
  const { outcome, tookMs, actionAfterMs, seen, liveness, likeness, unverifiedMs, samples } = result;
  const range = (pick: (sample: ChallengeResult['samples'][number]) => number) =>
    samples.length === 0
      ? null
      : { from: Math.min(...samples.map(pick)), to: Math.max(...samples.map(pick)) };
  return {
    ...{ outcome, tookMs, actionAfterMs, seen: { ...seen }, liveness, likeness, unverifiedMs },
    samples: {
      frames: samples.length,
      yaw: range(({ yaw }) => yaw),
      pitch: range(({ pitch }) => pitch),
      headPitch: range(({ headPitch }) => headPitch),
      eyeOpening: range(({ eyeOpening }) => eyeOpening),
      eyesClosed: range(({ eyesClosed }) => eyesClosed),
      mouthOpening: range(({ mouthOpening }) => mouthOpening),
    },
  };
}
