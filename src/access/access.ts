import type { DecisionConfig } from '../config/index.ts';
import type { QualityGate, Sighting } from '../vision/types.ts';
import type { ActionInquiry } from './action.ts';
import { type Comparison, caseOf } from './case-of.ts';
import { composeRecord } from './compose-record.ts';
import { Demands } from './demands.ts';
import { DoorMemory, isFailure } from './door-memory.ts';
import type { Fusion } from './evidence.ts';
import { FurtherEvidence } from './further-evidence.ts';
import { recordedCase } from './inputs.ts';
import type { Inquiry } from './inquiry.ts';
import type { Reason } from './reasons.ts';
import type { CloudReport } from './record.ts';
import type { ActionReport } from './record-action.ts';
import { FACE_RULES, failedAt, judge } from './rules.ts';
import { addEvidence, isNewer, type Probe, probeOf, rest, type TrackState, Tracks } from './track.ts';
import type { Case, Decision, DecisionContext, Evidence, Verdict } from './types.ts';

/** Denials that say nothing about who stands there: they use up no attempt. */
const INNOCENT: ReadonlySet<Reason> = new Set<Reason>(['LOCKED_OUT', 'CAMERA_SUSPECT']);

/**
 * The decisions of one door. Deterministic: time comes in with every call (monotonic milliseconds), ids from
 * the context, candidates from the gallery; there is no I/O in here.
 *
 * Use: `see` each sighting; if it gives a probe, search the gallery and `decide`; `end` a track that has ended.
 * Where `decide` gives nothing, an `inquiry` may wait to be carried out: take it, and hand its `answer` in.
 */
export class Access {
  readonly #door: string;
  readonly #policy: DecisionConfig;
  readonly #context: DecisionContext;
  readonly #tracks = new Tracks();
  readonly #memory: DoorMemory;
  readonly #demands: Demands;
  readonly #further: FurtherEvidence;
  /** The threshold of the newest comparison, for records of faces that came to none. */
  #match: number | null = null;

  constructor(door: string, policy: DecisionConfig, context: DecisionContext) {
    this.#door = door;
    this.#policy = policy;
    this.#context = context;
    this.#memory = new DoorMemory(policy);
    this.#demands = new Demands(door, policy, context.pickAction);
    this.#further = new FurtherEvidence({ policy, context, demands: this.#demands, memory: this.#memory });
  }

