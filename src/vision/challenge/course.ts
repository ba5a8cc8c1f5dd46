import { type ActionSample, type HeadAction, judgeActions } from '../actions.ts';
import type { ChallengeOrder, ChallengeOutcome, ChallengeResult, ChallengeStep, Figures } from './types.ts';

/** An action that is complete sooner than a person can react was not done because it was asked for. */
const REACTION_MS = 250;
/**
 * The longest time between two embeddings of the same face. Embeddings hold through turns of 45 degrees and a yawn
 * (cosine with the resting face 0.68 and 0.74 at least, on the clips of docs/reference/action-liveness.md), not in a
 * nod, which took 2.0 s there.
 */
const MAX_UNVERIFIED_MS = 2500;
/** A clip is not shorter than this, ms: the API takes none below 1 s. */
const RECORDED_MS = 1100;
/** A face that looks ahead: the closing, and where a turn begins. */
const AHEAD_DEGREES = 12;
const MOUTH_SHUT = 0.2;
/** A face turned further, or with an open mouth, is not what the liveness network was trained on. */
const JUDGED = { yaw: 30, mouth: 0.3 } as const;
/** Actions that nobody does by chance: one of them in place of the one asked for is a wrong answer. */
const DELIBERATE = ['openMouth', 'turnLeft', 'turnRight'] as const satisfies readonly HeadAction[];

/** One frame in which the face was seen. */
export interface CourseLook {
  /** Capture time, monotonic ms. */
  readonly at: number;
  /** As of `ActionObserver`; its own `at` is replaced. */
  readonly sample: ActionSample;
  /** Cosine with the track's face so far; null where no embedding could be had. */
  readonly likeness: number | null;
  /** 0..1; null where it was not judged. */
  readonly liveness: number | null;
  /** The face passed the quality gate, and was told as a sighting. */
  readonly recognised: boolean;
}

/**
 * How a challenge goes, frame by frame: which action was seen when, and whether it was one face all the way. Pure:
 * no clock, no picture.
 */
export class Course {
  readonly order: ChallengeOrder;
  readonly #camera: string;
  readonly #orderedAt: number;
  #samples: ActionSample[] = [];
  /** Samples before this one count no more: they show an action done too soon. */
  #judgedFrom = 0;
  #beganAt: number | null = null;
  #lastAt = 0;
  #verifiedAt = 0;
  #unverifiedMs = 0;
  #actionAfterMs: number | null = null;
  #closingLooks = 0;
  #liveness: number[] = [];
  #likeness: number[] = [];
  #outcome: ChallengeOutcome | null = null;

  /** `orderedAt`: monotonic ms; the time allowed runs from there until a first frame comes. */
  constructor(order: ChallengeOrder, camera: string, orderedAt: number) {
    this.order = order;
    this.#camera = camera;
    this.#orderedAt = orderedAt;
  }

  /** Null while it goes on. */
  get outcome(): ChallengeOutcome | null {
    return this.#outcome;
  }

