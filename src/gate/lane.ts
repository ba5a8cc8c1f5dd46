import { randomUUID } from 'node:crypto';
import { Access, type Decision, type Probe } from '../access/index.ts';
import { type Logger, monotonicMs } from '../common/index.ts';
import type { DecisionConfig, QualityConfig } from '../config/index.ts';
import type { Door } from '../door/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { Sighting, TrackEnd } from '../vision/client.ts';
import type { Recorder } from './recorder.ts';

/** Best people asked of the gallery: the best and the runner-up decide. */
const CANDIDATES = 3;

export interface LaneParts {
  readonly door: Door;
  readonly gallery: Gallery;
  readonly recorder: Recorder;
  readonly log: Logger;
  readonly policy: DecisionConfig;
  readonly qualityLimits: QualityConfig;
  readonly versions: { readonly software: string; readonly config: string };
  /** Recognition of this track can rest until then (monotonic milliseconds). */
  readonly settle: (camera: string, track: string, until: number) => void;
}

/** The way through one door: sightings of its cameras in, decisions made, the door told, all of it recorded. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #access: Access;
  #captured: { decisionId: string; at: number } | null = null;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#access = new Access(parts.door.id, parts.policy, {
      newId: randomUUID,
      software: parts.versions.software,
      configVersion: parts.versions.config,
      qualityLimits: parts.qualityLimits,
    });
  }

  sighting(sighting: Sighting): void {
    const probe = this.#access.see(sighting, monotonicMs());
    if (probe !== null) {
      this.#decide(probe, false);
    }
  }

  trackEnd(end: TrackEnd): void {
    this.#end(end.track);
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
  }

  #decide(probe: Probe, ended: boolean): void {
    const started = monotonicMs();
    const candidates = this.#parts.gallery.search(
      { vector: probe.fusion.embedding, model: probe.model },
      CANDIDATES,
    );
    const searched = monotonicMs();
    const decision = this.#access.decide(probe, candidates, searched, ended);
    if (decision !== null) {
      decision.record.timings.search = searched - started;
      decision.record.timings.rules = monotonicMs() - searched;
      this.#conclude(decision);
    }
  }

  #conclude(decision: Decision): void {
    const { record } = decision;
    const { door, recorder, log, settle } = this.#parts;
    record.timings.captureToDecision = monotonicMs() - decision.newestFrameAt;
    settle(record.camera, record.track, decision.quietUntil);
    const granted = record.outcome === 'grant';
    const event = {
      id: record.decision,
      type: granted ? ('access.granted' as const) : ('access.denied' as const),
      door: door.id,
      camera: record.camera,
      data: { ...record },
    };
    // Written before the relay moves: after a power cut there is no opening without its cause.
    recorder.record(event);
    if (granted && record.person !== null) {
      this.#unlock(decision, record.person.id);
    }
    log.info({ decision: record.decision, outcome: record.outcome, reason: record.reason }, 'decided');
    if (decision.crop !== null) {
      recorder.picture(record.decision, decision.crop);
    }
    if (decision.lockedOutUntil !== null) {
      recorder.record({
        type: 'access.locked_out',
        door: door.id,
        camera: record.camera,
        cause: record.decision,
        data: { forMs: Math.round(decision.lockedOutUntil - monotonicMs()) },
      });
    }
  }

  /** The last look at freshness stands right before the relay: writing the record may have taken long. */
  #unlock(decision: Decision, personId: string): void {
    const { door, recorder, policy, log } = this.#parts;
    const ageMs = monotonicMs() - decision.newestFrameAt;
    if (ageMs > policy.maxFrameAgeMs) {
      recorder.record({
        type: 'access.denied',
        door: door.id,
        camera: decision.record.camera,
        cause: decision.record.decision,
        data: {
          ...decision.record,
          decision: randomUUID(),
          outcome: 'deny',
          verdict: 'deny',
          reason: 'STALE_FRAME',
          rule: 'fresh-or-nothing',
          detail: `the newest frame was ${ageMs.toFixed(0)} ms old when the record was written, more than ${policy.maxFrameAgeMs} ms`,
          person: null,
        },
      });
      return;
    }
    this.#captured = { decisionId: decision.record.decision, at: decision.newestFrameAt };
    const unlocked = door.unlock({ kind: 'grant', decisionId: decision.record.decision, personId });
    void unlocked.then((outcome) => {
      if (!outcome.ok) {
        log.error({ decision: decision.record.decision, code: outcome.code }, outcome.message);
      }
    });
  }
}
