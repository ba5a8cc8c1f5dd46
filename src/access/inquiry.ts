import type { Candidate } from '../gallery/types.ts';
import { doubtsOf, reasonToAsk } from './doubts.ts';
import { cosine } from './evidence.ts';
import type { CloudRecord, CloudReport } from './record.ts';
import type { Case, CloudEvidence, EscalationPolicy, EscalationReason, Evidence } from './types.ts';

/** Frames whose embedding is kept while a question is open; more never come within its deadline. */
const MAX_FRAMES = 150;

/** After the deadline the gate is given this long to say what became of the question; it opens nothing any more. */
const REPORT_MS = 200;

/** A question to the cloud about an unsure track, for the gate to carry out. */
export interface CloudInquiry {
  readonly kind: 'cloud';
  readonly camera: string;
  readonly track: string;
  /** What is in doubt. */
  readonly reasons: readonly EscalationReason[];
  readonly candidate: Candidate;
  /** To be compared as well; null unless the margin is in doubt. */
  readonly runnerUp: Candidate | null;
  /** Frames of the evidence so far, oldest first; the picture asked about is one of these or a later one. */
  readonly frames: readonly { readonly seq: number; readonly capturedAt: number }[];
  /** Monotonic milliseconds; an answer that comes later counts for nothing. */
  readonly until: number;
}

/** Further evidence that a track needs before it can be concluded; the gate carries it out while sightings go on. */
export type Inquiry = CloudInquiry;

/**
 * Why the cloud is not asked about an unsure case, or the reasons to ask it. `consented`: ids of those candidates who
 * have consented to the cloud.
 */
export function reasonsToAsk(
  c: Case,
  consented: readonly string[],
): { readonly reasons: readonly EscalationReason[] } | { readonly whyNot: string } {
  if (c.escalation === null) return { whyNot: 'no cloud is configured' };
  if (c.escalation.reasons.length === 0) return { whyNot: 'the configuration names no reason to ask' };
  const reasons = new Set<EscalationReason>();
  for (const doubt of doubtsOf(c)) {
    const reason = reasonToAsk(c, doubt);
    if (reason === null) return { whyNot: `no answer would settle this: ${doubt.text}` };
    reasons.add(reason);
  }
  if (c.best === null || !consented.includes(c.best.personId)) {
    return { whyNot: 'the best candidate has not consented to the cloud' };
  }
  if (reasons.has('margin') && (c.second === null || !consented.includes(c.second.personId))) {
    return { whyNot: 'the runner-up has not consented to the cloud, so the margin could not be settled' };
  }
  if (c.authenticatedAgoMs !== null) return { whyNot: 'this person was granted a moment ago' };
  if (c.ended) return { whyNot: 'the face was no longer seen' };
  const newest = c.agesMs.at(-1) ?? Number.POSITIVE_INFINITY;
  return newest > c.thresholds.maxFrameAgeMs ? { whyNot: 'no frame is fresh' } : { reasons: [...reasons] };
}

/** The one question of an attempt: open until its answer or its deadline. */
export class OpenInquiry {
  readonly inquiry: CloudInquiry;
  readonly #policy: EscalationPolicy;
  readonly #openedAt: number;
  readonly #vectors = new Map<number, { vector: Float32Array; capturedAt: number }>();
  #taken = false;
  #report: CloudReport | null = null;
  #reportedAt = 0;

  constructor(
    about: Omit<CloudInquiry, 'kind' | 'frames' | 'until'>,
    policy: EscalationPolicy,
    frames: readonly Evidence[],
    now: number,
  ) {
    this.inquiry = {
      kind: 'cloud',
      ...about,
      frames: frames.map(({ frame: { seq, capturedAt } }) => ({ seq, capturedAt })),
      until: now + policy.deadlineMs,
    };
    this.#policy = policy;
    this.#openedAt = now;
    for (const frame of frames) this.see(frame);
  }

  /** The question; once, for whoever carries it out. */
  take(): Inquiry | null {
    if (this.#taken) return null;
    this.#taken = true;
    return this.inquiry;
  }

  /** Further evidence of the track: its picture may be the one that is asked about. */
  see({ frame, embedding }: Evidence): void {
    if (this.#vectors.size >= MAX_FRAMES) return;
    this.#vectors.set(frame.seq, { vector: embedding.vector, capturedAt: frame.capturedAt });
  }

  /** Takes the answer in, once. What comes after the deadline is recorded and counts for nothing. */
  answer(report: CloudReport, now: number): void {
    if (this.#report !== null) return;
    this.#report = report;
    this.#reportedAt = now;
  }

  /** No answer yet, and time left for one, or to be told why there is none. */
  isWaiting(now: number): boolean {
    return this.#report === null && now <= this.inquiry.until + REPORT_MS;
  }

  /** Everything that was asked was answered. */
  get isAnswered(): boolean {
    const report = this.#report;
    if (report?.liveness?.verdict == null || this.#isLate) return false;
    // A verdict other than live ends the matter; nobody is compared then.
    if (report.liveness.verdict !== 'live') return true;
    if (report.compare?.score == null) return false;
    return report.runnerUp === null || report.runnerUp.score !== null;
  }

  /** The answer, as the rules judge it together with the frames of now; null while there is none, or it is older than `validMs`. */
  evidence(frames: readonly Evidence[], now: number, validMs: number): CloudEvidence | null {
    const report = this.#report;
    if (report === null || this.#isLate || now - this.#reportedAt > validMs) return null;
    const { candidate, runnerUp } = this.inquiry;
    return {
      personId: candidate.personId,
      runnerUpId: runnerUp?.personId ?? null,
      liveness: report.liveness?.verdict ?? null,
      score: report.compare?.score ?? null,
      runnerUpScore: report.runnerUp?.score ?? null,
      consistency: this.#consistency(frames),
    };
  }

  /** What the record tells of it. `rule`: the rule that decided. */
  record(frames: readonly Evidence[], now: number, rule: string): CloudRecord {
    const report = this.#report;
    const asked = this.#vectors.get(report?.seq ?? Number.NaN);
    const policy = this.#policy;
    return {
      asked: report === null ? this.#taken : report.liveness !== null,
      why:
        report === null ? 'no answer was waited for any longer' : (report.failure ?? 'the device was unsure'),
      inquiry: {
        reasons: [...this.inquiry.reasons],
        picture:
          report === null || report.seq === null || asked === undefined
            ? null
            : {
                seq: report.seq,
                ageMs: now - asked.capturedAt,
                consistency: this.#consistency(frames),
              },
        liveness: report?.liveness ?? null,
        compare: report?.compare ?? null,
        runnerUp: report?.runnerUp ?? null,
        ms: (report === null ? now : this.#reportedAt) - this.#openedAt,
        rule,
        thresholds: {
          compare: policy.compareThreshold,
          compareLead: policy.compareLead,
          pictureConsistency: policy.pictureConsistency,
          scoreBand: policy.scoreBand,
          marginBand: policy.marginBand,
          livenessBand: policy.livenessBand,
          deadlineMs: policy.deadlineMs,
        },
      },
    };
  }

  get #isLate(): boolean {
    return this.#reportedAt > this.inquiry.until;
  }

  #consistency(frames: readonly Evidence[]): number | null {
    const asked = this.#vectors.get(this.#report?.seq ?? Number.NaN);
    if (asked === undefined || frames.length === 0) return null;
    return Math.min(...frames.map(({ embedding }) => cosine(asked.vector, embedding.vector)));
  }
}
