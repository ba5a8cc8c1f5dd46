import type { DecisionConfig } from '../config/index.ts';
import type { Candidate } from '../gallery/types.ts';
import type { QualityGate, Sighting } from '../vision/types.ts';
import type { ActionInquiry } from './action.ts';
import { composeRecord, thresholdsOf } from './compose-record.ts';
import { Demands } from './demands.ts';
import { type Fusion, fuseMask } from './evidence.ts';
import { recordedCase } from './inputs.ts';
import { type Inquiry, OpenInquiry, reasonsToAsk } from './inquiry.ts';
import { Lockout } from './lockout.ts';
import type { Reason } from './reasons.ts';
import type { CloudReport } from './record.ts';
import type { ActionReport } from './record-action.ts';
import { FACE_RULES, failedAt, judge } from './rules.ts';
import {
  addEvidence,
  isNewer,
  livedThrough,
  type Probe,
  probeOf,
  rest,
  type TrackState,
  Tracks,
} from './track.ts';
import type { Case, Decision, DecisionContext, Evidence, Match, Verdict } from './types.ts';

/** Denials that count towards a lock-out, where the face comes near somebody enrolled: an identity is under attack. */
const FAILURES: ReadonlySet<Reason> = new Set<Reason>(['NOT_LIVE', 'FACE_FRAMED', 'UNSURE', 'ACTION_FAILED']);

/** Denials that say nothing about who stands there: they use up no attempt. */
const INNOCENT: ReadonlySet<Reason> = new Set<Reason>(['LOCKED_OUT', 'CAMERA_SUSPECT']);

/** Key of the lock-out of a whole place. */
const PLACE = 'place';