  /** Takes a sighting in. Gives a probe if there is something to decide, else null. */
  see(sighting: Sighting, now: number): Probe | null {
    const track = this.#tracks.see(sighting, now);
    if (!isEvidence(sighting)) {
      for (const gate of sighting.quality.failed) {
        track.gates.set(gate, (track.gates.get(gate) ?? 0) + 1);
      }
      return null;
    }
    if (now < track.quietUntil || (track.granted && !this.#policy.regrant)) {
      return null;
    }
    if (!isNewer(track, sighting)) {
      return null;
    }
    addEvidence(track, sighting, this.#policy, now);
    return probeOf(track);
  }

  /**
   * Judges a track, given what the gallery says of its probe. Null while it is too early to tell.
   * A grant is a grant once the door was told: report that with `granted`.
   */
  decide(probe: Probe, comparison: Comparison, now: number, ended = false): Decision | null {
    const track = this.#tracks.get(probe.track);
    if (track === undefined || track.since === null) {
      return null;
    }
    const c = this.#caseOf(track, probe.fusion, comparison, now, ended);
    const verdict = judge(c);
    if (verdict === null) {
      return null;
    }
    if (verdict.verdict === 'grant' && this.#memory.grantedJustNow(c.best, now)) {
      rest(track, now + this.#policy.recognitionIntervalMs);
      return null;
    }
    const consented = comparison.cloudConsent ?? [];
    if (this.#further.isAwaited({ track, c, verdict, consented, now })) {
      return null;
    }
    return this.#conclude(track, c, verdict, now);
  }

  /** Further evidence that this track needs; given once, for whoever carries it out. */
  inquiry(trackId: string): Inquiry | null {
    return this.#tracks.get(trackId)?.inquiry?.take() ?? null;
  }

  /**
   * What came of an inquiry; gives the probe to `decide` on now. Null when the attempt it was about is over: an answer
   * about one attempt is worth nothing to the next.
   */
  answer(inquiry: Inquiry, report: CloudReport, now: number): Probe | null {
    const track = this.#tracks.get(inquiry.track);
    if (track === undefined || track.inquiry?.inquiry !== inquiry) {
      return null;
    }
    track.inquiry.answer(report, now);
    return probeOf(track);
  }

  /** An action that is to be demanded of this track; given once, for whoever carries it out. */
  action(trackId: string): ActionInquiry | null {
    return this.#tracks.get(trackId)?.actions.open?.take() ?? null;
  }

  /**
   * What came of an action; gives the probe to `decide` on now, of the frames after the action alone. Null when the
   * attempt it was demanded in is over.
   */
  acted(inquiry: ActionInquiry, report: ActionReport, now: number): Probe | null {
    const track = this.#tracks.get(inquiry.track);
    if (track === undefined || track.actions.open?.inquiry !== inquiry) {
      return null;
    }
    track.actions.open.answer(report, now);
    track.evidence = track.evidence.slice(-this.#policy.minFrames);
    return probeOf(track);
  }

  /** The door was opened for this person: the intervals begin. */
  granted(trackId: string, personId: string, now: number): void {
    this.#memory.granted(personId, now);
    const track = this.#tracks.get(trackId);
    if (track !== undefined) {
      track.granted = true;
      track.attempts = 0;
      track.counted = false;
    }
  }

  /** Evidence of this track that still waits for a verdict, or null. For the end of a track and for a vision process that died. */
  pending(trackId: string): Probe | null {
    const track = this.#tracks.get(trackId);
    return track === undefined ? null : probeOf(track);
  }

  /** Forgets a track. A face that stayed but never passed the quality gate is denied with the gate's reason. */
  end(trackId: string, now: number): Decision | null {
    const track = this.#tracks.get(trackId);
    if (track === undefined) {
      return null;
    }
    this.#tracks.delete(trackId);
    const worst = [...track.gates.entries()].sort((a, b) => b[1] - a[1])[0];
    const stayedMs = track.last.frame.capturedAt - track.firstSeenAt;
    if (
      track.decided ||
      track.evidence.length > 0 ||
      worst === undefined ||
      stayedMs < this.#policy.decideAfterMs
    ) {
      return null;
    }
    const c = this.#caseOf(track, null, { candidates: [], frameScores: [] }, now, true);
    const [gate] = worst;
    return this.#conclude(track, c, failedAt(gate), now, gate);
  }

  /** Why the pictures of this camera are not believed from now on: nobody is granted by them. Null takes that back. */
  distrust(camera: string, why: string | null): void {
    this.#memory.distrust(camera, why);
  }

  /** The tracks known, for a vision process that has died. */
  tracks(camera: string): string[] {
    return this.#tracks.ofCamera(camera);
  }

  #caseOf(
    track: TrackState,
    fusion: Fusion | null,
    comparison: Comparison,
    now: number,
    ended: boolean,
  ): Case {
    const { actionScheduled = false, match = null, candidates } = comparison;
    track.calibration = match?.calibration ?? null;
    if (fusion !== null) this.#match = match?.threshold ?? null;
    return caseOf(track, fusion, comparison, {
      now,
      ended,
      policy: this.#policy,
      cloud: this.#context.cloud === true,
      match: this.#match,
      memory: this.#memory,
      action: this.#demands.of(track.actions, candidates[0] ?? null, actionScheduled, now),
    });
  }

  /** Writes the decision down and takes its consequences: attempts, lock-out, intervals. */
  #conclude(
    track: TrackState,
    c: Case,
    verdict: Verdict,
    now: number,
    failedGate: QualityGate | null = null,
  ): Decision {
    const policy = this.#policy;
    track.decided = true;
    if (!INNOCENT.has(verdict.reason)) {
      track.attempts += 1;
    }
    if (isFailure(verdict.reason)) {
      this.#demands.failed(now);
    }
    const inputs = { rules: FACE_RULES, case: recordedCase(c), failedGate };
    const record = { ...composeRecord(this.#door, this.#context, track, c, verdict, now), inputs };
    const lockedOutUntil = this.#memory.denied(track, c, verdict.reason, now);
    let quietUntil = now + policy.retryAfterMs;
    if (verdict.verdict === 'grant') {
      quietUntil = now + policy.recognitionIntervalMs;
      if (track.actions.open !== null && c.best !== null) {
        track.actions.done = { personId: c.best.personId, at: now };
      }
    } else if (track.attempts >= policy.maxAttempts || this.#endsWithoutAnswer(track, verdict)) {
      track.attempts = 0;
      track.lockedUntil = now + policy.lockout.durationMs;
    }
    if (verdict.reason === 'LOCKED_OUT') {
      // Told once a lock-out, not once a second.
      quietUntil = Math.max(quietUntil, track.lockedUntil, this.#memory.lockoutEnd(c.best));
    }
    const newestFrameAt = track.evidence.at(-1)?.frame.capturedAt ?? track.last.frame.capturedAt;
    rest(track, quietUntil);
    return {
      record,
      newestFrameAt,
      quietUntil,
      lockedOutUntil,
    };
  }

  /** Nothing came of the question, and the site wants no second try then. */
  #endsWithoutAnswer(track: TrackState, verdict: Verdict): boolean {
    const { withoutAnswer } = this.#policy.escalation;
    const isOpen = track.inquiry !== null && !track.inquiry.isAnswered;
    return withoutAnswer === 'lockOut' && verdict.reason === 'UNSURE' && isOpen;
  }
}

function isEvidence(sighting: Sighting): sighting is Evidence {
  const { liveness, embedding, enclosure, quality } = sighting;
  return liveness !== null && embedding !== null && enclosure !== null && quality.failed.length === 0;
}
