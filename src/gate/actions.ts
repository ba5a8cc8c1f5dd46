import { type ActionInquiry, type ActionPolicy, type ActionReport, asksCloud } from '../access/index.ts';
import type { CloudClient } from '../cloud/index.ts';
import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import { type Prompter, promptForAction } from '../console/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type {
  ChallengeClip,
  ChallengeOrder,
  ChallengeProgress,
  ChallengeResult,
  ClipMissing,
} from '../vision/client.ts';

/** A prompt stands this much longer than the time it tells of, so that the page is not empty before the result. */
const PROMPT_SLACK_MS = 1000;

export interface ActionParts {
  readonly door: string;
  readonly policy: ActionPolicy;
  readonly gallery: Pick<Gallery, 'follow' | 'get'>;
  /** Null where no cloud is configured. */
  readonly cloud: Pick<CloudClient, 'actionLiveness'> | null;
  readonly prompts: Pick<Prompter, 'show'>;
  readonly log: Logger;
  /** Has a camera's vision process watch for an action, or takes that back. */
  readonly challenge: (camera: string, order: ChallengeOrder) => void;
  readonly cancel: (camera: string, challenge: string) => void;
  /** Hands in what came of an action. */
  readonly answer: (inquiry: ActionInquiry, report: ActionReport) => void;
}

interface Running {
  readonly inquiry: ActionInquiry;
  readonly stop: AbortController;
  readonly timer: NodeJS.Timeout;
  result: ChallengeResult | null;
  clip: ActionReport['clip'];
}

/**
 * Carries out the actions demanded at one door: tells the person what to do, has the camera watch, lets the cloud
 * judge the clip where that is configured, hands the answer in. Nobody else waits for it.
 */
export class Actions {
  readonly #parts: ActionParts;
  /** By track. */
  readonly #running = new Map<string, Running>();

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  begin(inquiry: ActionInquiry): void {
    const { door, policy, prompts, challenge } = this.#parts;
    this.drop(inquiry.track);
    const left = Math.max(0, inquiry.until - monotonicMs());
    const running: Running = {
      inquiry,
      stop: new AbortController(),
      timer: setTimeout(() => this.#finish(running, null, 'nothing was told of it in time'), left),
      ...{ result: null, clip: null },
    };
    this.#running.set(inquiry.track, running);
    const { id, camera, track, action, timeLimitMs: durationMs, closing } = inquiry;
    prompts.show(door, promptForAction(action), durationMs + PROMPT_SLACK_MS);
    challenge(camera, { id, track, action, durationMs, closing, record: policy.cloud !== 'never' });
  }

  progress({ challenge, step }: ChallengeProgress): void {
    const running = this.#byId(challenge);
    if (running === null || step !== 'actionSeen') return;
    this.#parts.prompts.show(this.#parts.door, 'LOOK_AHEAD', running.inquiry.timeLimitMs);
  }

  result(result: ChallengeResult): void {
    const running = this.#byId(result.challenge);
    if (running === null || running.result !== null) return;
    const { track, action } = running.inquiry;
    const { policy, cloud, door, prompts } = this.#parts;
    if (result.track !== track || result.action !== action) {
      this.#finish(running, null, 'the camera watched for something else');
      return;
    }
    running.result = result;
    if (cloud === null || !asksCloud(result, policy)) this.#finish(running, null, null);
    else if (!result.clip) this.#finish(running, null, 'no clip was made');
    else prompts.show(door, 'WAIT', policy.cloudDeadlineMs + PROMPT_SLACK_MS);
  }

  noClip({ challenge, fault }: ClipMissing): void {
    const running = this.#byId(challenge);
    if (running === null || running.result === null) return;
    running.clip = { fault };
    this.#finish(running, null, `no clip was made: ${fault}`);
  }

  clip({ challenge, mp4 }: ChallengeClip): void {
    const running = this.#byId(challenge);
    if (running === null || running.result === null || running.clip !== null) return;
    running.clip = { bytes: mp4.length };
    this.#ask(running, mp4).catch((error: unknown) => {
      this.#parts.log.error({ challenge, err: messageOf(error) }, 'the cloud could not be asked');
      this.#finish(running, null, 'the cloud could not be asked');
    });
  }

  /** The attempt, or the track, is over. */
  drop(track: string): void {
    const running = this.#running.get(track);
    if (running === undefined) return;
    this.#end(running);
    if (running.result === null) this.#parts.cancel(running.inquiry.camera, running.inquiry.id);
  }

  async #ask(running: Running, clip: Uint8Array): Promise<void> {
    const { cloud, gallery, policy } = this.#parts;
    const { action, candidate, until } = running.inquiry;
    // Read from the file each time, because another process may have taken the consent back a moment ago.
    const permit = (): boolean => {
      gallery.follow();
      return gallery.get(candidate.personId)?.consent.cloud === true;
    };
    if (cloud === null) return;
    if (!permit()) return this.#finish(running, null, 'this person has not consented to the cloud');
    const deadlineMs = Math.min(policy.cloudDeadlineMs, Math.max(0, until - monotonicMs()));
    const answer = await cloud.actionLiveness(
      { clip, action },
      { deadlineMs, permit, signal: running.stop.signal },
    );
    const { ms } = answer;
    const said = answer.ok
      ? {
          ...{ ms, requestId: answer.requestId, code: null },
          ...{ live: answer.value.live, detected: answer.value.detected },
        }
      : { ms, requestId: answer.error.requestId, code: answer.error.code, live: null, detected: null };
    this.#finish(running, said, null);
  }

  #finish(running: Running, cloud: ActionReport['cloud'], failure: string | null): void {
    const { inquiry, result, clip } = running;
    if (this.#running.get(inquiry.track) !== running) return;
    this.drop(inquiry.track);
    this.#parts.answer(inquiry, { result, clip, cloud, failure });
  }

  #end({ inquiry, timer, stop }: Running): void {
    this.#running.delete(inquiry.track);
    clearTimeout(timer);
    stop.abort();
  }

  #byId(challenge: string): Running | null {
    return [...this.#running.values()].find(({ inquiry }) => inquiry.id === challenge) ?? null;
  }
}
