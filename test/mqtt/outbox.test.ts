import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { Journal, type JournalEvent } from '../../src/journal/index.ts';
import { OutboxPump } from '../../src/mqtt/outbox.ts';
import { mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';
import { openGate, subscribe, until, withoutDuplicates } from './support.ts';

const log = createLogger('outbox', 'silent');
const ascending = (numbers: readonly number[]) => [...numbers].sort((one, other) => one - other);

interface OnTheWire {
  readonly event: JournalEvent;
  readonly replayed: boolean;
  readonly answer: (refusal: Error | null) => void;
}

/** A gate whose process, connection and clock a test holds in its hand; what is on the wire arrives in order, or not at all. */
class Rig {
  readonly arrived: { readonly seq: number; readonly replayed: boolean }[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), 'menshen-outbox-'));
  readonly #perSecond: number;
  #at = Date.parse('2026-01-02T03:04:05.678Z');
  #wire: OnTheWire[] = [];
  #journal!: Journal;
  #pump!: OutboxPump;

  constructor(perSecond = 10_000) {
    this.#perSecond = perSecond;
    this.#begin();
  }

  get journal(): Journal {
    return this.#journal;
  }

  append(): void {
    this.#journal.append({ type: 'door.rex', door: 'main', data: {} });
    this.#pump.wake();
  }

  pass(ms: number): void {
    this.#at += ms;
  }

  async connect(): Promise<void> {
    this.#wire = [];
    this.#pump.attach((event, replayed, answer) => this.#wire.push({ event, replayed, answer }));
    await turn();
  }

  /** `count` messages arrive; the last `unanswered` of their acknowledgements are lost. */
  async deliver(count: number, unanswered = 0): Promise<void> {
    const some = this.#wire.splice(0, count);
    for (const { event, replayed } of some) this.arrived.push({ seq: event.seq, replayed });
    for (const { answer } of some.slice(0, some.length - unanswered)) answer(null);
    await turn();
  }

  async deliverAll(): Promise<void> {
    while (this.#wire.length > 0) await this.deliver(this.#wire.length);
  }

  lose(): void {
    this.#wire = [];
    this.#pump.detach();
  }

  /** The process ends without a word: what was acknowledged but not taken out is forgotten. */
  kill(): void {
    this.#wire = [];
    this.#journal.close();
    this.#begin();
  }

  close(): void {
    this.#pump.detach();
    this.#journal.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #begin(): void {
    const now = () => new Date(this.#at);
    this.#journal = Journal.open({ dataDir: this.#dir, gate: 'gate1', log, now });
    this.#pump = new OutboxPump({
      journal: this.#journal,
      log,
      window: 4,
      replayPerSecond: this.#perSecond,
      now,
    });
  }
}

/** First appearances, live and replayed, as numbers. */
function streams(arrived: Rig['arrived']) {
  const first = arrived.filter(({ seq }, at) => arrived.findIndex((one) => one.seq === seq) === at);
  return {
    live: first.filter(({ replayed }) => !replayed).map(({ seq }) => seq),
    replayed: first.filter(({ replayed }) => replayed).map(({ seq }) => seq),
  };
}

