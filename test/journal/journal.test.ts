import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openForWriting } from '../../src/journal/database.ts';
import { Journal, JournalEventSchema } from '../../src/journal/index.ts';
import { EventStore } from '../../src/journal/store.ts';
import { all, openJournal, silent, temporaryDir } from './support.ts';

const CAUSE = '3f2b8a52-9f0e-4b5e-9c1d-0f6a7e1c2d3b';

describe('appending', () => {
  it('numbers, dates and keeps an event as it was given', () => {
    const journal = openJournal(temporaryDir(), { now: () => new Date('2026-01-02T03:04:05.678Z') });
    const event = journal.append({
      type: 'door.unlocked',
      door: 'main',
      cause: CAUSE,
      data: { relayMs: 5000, name: '张三' },
    });
    expect(event).toMatchObject({
      seq: 1,
      at: '2026-01-02T03:04:05.678Z',
      gate: 'gate1',
      type: 'door.unlocked',
    });
    expect(event).toMatchObject({
      door: 'main',
      camera: null,
      cause: CAUSE,
      data: { relayMs: 5000, name: '张三' },
    });
    expect(journal.get(event.seq)).toEqual(event);
    expect(JournalEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it('goes on with the numbering after a restart, and after a crash that closed nothing', () => {
    const dir = temporaryDir();
    const first = openJournal(dir);
    first.append({ type: 'door.rex', data: {} });
    const crashed = openJournal(dir);
    crashed.append({ type: 'door.rex', data: {} });
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(3);
  });

  it('writes several events all or none', () => {
    const journal = openJournal(temporaryDir());
    const bad = { type: 'door.rex', data: { vector: new Float32Array(4) } } as const;
    expect(() => journal.appendMany([{ type: 'door.rex', data: {} }, bad])).toThrow(/binary under "vector"/);
    expect(all(journal)).toEqual([]);
    const events = journal.appendMany([
      { type: 'door.rex', data: {} },
      { type: 'door.locked', data: {} },
    ]);
    expect(events.map((event) => event.seq)).toEqual([1, 2]);
  });

  it('takes a retry under the same id without writing the event again, but no other event', () => {
    const journal = openJournal(temporaryDir());
    const told: number[] = [];
    journal.onAppend((event) => told.push(event.seq));
    const input = { id: CAUSE, type: 'access.granted', data: { score: 0.61 } } as const;
    const first = journal.append(input);
    expect(journal.append({ ...input, data: { ...input.data, happenedAt: 'later' } })).toEqual(first);
    expect(all(journal)).toHaveLength(1);
    expect(told).toEqual([1]);
    expect(() => journal.append({ ...input, type: 'access.denied' })).toThrow(/same id/);
  });

  it('refuses binary, oversized and unserialisable data', () => {
    const journal = openJournal(temporaryDir());
    const append = (data: Record<string, unknown>) => () => journal.append({ type: 'access.denied', data });
    expect(append({ crop: Buffer.from('x') })).toThrow(/binary/);
    expect(append({ deep: [{ embedding: new ArrayBuffer(8) }] })).toThrow(/binary/);
    expect(append({ text: 'x'.repeat(300_000) })).toThrow(/larger than/);
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(append(cycle)).toThrow();
    expect(append({ id: 1n })).toThrow();
    expect(all(journal)).toEqual([]);
  });

  it('tells every listener after the event is on disk, and survives one that throws', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const seen: unknown[] = [];
    journal.onAppend(() => {
      throw new Error('listener');
    });
    const stop = journal.onAppend((event) => seen.push(openJournal(dir).get(event.seq)?.id));
    const { id } = journal.append({ type: 'door.opened', data: {} });
    stop();
    journal.append({ type: 'door.closed', data: {} });
    expect(seen).toEqual([id]);
  });

  it('keeps its files to the owner, and refuses to change what was written', () => {
    const dir = join(temporaryDir(), 'data');
    const journal = openJournal(dir);
    journal.append({ type: 'door.rex', data: {} });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(join(dir, `journal.sqlite${suffix}`)).mode & 0o777).toBe(0o600);
    }
    const other = new Database(join(dir, 'journal.sqlite'));
    expect(() => other.exec("UPDATE events SET data = '{}'")).toThrow(/append-only/);
    other.close();
  });

  it('commits events with FULL synchronisation, and only what may be lost without', () => {
    const db = openForWriting(join(temporaryDir(), 'journal.sqlite'));
    const store = new EventStore(db, null, () => {});
    const level = () => db.pragma('synchronous', { simple: true });
    const FULL = 2;
    const NORMAL = 1;
    expect([db.pragma('journal_mode', { simple: true }), level()]).toEqual(['wal', FULL]);
    store.relaxed(() => expect(level()).toBe(NORMAL));
    expect(() =>
      store.relaxed(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(level()).toBe(FULL);
    db.close();
  });
});

describe('reading', () => {
  it('finds an event by number, id and the beginning of its id', () => {
    const journal = openJournal(temporaryDir());
    const one = journal.append({ id: 'abcd1234-0000-4000-8000-000000000001', type: 'door.rex', data: {} });
    const two = journal.append({ id: 'abcd1234-0000-4000-8000-000000000002', type: 'door.rex', data: {} });
    const digits = journal.append({ id: '12345678-0000-4000-8000-000000000003', type: 'door.rex', data: {} });
    expect(journal.get('1')).toEqual(one);
    expect(journal.get(two.id)).toEqual(two);
    expect(journal.get('ABCD1234-0000-4000-8000-000000000002')).toEqual(two);
    expect(journal.get('12345678')).toEqual(digits);
    expect(() => journal.get('abcd')).toThrow(/Several events/);
    expect(journal.get('abcd1234-0000-4000-8000-000000000009')).toBeUndefined();
    expect(journal.get("x' OR 1=1 --")).toBeUndefined();
    expect(journal.get('abc')).toBeUndefined();
    expect(journal.get(99)).toBeUndefined();
  });

  it('gives stretches and the newest events, in order', () => {
    const journal = openJournal(temporaryDir());
    journal.appendMany(Array.from({ length: 10 }, () => ({ type: 'door.rex', data: {} }) as const));
    expect(journal.range({ after: 3, limit: 4 }).map((event) => event.seq)).toEqual([4, 5, 6, 7]);
    expect(journal.latest(3).map((event) => event.seq)).toEqual([8, 9, 10]);
    expect(journal.latest(0)).toEqual([]);
  });

  it('passes over a row that cannot be read, and says so', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    journal.appendMany([1, 2, 3].map((n) => ({ type: 'door.rex', data: { n } }) as const));
    const other = new Database(join(dir, 'journal.sqlite'));
    other.exec("DROP TRIGGER events_append_only; UPDATE events SET data = '{' WHERE seq = 2");
    other.close();
    expect(journal.pending(2).map((event) => event.seq)).toEqual([1, 3]);
  });
});

describe('the outbox', () => {
  it('keeps an event until it is marked delivered, over a restart too', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    journal.appendMany([1, 2, 3, 4].map((n) => ({ type: 'door.rex', data: { n } }) as const));
    journal.delivered(1);
    journal.delivered([2, 2, 77]);
    journal.close();
    const again = openJournal(dir);
    expect(again.pending(10).map((event) => event.seq)).toEqual([3, 4]);
    expect(again.pending(10, 3).map((event) => event.seq)).toEqual([4]);
    expect(again.pendingCount()).toBe(2);
    expect(all(again)).toHaveLength(4);
  });

  it('stays empty where there is no broker', () => {
    const journal = openJournal(temporaryDir(), { outbox: false });
    journal.append({ type: 'door.rex', data: {} });
    expect(journal.pending(10)).toEqual([]);
  });

  it('agrees with a plain model under any order of appending, delivering, pruning and restarting', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const dir = temporaryDir();
        let journal = openJournal(dir);
        let last = 0;
        let pending: number[] = [];
        for (const action of steps) {
          if (action.kind === 'append') {
            for (let n = 0; n < action.count; n++) {
              last += 1;
              pending.push(last);
              expect(journal.append({ type: 'door.rex', data: {} }).seq).toBe(last);
            }
          } else if (action.kind === 'deliver') {
            journal.delivered(journal.pending(action.count).map((event) => event.seq));
            pending = pending.slice(action.count);
          } else {
            journal.close();
            journal = openJournal(dir);
          }
          expect(journal.pending(100).map((event) => event.seq)).toEqual(pending);
        }
        expect(all(journal).map((event) => event.seq)).toEqual(
          Array.from({ length: last }, (_, index) => index + 1),
        );
        journal.close();
      }),
      { numRuns: 15 },
    );
  });
});

it('says so when it is used after closing', () => {
  const journal = Journal.open({ dataDir: temporaryDir(), gate: 'g', log: silent });
  journal.close();
  expect(() => journal.append({ type: 'door.rex', data: {} })).toThrow(/closed/);
});