  /** Takes a frame in; tells a step that was reached with it. Frames captured before the order show no answer to it. */
  look({ at, sample, likeness, liveness, recognised }: CourseLook): ChallengeStep | null {
    if (this.#outcome !== null || at < this.#orderedAt) return null;
    const first = this.#beganAt === null;
    this.#beganAt ??= at;
    if (first) this.#verifiedAt = at;
    this.#lastAt = at;
    this.#samples.push({ ...sample, at: (at - this.#beganAt) / 1000 });
    if (liveness !== null && isStraight(sample)) this.#liveness.push(liveness);
    this.#verify(at, likeness);
    const before = this.#actionAfterMs;
    this.#judge(at, sample, recognised);
    this.#expire(at);
    if (first) return 'begun';
    return before === null && this.#actionAfterMs !== null ? 'actionSeen' : null;
  }

  /** The track has ended: its face left (`gone`), or another may have come into it. */
  trackEnded(cause: 'gone' | 'ambiguous' | 'split'): void {
    this.#outcome ??= cause === 'gone' ? 'faceLost' : 'faceChanged';
  }

  /** Time without frames; `now` is monotonic ms. */
  expire(now: number): void {
    if (this.#outcome !== null) return;
    if (this.#beganAt === null) {
      if (now - this.#orderedAt >= this.order.durationMs) this.#outcome = 'faceLost';
    } else this.#expire(now);
  }

  /** Nobody waits for it any more, or it cannot be watched. */
  abandon(): void {
    this.#outcome ??= 'unavailable';
  }

  /** What was seen; `clip`: whether a clip, or why there is none, will follow. */
  result(clip: boolean): ChallengeResult {
    const { id, track, action } = this.order;
    return {
      camera: this.#camera,
      challenge: id,
      track,
      action,
      outcome: this.#outcome ?? 'notSeen',
      tookMs: this.#beganAt === null ? 0 : this.#lastAt - this.#beganAt,
      actionAfterMs: this.#actionAfterMs,
      seen: judgeActions(this.#samples),
      liveness: figuresOf(this.#liveness),
      likeness: figuresOf(this.#likeness),
      unverifiedMs: this.#unverifiedMs,
      samples: this.#samples.map(rounded),
      clip,
    };
  }

  /** A `likeness` below the bar never comes here: it has ended the track. */
  #verify(at: number, likeness: number | null): void {
    this.#unverifiedMs = Math.max(this.#unverifiedMs, at - this.#verifiedAt);
    if (this.#unverifiedMs > MAX_UNVERIFIED_MS) this.#outcome = 'faceChanged';
    if (likeness === null) return;
    this.#verifiedAt = at;
    this.#likeness.push(likeness);
  }

  #judge(at: number, sample: ActionSample, recognised: boolean): void {
    if (this.#outcome !== null || this.#beganAt === null) return;
    if (this.#actionAfterMs !== null) {
      if (recognised && Math.abs(sample.yaw) <= AHEAD_DEGREES && isStraight(sample)) this.#closingLooks++;
      const long = !this.order.record || at - this.#beganAt >= RECORDED_MS;
      if (this.#closingLooks >= this.order.closing && long) this.#outcome = 'seen';
      return;
    }
    const { action } = this.order;
    const seen = judgeActions(fromRest(this.#samples.slice(this.#judgedFrom), action));
    if (DELIBERATE.some((other) => other !== action && seen[other])) this.#outcome = 'wrongAction';
    else if (!seen[action]) return;
    else if (at - this.#beganAt >= REACTION_MS) this.#actionAfterMs = at - this.#beganAt;
    else this.#judgedFrom = this.#samples.length;
  }

  #expire(now: number): void {
    if (this.#beganAt !== null && now - this.#beganAt >= this.order.durationMs) this.#outcome ??= 'notSeen';
  }
}

/** The samples from the first on that shows the face at rest: what was turned or open before it was asked is no answer. */
function fromRest(samples: readonly ActionSample[], action: HeadAction): readonly ActionSample[] {
  const atRest = (sample: ActionSample): boolean =>
    Math.abs(sample.yaw) <= AHEAD_DEGREES && (action !== 'openMouth' || sample.mouthOpening <= MOUTH_SHUT);
  const first = samples.findIndex(atRest);
  return first < 0 ? [] : samples.slice(first);
}

function isStraight({ yaw, mouthOpening }: ActionSample): boolean {
  return Math.abs(yaw) <= JUDGED.yaw && mouthOpening <= JUDGED.mouth;
}

function figuresOf(values: readonly number[]): Figures | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, lowest: Math.min(...values), frames: values.length };
}

/** Three digits say all that the rules look at. */
function rounded(sample: ActionSample): ActionSample {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    at: round(sample.at),
    yaw: round(sample.yaw),
    pitch: round(sample.pitch),
    headPitch: round(sample.headPitch),
    eyeOpening: round(sample.eyeOpening),
    eyesClosed: round(sample.eyesClosed),
    mouthOpening: round(sample.mouthOpening),
  };
}