/** What the gallery says of a probe. */
export interface Comparison {
  /** Best people, best first. */
  readonly candidates: readonly Candidate[];
  /** Cosine of each frame of the probe by itself with the first of them; empty without one. */
  readonly frameScores: readonly number[];
  /** Ids of those of them who have consented to the cloud; nobody by default. */
  readonly cloudConsent?: readonly string[];
  /** The schedule of `actionLiveness` holds now. */
  readonly actionScheduled?: boolean;
  /** What the gallery's calibration asks of this probe; without it nobody passes, unless `matchThreshold` is set. */
  readonly match?: Match | null;
}

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
  readonly #grantedAt = new Map<string, number>();
  readonly #lockout: Lockout;
  readonly #demands: Demands;
  readonly #distrusted = new Map<string, string>();
  /** The threshold of the newest comparison, for records of faces that came to none. */
  #match: number | null = null;

  constructor(door: string, policy: DecisionConfig, context: DecisionContext) {
    this.#door = door;
    this.#policy = policy;
    this.#context = context;
    this.#lockout = new Lockout(policy.lockout);
    this.#demands = new Demands(door, policy, context.pickAction);
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
    if (verdict.verdict === 'grant' && this.#grantedJustNow(c.best, now)) {
      rest(track, now + this.#policy.recognitionIntervalMs);
      return null;
    }
    const consented = comparison.cloudConsent ?? [];
    if (this.#acts(track, c, verdict, consented, now)) {
      return null;
    }
    if (this.#waits(track, c, verdict, consented, now)) {
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
    this.#remember(personId, now);
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
    if (why === null) this.#distrusted.delete(camera);
    else this.#distrusted.set(camera, why);
  }

  /** The tracks known, for a vision process that has died. */
  tracks(camera: string): string[] {
    return this.#tracks.ofCamera(camera);
  }

  /**
   * Whether a verdict waits for an action: a grant until the one that is demanded was done, and every verdict but that
   * on another face while it is going on, because a face that turns or opens its mouth is no picture to judge by.
   * Where the cloud is to be asked about the face as well, the action comes first: its frames are the newer ones.
   */
  #acts(track: TrackState, c: Case, verdict: Verdict, consented: readonly string[], now: number): boolean {
    if (c.ended || c.action === null || verdict.reason === 'INCONSISTENT_TRACK') {
      return false;
    }
    const { open } = track.actions;
    if (open !== null) {
      const passed = open.isRecent(now) && (verdict.rule === 'unsure' || verdict.reason === 'STALE_FRAME');
      // Just after the action: clearer frames may come, as they may at first.
      return open.isWaiting(now) || (passed && c.agesMs.length < this.#policy.maxFrames);
    }
    const askable = verdict.rule === 'unsure' && 'reasons' in reasonsToAsk(c, consented);
    if (c.best === null || !(verdict.rule === 'action-demanded' || askable)) {
      return false;
    }
    if (this.#grantedJustNow(c.best, now)) {
      rest(track, now + this.#policy.recognitionIntervalMs);
      return true;
    }
    const about = {
      id: this.#context.newId(),
      camera: track.last.camera,
      track: track.id,
      candidate: c.best,
    };
    track.actions.open = this.#demands.open(about, c.action.why, now);
    return track.actions.open !== null;
  }

  /**
   * Whether a verdict waits for the cloud: an unsure one while a question is open (which it opens, once an attempt,
   * where an answer could help), and one about old frames while a new answer waits for fresh ones.
   */
  #waits(track: TrackState, c: Case, verdict: Verdict, consented: readonly string[], now: number): boolean {
    if (c.ended) {
      return false;
    }
    if (verdict.reason === 'STALE_FRAME') {
      return c.cloud !== null;
    }
    if (verdict.rule !== 'unsure') {
      return false;
    }
    if (track.inquiry === null) {
      this.#inquire(track, c, consented, now);
    }
    return track.inquiry?.isWaiting(now) ?? false;
  }

  #inquire(track: TrackState, c: Case, consented: readonly string[], now: number): void {
    const found = reasonsToAsk(c, consented);
    if ('whyNot' in found || c.best === null || this.#grantedJustNow(c.best, now)) {
      track.whyNotAsked = 'whyNot' in found ? found.whyNot : 'this person was granted a moment ago';
      return;
    }
    const { reasons } = found;
    const runnerUp = reasons.includes('margin') ? c.second : null;
    const about = { camera: track.last.camera, track: track.id, reasons, candidate: c.best, runnerUp };
    track.inquiry = new OpenInquiry(about, this.#policy.escalation, track.evidence, now);
  }

  #caseOf(
    track: TrackState,
    fusion: Fusion | null,
    { candidates, frameScores, actionScheduled = false, match = null }: Comparison,
    now: number,
    ended: boolean,
  ): Case {
    const policy = this.#policy;
    const best = candidates[0] ?? null;
    track.calibration = match?.calibration ?? null;
    if (fusion !== null) this.#match = match?.threshold ?? null;
    const waitedMs = track.since === null ? 0 : (ended ? track.lastAt : now) - track.since;
    const grantedAt = best === null ? undefined : this.#grantedAt.get(best.personId);
    const agoMs = grantedAt === undefined ? null : now - grantedAt;
    const livenessTrack = livedThrough(track);
    const full = track.evidence.length >= policy.maxFrames;
    // A moment of a living face may look wrong: without a cloud to ask, better frames are waited for.
    const watched =
      this.#context.cloud !== true && isLivenessUnsure(policy, track.evidence, fusion, livenessTrack);
    const patienceMs = watched ? policy.livenessWaitMs : policy.decideAfterMs;
    // A face that passed by in fewer frames than a grant needs has not asked for anything.
    const enough = track.evidence.length >= policy.minFrames || waitedMs >= policy.decideAfterMs;
    return {
      agesMs: track.evidence.map((frame) => now - frame.frame.capturedAt),
      liveness: fusion?.liveness ?? null,
      livenessLowest: fusion?.livenessLowest ?? null,
      livenessTrack,
      enclosures: track.enclosures,
      mask: fuseMask(track.evidence.length > 0 ? track.evidence : [track.last]),
      best,
      second: candidates[1] ?? null,
      third: candidates[2] ?? null,
      consistency: track.consistency,
      due: enough && (ended || (full && !watched) || waitedMs >= patienceMs),
      frameScores,
      ended,
      lockedOut: now < this.#lockoutEnd(best),
      trackLockedOut: now < track.lockedUntil,
      distrusted: this.#distrusted.get(track.last.camera) ?? null,
      authenticatedAgoMs: agoMs !== null && agoMs < policy.authenticationIntervalMs ? agoMs : null,
      thresholds: thresholdsOf(policy, this.#match),
      escalation: this.#context.cloud === true ? policy.escalation : null,
      cloud: track.inquiry?.evidence(track.evidence, now, policy.maxFrameAgeMs) ?? null,
      action: this.#demands.of(track.actions, best, actionScheduled, now),
    };
  }

  #grantedJustNow(best: Candidate | null, now: number): boolean {
    const at = best === null ? undefined : this.#grantedAt.get(best.personId);
    return at !== undefined && now - at < this.#policy.recognitionIntervalMs;
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
    if (FAILURES.has(verdict.reason)) {
      this.#demands.failed(now);
    }
    const inputs = { rules: FACE_RULES, case: recordedCase(c), failedGate };
    const record = { ...composeRecord(this.#door, this.#context, track, c, verdict, now), inputs };
    const lockedOutUntil = this.#countFailure(track, c, verdict.reason, now);
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
      quietUntil = Math.max(quietUntil, track.lockedUntil, this.#lockoutEnd(c.best));
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

  /** One failure a track: somebody who stays before the camera is not many. */
  #countFailure(track: TrackState, c: Case, reason: Reason, now: number): number | null {
    const near = c.best !== null && c.best.score >= c.thresholds.match - c.thresholds.unsureBelowMatch;
    if (!FAILURES.has(reason) || !near || track.counted || c.best === null) {
      return null;
    }
    track.counted = true;
    return this.#lockout.failed(this.#policy.lockout.scope === 'place' ? PLACE : c.best.personId, now);
  }

  #lockoutEnd(best: Candidate | null): number {
    const person = best === null ? Number.NEGATIVE_INFINITY : this.#lockout.until(best.personId);
    return Math.max(person, this.#lockout.until(PLACE));
  }

  #remember(personId: string, now: number): void {
    const horizon = Math.max(this.#policy.authenticationIntervalMs, this.#policy.recognitionIntervalMs);
    for (const [id, at] of this.#grantedAt) {
      if (now - at > horizon) {
        this.#grantedAt.delete(id);
      }
    }
    this.#grantedAt.set(personId, now);
  }
}

/** Whether liveness alone keeps the face out for now, without calling it an attack. */
function isLivenessUnsure(
  policy: DecisionConfig,
  frames: readonly Evidence[],
  fusion: Fusion | null,
  track: number | null,
): boolean {
  if (fusion === null || fusion.liveness < policy.livenessUnsure) return false;
  return (
    fusion.liveness < policy.livenessThreshold ||
    fusion.livenessLowest < policy.livenessFloor ||
    frames.filter(({ enclosure }) => enclosure >= policy.enclosureThreshold).length === 1 ||
    (track ?? 1) < policy.livenessTrack
  );
}

function isEvidence(sighting: Sighting): sighting is Evidence {
  const { liveness, embedding, enclosure, quality } = sighting;
  return liveness !== null && embedding !== null && enclosure !== null && quality.failed.length === 0;
}