describe('the outbox', () => {
  it('sends what is new before what gathered in an outage, and leaves it half of the window', async () => {
    const rig = new Rig();
    onTestFinished(() => rig.close());
    for (let n = 0; n < 6; n++) rig.append();
    rig.pass(60_000);
    rig.append();
    await rig.connect();
    await rig.deliver(3);
    rig.append();
    rig.append();
    await turn();
    await rig.deliverAll();
    expect(rig.arrived.slice(0, 3).map(({ seq }) => seq)).toEqual([7, 1, 2]);
    expect(rig.arrived.findIndex(({ seq }) => seq === 9)).toBeLessThan(
      rig.arrived.findIndex(({ seq }) => seq === 6),
    );
    expect(streams(rig.arrived)).toEqual({ live: [7, 8, 9], replayed: [1, 2, 3, 4, 5, 6] });
    expect(rig.journal.pendingCount()).toBe(0);
  });

  it('replays nothing after a short interruption', async () => {
    const rig = new Rig();
    onTestFinished(() => rig.close());
    rig.append();
    await rig.connect();
    await rig.deliver(1, 1);
    rig.lose();
    rig.append();
    rig.pass(2000);
    rig.append();
    await rig.connect();
    await rig.deliverAll();
    expect(rig.arrived.map(({ seq }) => seq)).toEqual([1, 1, 2, 3]);
    expect(rig.arrived.some(({ replayed }) => replayed)).toBe(false);
  });

  it('holds the pace of what it replays, and not of what is new', async () => {
    const rig = new Rig(20);
    onTestFinished(() => rig.close());
    for (let n = 0; n < 30; n++) rig.append();
    rig.pass(60_000);
    const began = performance.now();
    await rig.connect();
    await rig.deliverAll();
    expect(rig.arrived.length).toBeGreaterThanOrEqual(20);
    expect(rig.arrived.length).toBeLessThan(30);
    for (let n = 0; n < 30; n++) rig.append();
    await turn();
    await rig.deliverAll();
    expect(streams(rig.arrived).live).toHaveLength(30);
    await until('the rest', () => {
      void rig.deliverAll();
      return rig.arrived.length === 60;
    });
    // Twenty at once, ten more at twenty a second.
    expect(performance.now() - began).toBeGreaterThan(450);
  });

  it('loses nothing and keeps both orders, whenever connection and process end', {
    timeout: 60_000,
  }, async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('deliver' as const),
          count: fc.integer({ min: 1, max: 6 }),
          unanswered: fc.integer({ min: 0, max: 2 }),
        }),
      },
      fc.record({ kind: fc.constant('outage' as const), ms: fc.constantFrom(100, 4000, 60_000) }),
      fc.record({ kind: fc.constant('kill' as const), ms: fc.constantFrom(100, 60_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        const rig = new Rig();
        try {
          await rig.connect();
          for (const one of steps) {
            if (one.kind === 'append') for (let n = 0; n < one.count; n++) rig.append();
            else if (one.kind === 'deliver') {
              await rig.deliver(one.count, one.unanswered);
              // An answer that is lost ends its connection.
              if (one.unanswered > 0) {
                rig.lose();
                await rig.connect();
              }
            } else {
              if (one.kind === 'kill') rig.kill();
              else rig.lose();
              rig.append();
              rig.pass(one.ms);
              await rig.connect();
            }
          }
          rig.append();
          await turn();
          await rig.deliverAll();
          const { live, replayed } = streams(rig.arrived);
          expect(live).toEqual(ascending(live));
          expect(replayed).toEqual(ascending(replayed));
          const last = rig.journal.latest(1)[0]?.seq ?? 0;
          expect(ascending([...live, ...replayed])).toEqual(Array.from({ length: last }, (_, n) => n + 1));
          expect(rig.journal.pendingCount()).toBe(0);
        } finally {
          rig.close();
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe.skipIf(!mosquittoInstalled())('after an outage (skipped where mosquitto is not installed)', () => {
  it('a real broker gets the new first, the old marked and in order', async () => {
    const mosquitto = await startMosquitto();
    onTestFinished(() => mosquitto.stop());
    const subscriber = await subscribe(mosquitto.url);
    let age = 60_000;
    const gate = openGate(mosquitto.url, {
      now: () => new Date(Date.now() - age),
      config: { replayPerSecond: 10 },
    });
    gate.burst(40);
    age = 0;
    gate.link.start();
    await until('the beginning of what gathered', () => subscriber.events().length >= 10);
    gate.burst(20, 40);
    await until('all of it', () => subscriber.events().length >= 60, 30_000);
    const events = withoutDuplicates(subscriber.events());
    const [live, old] = [
      events.filter(({ replayed }) => !replayed),
      events.filter(({ replayed }) => replayed),
    ];
    expect(live.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => 41 + n));
    expect(old.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => 1 + n));
    expect(events.at(-1)?.replayed).toBe(true);
    await until('an empty outbox', () => gate.journal.pendingCount() === 0);
  });
});
