import { monotonicMs } from '../common/index.ts';
import type { SilentFace, SilentVerdict } from './api/index.ts';
import type { CallOptions } from './caller.ts';
import type { CloudClient } from './client.ts';
import { pictureHeader } from './picture-header.ts';
import type { CloudAnswer } from './run.ts';

/** The two calls that a question about a face needs; a `CloudClient` has them. */
export type FaceCalls = Pick<CloudClient, 'silentLiveness' | 'compare'>;

/** Pictures of a question, JPEG. */
export interface FaceQuestion {
  /** The face before the camera. */
  readonly live: Uint8Array;
  /** The stored picture of the person it may be. */
  readonly candidate: Uint8Array;
  /** That of the person it may be instead; null when that is not in question. */
  readonly runnerUp: Uint8Array | null;
}

export interface CallReport {
  readonly ms: number;
  readonly requestId: string | null;
  /** Why there is no answer; null with one. */
  readonly code: string | null;
}

/** What the cloud said; what was not asked is null. */
export interface FaceAnswer {
  readonly liveness: CallReport & { readonly verdict: SilentVerdict | null };
  readonly compare: (CallReport & { readonly score: number | null }) | null;
  readonly runnerUp: (CallReport & { readonly score: number | null }) | null;
}

export interface QuestionOptions extends Pick<CallOptions, 'signal' | 'permit'> {
  /** Monotonic milliseconds by which all calls together must be done. */
  readonly until: number;
  /** Score from which a comparison says yes: below it nobody else's picture is sent. */
  readonly compareThreshold: number;
}

/**
 * Is the face before the camera alive, and is it the candidate's? One after the other, and no call whose answer could
 * change nothing: a face that is not alive is compared with nobody, one that is not the candidate's with no runner-up.
 * Never rejects for what the network or the endpoint does.
 */
export async function askAboutFace(
  calls: FaceCalls,
  question: FaceQuestion,
  { until, compareThreshold, ...rest }: QuestionOptions,
): Promise<FaceAnswer> {
  const options = (): CallOptions => ({ ...rest, deadlineMs: Math.max(0, until - monotonicMs()) });
  const { live } = question;
  const found = await calls.silentLiveness({ picture: live }, options());
  const liveness = { ...reportOf(found), verdict: found.ok ? verdictOf(found.value.faces, live) : null };
  if (liveness.verdict !== 'live') return { liveness, compare: null, runnerUp: null };
  const compare = scoreOf(await calls.compare({ first: live, second: question.candidate }, options()));
  if (question.runnerUp === null || compare.score === null || compare.score < compareThreshold) {
    return { liveness, compare, runnerUp: null };
  }
  const runnerUp = scoreOf(await calls.compare({ first: live, second: question.runnerUp }, options()));
  return { liveness, compare, runnerUp };
}

function scoreOf(answer: CloudAnswer<{ readonly score: number }>): NonNullable<FaceAnswer['compare']> {
  return { ...reportOf(answer), score: answer.ok ? answer.value.score : null };
}

function reportOf(answer: CloudAnswer<unknown>): CallReport {
  return answer.ok
    ? { ms: answer.ms, requestId: answer.requestId, code: null }
    : { ms: answer.ms, requestId: answer.error.requestId, code: answer.error.code };
}

/**
 * The verdict on the face the picture was cut out for, which is in its middle. Any other face in it that is not alive
 * makes it unclear: somebody may be holding a picture there.
 */
function verdictOf(faces: readonly SilentFace[], picture: Uint8Array): SilentVerdict {
  const size = pictureHeader(picture);
  if (size === null || size === 'damaged') return 'unclear';
  const [x, y] = [size.width / 2, size.height / 2];
  const main = faces.find(
    ({ box }) => box.x <= x && x <= box.x + box.width && box.y <= y && y <= box.y + box.height,
  );
  if (main === undefined) return 'unclear';
  const allLive = faces.every(({ verdict }) => verdict === 'live');
  return main.verdict === 'live' && !allLive ? 'unclear' : main.verdict;
}
