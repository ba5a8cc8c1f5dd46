import { z } from 'zod';
import { type PublicDecisionRecord, PublicDecisionRecordSchema } from '../../src/access/index.ts';
import { monotonicMs } from '../../src/common/index.ts';
import { type SentEvent, SentEventSchema } from '../../src/mqtt/index.ts';
import { type Expectation, SCENES } from './cast.ts';
import { sceneOf } from './film.ts';
import { sentUnits, unitSentAt } from './timing.ts';

const UnlockedSchema = z.object({ relayAt: z.number() });

export interface Verdict {
  readonly scene: number;
  readonly record: PublicDecisionRecord;
  /** When the picture that decided was sent by the camera, monotonic ms. */
  readonly sentAt: number;
  /** From that moment to the relay, ms; null while (or if) the relay has not moved. */
  relayMs: number | null;
}

/** Keeps the book of the demo: what was decided in which scene, and whether that was right. */
export class Ledger {
  readonly verdicts: Verdict[] = [];
  readonly #log: string;
  readonly #streamDelay: number;

  /** @param log the camera server's log @param streamDelay from sending a picture to its capture time in the daemon, ms */
  constructor(log: string, streamDelay: number) {
    this.#log = log;
    this.#streamDelay = streamDelay;
  }

  /** An event as the broker delivered it. Gives the verdict it made, or the one whose relay it moved. */
  take(payload: string): { event: SentEvent; verdict: Verdict | null } {
    const event = SentEventSchema.parse(JSON.parse(payload));
    if (event.type === 'access.granted' || event.type === 'access.denied') {
      return { event, verdict: this.#decided(PublicDecisionRecordSchema.parse(event.data), event.at) };
    }
    if (event.type === 'door.unlocked') {
      const verdict = this.verdicts.find(({ record }) => record.decision === event.cause) ?? null;
      if (verdict !== null) {
        verdict.relayMs = UnlockedSchema.parse(event.data).relayAt - verdict.sentAt;
      }
      return { event, verdict };
    }
    return { event, verdict: null };
  }

  /**
   * The scene has been seen, what was expected was decided, and nothing else was, except that a denial may also be
   * unsure: somebody who stays before the camera is judged again and again, and the door stays locked all the same.
   */
  holds(scene: number): boolean {
    const { expect } = SCENES[scene];
    const here = this.verdicts.filter((verdict) => verdict.scene === scene);
    return (
      here.some(({ record }) => meets(record, expect)) &&
      here.every(({ record, relayMs }) => {
        const unsure = expect.outcome === 'deny' && record.reason === 'UNSURE';
        return (meets(record, expect) || unsure) && (record.outcome === 'grant') === (relayMs !== null);
      })
    );
  }

  /** Every scene has at least one verdict. */
  complete(): boolean {
    return SCENES.every((_, scene) => this.verdicts.some((verdict) => verdict.scene === scene));
  }

  #decided(record: PublicDecisionRecord, at: string): Verdict | null {
    const decidedAt = monotonicMs() - (Date.now() - Date.parse(at));
    const capturedAt = decidedAt - (record.timings.captureToDecision ?? 0);
    const unit = unitSentAt(sentUnits(this.#log), capturedAt - this.#streamDelay);
    if (unit === null) {
      return null;
    }
    const verdict = { scene: sceneOf(unit.unit), record, sentAt: unit.sent, relayMs: null };
    this.verdicts.push(verdict);
    return verdict;
  }
}

function meets(record: PublicDecisionRecord, expect: Expectation): boolean {
  return (
    record.outcome === expect.outcome &&
    record.reason === expect.reason &&
    (record.person?.name ?? null) === expect.person
  );
}
