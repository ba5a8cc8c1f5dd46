import { randomInt, randomUUID } from 'node:crypto';
import {
  Access,
  type ActionInquiry,
  type ActionReport,
  afterAll,
  type CarriedOut,
  type CloudReport,
  type Comparison,
  type Decision,
  type DecisionRecord,
  type EntryDecision,
  type Inquiry,
  joinEntry,
  type Match,
  type Probe,
  surelyWorn,
} from '../access/index.ts';
import type { CloudClient, FaceCalls } from '../cloud/index.ts';
import { type Logger, messageOf, monotonicMs } from '../common/index.ts';
import type { DecisionConfig, QualityConfig } from '../config/index.ts';
import { type Prompter, promptForReason } from '../console/index.ts';
import type { Door } from '../door/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { ChallengeOrder, Sighting, TrackCrop, TrackEnd } from '../vision/client.ts';
import { Actions } from './actions.ts';
import { type Entrance, heldMs } from './entrance.ts';
import { Inquiries } from './inquiries.ts';
import type { Records } from './records.ts';
import { TrackPictures } from './track-pictures.ts';

/** Best people asked of the gallery: the best and the runner-up decide, and a third one shows that there are more. */
const CANDIDATES = 3;

const EVENT_OF = { grant: 'access.granted', deny: 'access.denied', wait: 'access.pending' } as const;

export interface LaneParts {
  readonly door: Door;
  readonly gallery: Gallery;
  readonly records: Pick<Records, 'record' | 'taken' | 'picture'>;
  readonly log: Logger;
  readonly policy: DecisionConfig;
  readonly qualityLimits: QualityConfig;
  readonly versions: { readonly software: string; readonly config: string };
  /** The rules of entry: whether somebody who was recognised may come in. */
  readonly entrance: Pick<Entrance, 'face' | 'concluded'>;
  /** Which way a camera lets people. */
  readonly directionOf: (camera: string) => 'in' | 'out';
  /** Recognition of this track can rest until then (monotonic milliseconds). */
  readonly settle: (camera: string, track: string, until: number) => void;
  /** Asked about unsure faces; null where no cloud is configured. */
  readonly cloud: (FaceCalls & Pick<CloudClient, 'actionLiveness'>) | null;
  /** A picture of this track is wanted. */
  readonly depict: (camera: string, track: string) => void;
  /** Tells the person at the door what to do, and what came of it. */
  readonly prompts: Pick<Prompter, 'show'>;
  /** Has a camera watch for an action, or takes that back. */
  readonly challenge: (camera: string, order: ChallengeOrder) => void;
  readonly cancel: (camera: string, challenge: string) => void;
  /** Whether the schedule that demands actions holds now. */
  readonly actionScheduled: () => boolean;
  /** What a probe is asked for whose best candidate has this score. */
  readonly match: (probe: Probe, score: number | null) => Match | null;
}

