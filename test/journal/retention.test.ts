import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../src/journal/index.ts';
import { all, KEY, openJournal, silent, temporaryDir } from './support.ts';

const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(4000, 'face')]);
const DAY = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00.000Z');

/** A journal whose clock is set by hand, with one event (and its picture) a day for `days` days. */
function journalOfDays(days: number, options: { dir?: string; outbox?: boolean } = {}) {
  const clock = { now: START };
  const journal = openJournal(options.dir ?? temporaryDir(), {
    now: () => new Date(clock.now),
    outbox: options.outbox ?? true,
  });
  for (let day = 0; day < days; day++) {
    clock.now = START + day * DAY;
    journal.attachPicture(journal.append({ type: 'access.denied', data: { day } }).id, JPEG);
  }
  return { journal, clock };
}

describe('retention', () => {
  it('deletes delivered events past their time, and never what waits in the outbox', async () => {
    const { journal } = journalOfDays(10);
    journal.delivered([1, 2, 3, 5, 6]);
    expect(await journal.prune({ retentionDays: 4, cropRetentionDays: 100 })).toMatchObject({ events: 3 });
    expect(all(journal).map((event) => event.seq)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(journal.pending(10).map((event) => event.seq)).toEqual([4, 7, 8, 9, 10]);
  });

  it('remembers the highest number when everything was deleted, over a restart', async () => {
    const dir = temporaryDir();
    const { journal, clock } = journalOfDays(5, { dir });
    journal.delivered([1, 2, 3, 4, 5]);
    clock.now += 365 * DAY;
    await journal.prune({ retentionDays: 30, cropRetentionDays: 30 });
    expect(all(journal)).toEqual([]);
    journal.close();
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(6);
  });

  it('deletes by age alone where there is no broker', async () => {
    const { journal } = journalOfDays(10, { outbox: false });
    await journal.prune({ retentionDays: 4, cropRetentionDays: 4 });
    expect(all(journal).map((event) => event.seq)).toEqual([6, 7, 8, 9, 10]);
  });

  it('deletes pictures sooner than events, and all of them with 0', async () => {
    const { journal } = journalOfDays(10);
    const pictures = () => all(journal).filter((event) => journal.picture(event.id) !== undefined).length;
    expect(await journal.prune({ retentionDays: 100, cropRetentionDays: 3 })).toEqual({
      events: 0,
      pictures: 6,
    });
    expect(pictures()).toBe(4);
    await journal.prune({ retentionDays: 100, cropRetentionDays: 0 });
    expect(pictures()).toBe(0);
    expect(all(journal)).toHaveLength(10);
  });

  it('is not held up by an event that a wrong clock dated in the future', async () => {
    const { journal, clock } = journalOfDays(1);
    clock.now = START + 1000 * DAY;
    journal.append({ type: 'door.rex', data: {} });
    clock.now = START + 2 * DAY;
    journal.append({ type: 'door.rex', data: {} });
    journal.delivered([1, 2, 3]);
    clock.now = START + 100 * DAY;
    await journal.prune({ retentionDays: 30, cropRetentionDays: 30 });
    expect(all(journal)).toEqual([]);
  });

  it('works through more than one batch', async () => {
    const { journal, clock } = journalOfDays(0);
    const events = journal.appendMany(
      Array.from({ length: 1000 }, () => ({ type: 'door.rex', data: {} }) as const),
    );
    journal.delivered(events.map((event) => event.seq));
    clock.now += 100 * DAY;
    expect(await journal.prune({ retentionDays: 1, cropRetentionDays: 1 })).toEqual({
      events: 1000,
      pictures: 0,
    });
  });
});

describe('pictures', () => {
  it('are kept encrypted and come back as they were', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const { id } = journal.append({ type: 'access.granted', data: {} });
    journal.attachPicture(id, JPEG);
    expect(journal.picture(id)).toEqual(JPEG);
    expect(journal.picture(journal.append({ type: 'access.granted', data: {} }).id)).toBeUndefined();
    expect(readAll(dir)).not.toContain('faceface');
  });

  it('do not open with another key, nor under another event', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const [one, two] = [1, 2].map((n) => journal.append({ type: 'access.granted', data: { n } }).id);
    journal.attachPicture(one ?? '', JPEG);
    const stranger = openJournal(dir, { key: Buffer.alloc(32, 8) });
    expect(() => stranger.picture(one ?? '')).toThrow(expect.objectContaining({ code: 'KEY_WRONG' }));
    journal.close();
    const raw = new Database(join(dir, 'journal.sqlite'));
    raw.exec('UPDATE pictures SET seq = 2');
    raw.close();
    const again = openJournal(dir, { key: KEY });
    expect(() => again.picture(two ?? '')).toThrow(expect.objectContaining({ code: 'KEY_WRONG' }));
  });

  it('refuse what is no JPEG, an unknown event, and a journal without a key', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const { id } = journal.append({ type: 'access.granted', data: {} });
    expect(() => journal.attachPicture(id, Buffer.from('GIF89a'))).toThrow(
      expect.objectContaining({ code: 'PICTURE_UNREADABLE' }),
    );
    expect(() => journal.attachPicture('nobody', JPEG)).toThrow(
      expect.objectContaining({ code: 'EVENT_NOT_FOUND' }),
    );
    const keyless = Journal.open({ dataDir: dir, gate: 'g', log: silent });
    expect(() => keyless.attachPicture(id, JPEG)).toThrow(expect.objectContaining({ code: 'KEY_MISSING' }));
    keyless.close();
    const short = () => Journal.open({ dataDir: dir, gate: 'g', log: silent, key: Buffer.alloc(16) });
    expect(short).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

function readAll(dir: string): string {
  return readdirSync(dir)
    .map((name) => readFileSync(join(dir, name)).toString('latin1'))
    .join('');
}