/** The way through one door: sightings of its cameras in, decisions made, the door told, all of it recorded. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #access: Access;
  readonly #pictures = new TrackPictures();
  readonly #inquiries: Inquiries | null;
  /** Track by which somebody was recognised who is not in yet: the door wants more. */
  readonly #waiting = new Map<string, string>();
  /** Actions demanded of people at this door; the camera's messages about them go there. */
  readonly actions: Actions;
  #captured: { decisionId: string; at: number } | null = null;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#access = new Access(parts.door.id, parts.policy, {
      newId: randomUUID,
      software: parts.versions.software,
      configVersion: parts.versions.config,
      qualityLimits: parts.qualityLimits,
      cloud: parts.cloud !== null,
      pickAction: (actions) => actions[randomInt(actions.length)],
    });
    const { cloud, gallery, policy, log, depict } = parts;
    const answer = (inquiry: Inquiry, report: CloudReport) => this.#answer(inquiry, report);
    this.#inquiries = cloud === null ? null : new Inquiries({ cloud, gallery, policy, log, depict, answer });
    const { challenge, cancel, prompts } = parts;
    this.actions = new Actions({
      ...{
        door: parts.door.id,
        policy: policy.actionLiveness,
        gallery,
        cloud,
        prompts,
        log,
        challenge,
        cancel,
      },
      answer: (inquiry, report) => this.#acted(inquiry, report),
    });
  }

  sighting(sighting: Sighting): void {
    const probe = this.#access.see(sighting, monotonicMs());
    if (probe !== null) {
      this.#decide(probe, false);
    }
  }

  /** These people were let in by something that came after their faces. */
  entered(people: readonly string[], at: number): void {
    for (const person of people) {
      const track = this.#waiting.get(person);
      this.#waiting.delete(person);
      if (track !== undefined) {
        this.#access.granted(track, person, at);
      }
    }
  }

  /** The picture of a sighting, which comes after it: nothing waits for a JPEG. */
  picture(crop: TrackCrop): void {
    this.#inquiries?.picture(crop);
    const decisionId = this.#pictures.add(crop, monotonicMs());
    if (decisionId !== null) {
      this.#parts.records.picture(decisionId, crop.jpeg);
    }
  }

  trackEnd(end: TrackEnd): void {
    this.#end(end.track);
  }

  /** Why the pictures of a camera are not believed for now; null takes that back. */
  distrust(camera: string, why: string | null): void {
    this.#access.distrust(camera, why);
  }

  /** The vision process of a camera is gone, and its tracks with it. */
  cameraLost(camera: string): void {
    for (const track of this.#access.tracks(camera)) {
      this.#end(track);
    }
  }

  /** Milliseconds from the capture of the frame that decided to the relay; null if this door's newest grant was another. */
  captureToRelay(decisionId: string, relayAt: number): number | null {
    return this.#captured?.decisionId === decisionId ? relayAt - this.#captured.at : null;
  }

  #end(track: string): void {
    const probe = this.#access.pending(track);
    if (probe !== null) {
      this.#decide(probe, true);
    }
    const decision = this.#access.end(track, monotonicMs());
    if (decision !== null) {
      this.#conclude(decision);
    }
    this.#inquiries?.forget(track);
    this.actions.drop(track);
  }

  /** What came of an action is judged with the frames after it. */
  #acted(inquiry: ActionInquiry, report: ActionReport): void {
    const probe = this.#access.acted(inquiry, report, monotonicMs());
    if (probe !== null) {
      this.#decide(probe, false);
    }
  }

  /** What came of an inquiry is judged with the frames of now. */
  #answer(inquiry: Inquiry, report: CloudReport): void {
    const probe = this.#access.answer(inquiry, report, monotonicMs());
    if (probe !== null) {
      this.#decide(probe, false);
    }
  }

  #decide(probe: Probe, ended: boolean): void {
    const started = monotonicMs();
    const comparison = this.#compare(probe);
    const searched = monotonicMs();
    const decision = this.#access.decide(probe, comparison, searched, ended);
    if (decision !== null) {
      decision.record.timings.search = searched - started;
      decision.record.timings.rules = monotonicMs() - searched;
      this.#conclude(decision);
      return;
    }
    const inquiry = this.#access.inquiry(probe.track);
    if (inquiry !== null) {
      this.#inquiries?.begin(inquiry);
      this.#parts.prompts.show(this.#parts.door.id, 'WAIT', this.#parts.policy.escalation.deadlineMs);
    }
    const action = this.#access.action(probe.track);
    if (action !== null) {
      this.actions.begin(action);
    }
  }

  #compare(probe: Probe): Comparison {
    const { gallery, match } = this.#parts;
    const candidates = gallery.search({ vector: probe.fusion.embedding, model: probe.model }, CANDIDATES);
    if (candidates.length === 0) {
      return { candidates, frameScores: [], match: match(probe, null) };
    }
    const actionScheduled = this.#parts.actionScheduled();
    // A frame without a comparable reference has nothing in common with the candidate: -1 is the lowest cosine.
    const frameScores = probe.frames.map(
      (frame) => gallery.compare(candidates[0].personId, frame.embedding) ?? -1,
    );
    const cloudConsent = candidates
      .map(({ personId }) => personId)
      .filter((id) => gallery.get(id)?.consent.cloud === true);
    return {
      candidates,
      frameScores,
      cloudConsent,
      actionScheduled,
      match: match(probe, candidates[0].score),
    };
  }

  #conclude(recognised: Decision): void {
    const { settle, log, records, prompts } = this.#parts;
    this.#inquiries?.drop(recognised.record.track);
    this.actions.drop(recognised.record.track);
    settle(recognised.record.camera, recognised.record.track, recognised.quietUntil);
    const entry = this.#authorise(recognised);
    if (entry?.again) {
      return;
    }
    const record = entry === null ? recognised.record : joinEntry(recognised.record, entry);
    const decision = { ...recognised, record };
    record.timings.captureToDecision = monotonicMs() - decision.newestFrameAt;
    this.#record(decision, record);
    if (record.outcome === 'grant' && record.person !== null && entry !== null) {
      this.#open(decision, record.person.id, entry).catch((error: unknown) => {
        log.error({ decision: record.decision, err: messageOf(error) }, 'a grant could not be carried out');
      });
    } else {
      prompts.show(record.door, promptForReason(record.reason), heldMs(entry));
    }
    log.info({ decision: record.decision, outcome: record.outcome, reason: record.reason }, 'decided');
    const picture = this.#pictures.take(record.track, record.decision, monotonicMs());
    if (picture !== null) {
      records.picture(record.decision, picture);
    }
    if (decision.lockedOutUntil !== null) {
      const forMs = Math.round(decision.lockedOutUntil - monotonicMs());
      const { door, camera, decision: cause } = record;
      const { scope } = this.#parts.policy.lockout;
      records.record({ type: 'access.locked_out', door, camera, cause, data: { forMs, scope } });
    }
  }

  /** What the rules of entry say of somebody who was recognised; null of everybody else. */
  #authorise({ record }: Decision): EntryDecision | null {
    if (record.outcome !== 'grant' || record.person === null) {
      return null;
    }
    const { entrance, directionOf } = this.#parts;
    const place = { door: record.door, direction: directionOf(record.camera) };
    const entry = entrance.face(place, record.person.id, surelyWorn(record.mask ?? null), record.decision);
    if (entry.verdict.verdict === 'wait') {
      this.#waiting.set(record.person.id, record.track);
    }
    return entry;
  }

  /**
   * Opens the door for a grant. Its record is on disk before the relay moves, so that a power cut leaves no
   * opening without its cause; a disk that takes too long for that costs the record's lead, not the person's way.
   * The last look at freshness stands right before the relay.
   */
  async #open(decision: Decision, personId: string, entry: EntryDecision): Promise<void> {
    const { door, records, policy, entrance } = this.#parts;
    const { record, newestFrameAt } = decision;
    const left = policy.maxFrameAgeMs - (monotonicMs() - newestFrameAt);
    await records.taken(record.decision, Math.max(0, left / 2));
    const ageMs = monotonicMs() - newestFrameAt;
    const frame = { ageMs, maxAgeMs: policy.maxFrameAgeMs };
    if (ageMs > policy.maxFrameAgeMs) {
      entrance.concluded(record.door, record.decision, entry, false);
      this.#denyAfterAll(decision, { frame, passKept: true, door: null });
      return;
    }
    this.#captured = { decisionId: record.decision, at: newestFrameAt };
    const cause = { kind: 'grant', decisionId: record.decision, personId } as const;
    const outcome = await door.unlock(cause, { extended: entry.verdict.extended });
    entrance.concluded(record.door, record.decision, entry, outcome.ok);
    if (outcome.ok) {
      const { remind } = entry.verdict;
      this.#parts.prompts.show(record.door, remind ? 'MASK_REMINDER' : promptForReason(record.reason));
      this.#access.granted(record.track, personId, outcome.relayAt);
    } else {
      this.#denyAfterAll(decision, { frame, passKept: true, door: outcome.message });
    }
  }

  /** A grant that did not open the door: the denial names the grant as its cause. */
  #denyAfterAll(decision: Decision, carriedOut: CarriedOut): void {
    const why = afterAll(carriedOut);
    if (why === null) {
      return;
    }
    this.#parts.prompts.show(decision.record.door, promptForReason(why.reason));
    this.#record(decision, {
      ...decision.record,
      ...why,
      decision: randomUUID(),
      outcome: 'deny',
      verdict: 'deny',
      person: null,
      carriedOut,
    });
  }

  /** Writes a record down. The decision's own event has its id; every other names it as the cause. */
  #record({ record: { decision, door, camera } }: Decision, data: DecisionRecord): void {
    const identity = data.decision === decision ? { id: decision } : { cause: decision };
    this.#parts.records.record({ type: EVENT_OF[data.outcome], door, camera, data, ...identity });
  }
}
