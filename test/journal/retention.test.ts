import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openDeviceKey } from '../../src/common/index.ts';
import { Journal, JournalReader } from '../../src/journal/index.ts';
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

const KEEP = { retentionDays: 3650, cropRetentionDays: 3650, maxMegabytes: 512 };
const NOTHING = { events: 0, pictures: 0, undelivered: 0 };
const seqs = (journal: Journal) => all(journal).map((event) => event.seq);
const picturesIn = (journal: Journal) =>
  all(journal)
    .filter((event) => journal.picture(event.id) !== undefined)
    .map((event) => event.seq);

describe('retention', () => {
  it('deletes delivered events past their time, and never what waits in the outbox', async () => {
    const { journal } = journalOfDays(10);
    journal.delivered([1, 2, 3, 5, 6]);
    expect(await journal.prune({ ...KEEP, retentionDays: 4 })).toEqual({
      ...NOTHING,
      events: 3,
      pictures: 3,
    });
    expect(seqs(journal)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(journal.pending(10).map((event) => event.seq)).toEqual([4, 7, 8, 9, 10]);
  });

  it('deletes some types and families sooner, and the chain holds over what is gone', async () => {
    const dir = temporaryDir();
    const clock = { now: START };
    const journal = openJournal(dir, { now: () => new Date(clock.now), outbox: true });
    const types = ['camera.up', 'door.rex', 'access.denied', 'camera.down', 'door.locked'] as const;
    for (let day = 0; day < 6; day++) {
      clock.now = START + day * DAY;
      journal.appendMany(types.map((type) => ({ type, data: { day } })));
    }
    journal.delivered(seqs(journal).slice(0, -5));
    const byType = { ...KEEP, retentionDaysByType: { camera: 2, 'door.rex': 4 } };
    expect(await journal.prune(byType)).toMatchObject({ events: 7 });
    const left = all(journal).map(({ type, data }) => `${type} ${data.day}`);
    expect(left).not.toContain('camera.up 2');
    expect(left).toContain('camera.down 3');
    expect(left).not.toContain('door.rex 0');
    expect(left.filter((text) => text.startsWith('door.locked'))).toHaveLength(6);
    // What has not been delivered stays, however old.
    clock.now += 20 * DAY;
    await journal.prune(byType);
    expect(journal.pending(10)).toHaveLength(5);
    journal.close();
    const verified = new JournalReader({ dataDir: dir }).verify(openDeviceKey(dir));
    expect(verified.findings).toEqual([]);
    expect(verified.deleted).toBe(30 - verified.records);
  });

  it('remembers the highest number when everything was deleted, over a restart', async () => {
    const dir = temporaryDir();
    const { journal, clock } = journalOfDays(5, { dir });
    journal.delivered([1, 2, 3, 4, 5]);
    clock.now += 3 * DAY;
    await journal.prune({ ...KEEP, retentionDays: 1 });
    expect(all(journal)).toEqual([]);
    journal.close();
    rmSync(join(dir, 'journal.seq'));
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(6);
  });

  it('deletes by age alone where there is no broker', async () => {
    const { journal } = journalOfDays(10, { outbox: false });
    await journal.prune({ ...KEEP, retentionDays: 4 });
    expect(seqs(journal)).toEqual([6, 7, 8, 9, 10]);
  });

  it('is not held up by what waits for a broker that was taken out of the configuration', async () => {
    const dir = temporaryDir();
    const { journal, clock } = journalOfDays(10, { dir });
    journal.close();
    const without = openJournal(dir, { outbox: false, now: () => new Date(clock.now) });
    expect([without.pending(10), without.pendingCount()]).toEqual([[], 0]);
    expect(await without.prune({ ...KEEP, retentionDays: 4 })).toMatchObject({ events: 5, undelivered: 0 });
    expect(seqs(without)).toEqual([6, 7, 8, 9, 10]);
    without.close();
    // What is still there is sent when the broker comes back.
    expect(
      openJournal(dir)
        .pending(10)
        .map((event) => event.seq),
    ).toEqual([6, 7, 8, 9, 10]);
  });

  it('deletes pictures sooner than events, and all of them with 0', async () => {
    const { journal } = journalOfDays(10);
    expect(await journal.prune({ ...KEEP, cropRetentionDays: 3 })).toEqual({ ...NOTHING, pictures: 6 });
    expect(picturesIn(journal)).toEqual([7, 8, 9, 10]);
    await journal.prune({ ...KEEP, cropRetentionDays: 0 });
    expect(picturesIn(journal)).toEqual([]);
    expect(all(journal)).toHaveLength(10);
  });

  it('is not held up by an event that a wrong clock dated in the future, nor does it delete one for that', async () => {
    const { journal, clock } = journalOfDays(1);
    const at = (day: number) => {
      clock.now = START + day * DAY;
      return journal.append({ type: 'door.rex', data: {} }).seq;
    };
    at(1000);
    at(2);
    at(1000);
    at(28);
    journal.delivered([1, 2, 3, 4, 5]);
    clock.now = START + 30 * DAY;
    await journal.prune({ ...KEEP, retentionDays: 10 });
    expect(seqs(journal)).toEqual([4, 5]);
  });

  it('works through more than one batch', async () => {
    const { journal, clock } = journalOfDays(0);
    const events = journal.appendMany(
      Array.from({ length: 1000 }, () => ({ type: 'door.rex', data: {} }) as const),
    );
    journal.delivered(events.map((event) => event.seq));
    clock.now += 20 * DAY;
    expect(await journal.prune({ ...KEEP, retentionDays: 1 })).toEqual({ ...NOTHING, events: 1000 });
  });
});

describe('a clock that is wrong', () => {
  const SHORT = { ...KEEP, retentionDays: 4, cropRetentionDays: 2 };

  it.each([
    ['years ahead', START + 1000 * DAY],
    ['at the beginning of time', 0],
    ['before the first release', Date.parse('2024-12-31T23:59:59.000Z')],
    ['months behind', START - 100 * DAY],
  ])('%s deletes nothing', async (_, wrong) => {
    const { journal, clock } = journalOfDays(10);
    journal.delivered(Array.from({ length: 10 }, (_, n) => n + 1));
    clock.now = wrong;
    // The first thing a gate writes after its start does not vouch for the clock it is dated by.
    journal.append({ type: 'system.started', data: {} });
    expect(await journal.prune(SHORT)).toEqual(NOTHING);
    expect(picturesIn(journal)).toHaveLength(10);
  });

  it('is believed when events of more than a day agree with it: the gate was off for long', async () => {
    const { journal, clock } = journalOfDays(10);
    journal.delivered(Array.from({ length: 10 }, (_, n) => n + 1));
    clock.now = START + 100 * DAY;
    journal.append({ type: 'system.started', data: {} });
    clock.now += DAY - 1;
    expect(await journal.prune(SHORT)).toEqual(NOTHING);
    clock.now += 1;
    expect(await journal.prune(SHORT)).toEqual({ ...NOTHING, events: 10, pictures: 10 });
  });

  it('corrected deletes what is due, whatever was dated wrongly meanwhile', async () => {
    const { journal, clock } = journalOfDays(10);
    for (const wrong of [0, START + 1000 * DAY]) {
      clock.now = wrong;
      journal.append({ type: 'system.started', data: {} });
    }
    journal.delivered(Array.from({ length: 12 }, (_, n) => n + 1));
    clock.now = START + 10 * DAY;
    expect(await journal.prune(SHORT)).toEqual({ ...NOTHING, events: 6, pictures: 8 });
  });

  it('does not keep pictures that must not be kept at all', async () => {
    const { journal, clock } = journalOfDays(3);
    clock.now = 0;
    expect(await journal.prune({ ...KEEP, cropRetentionDays: 0 })).toEqual({ ...NOTHING, pictures: 3 });
  });
});

describe('journals that were damaged and set aside', () => {
  const name = (time: number) => `journal.sqlite.damaged-${new Date(time).toISOString().replaceAll(':', '')}`;
  const put = (dir: string, time: number) => {
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(join(dir, name(time) + suffix), 'x');
  };
  const setAside = (dir: string) => readdirSync(dir).filter((file) => file.includes('damaged'));

  it('hold pictures too, and go when those would have to', async () => {
    const dir = temporaryDir();
    const { journal, clock } = journalOfDays(20, { dir });
    for (const day of [0, 16]) put(dir, START + day * DAY);
    writeFileSync(join(dir, 'journal.sqlite.damaged-by-hand'), 'not ours');
    await journal.prune({ ...KEEP, cropRetentionDays: 10 });
    const kept = ['', '-shm', '-wal'].map((suffix) => name(START + 16 * DAY) + suffix);
    expect(setAside(dir)).toEqual([...kept, 'journal.sqlite.damaged-by-hand']);
    clock.now = 0;
    await journal.prune({ ...KEEP, cropRetentionDays: 10 });
    expect(setAside(dir)).toHaveLength(4);
  });

  it('are three at most: a disk that damages one after the other must not fill up with them', async () => {
    const dir = temporaryDir();
    const { journal } = journalOfDays(20, { dir });
    for (const day of [15, 16, 17, 18, 19]) put(dir, START + day * DAY);
    await journal.prune(KEEP);
    expect(setAside(dir).filter((file) => file.endsWith('Z'))).toEqual(
      [17, 18, 19].map((day) => name(START + day * DAY)),
    );
  });
});

describe('a journal larger than allowed', () => {
  const MB = 1024 * 1024;
  const SMALL = { ...KEEP, maxMegabytes: 16 };

  /** `count` events of some 50 KB each with a picture of some 50 KB. */
  function large(count: number, options: { outbox?: boolean } = {}) {
    const dir = temporaryDir();
    const journal = openJournal(dir, { outbox: options.outbox ?? true });
    const jpeg = Buffer.concat([JPEG, Buffer.alloc(46_000)]);
    for (let n = 0; n < count; n++) {
      const { id } = journal.append({ type: 'access.denied', data: { text: 'x'.repeat(50_000) } });
      journal.attachPicture(id, jpeg);
    }
    return { dir, journal };
  }

  /** Megabytes that hold something. */
  function used(dir: string): number {
    const db = new Database(join(dir, 'journal.sqlite'), { readonly: true });
    const [pages, free, size] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
      Number(db.pragma(name, { simple: true })),
    );
    db.close();
    return (((pages ?? 0) - (free ?? 0)) * (size ?? 0)) / MB;
  }

  it('gives up its oldest pictures first, and no more than it must', async () => {
    const { dir, journal } = large(200);
    expect(used(dir)).toBeGreaterThan(19);
    const pruned = await journal.prune(SMALL);
    expect(pruned).toMatchObject({ events: 0, undelivered: 0 });
    expect(used(dir)).toBeLessThanOrEqual(16);
    expect(used(dir)).toBeGreaterThan(13);
    expect(picturesIn(journal)).toEqual(
      Array.from({ length: 200 - pruned.pictures }, (_, n) => pruned.pictures + n + 1),
    );
    expect(seqs(journal)).toHaveLength(200);
    expect(await journal.prune(SMALL)).toEqual(NOTHING);
  });

  it('then its oldest delivered events, also past one that waits, and tells nobody', async () => {
    const { dir, journal } = large(400);
    journal.delivered(Array.from({ length: 398 }, (_, n) => n + 2));
    const pruned = await journal.prune(SMALL);
    expect(pruned).toMatchObject({ pictures: 400, undelivered: 0 });
    expect(pruned.events).toBeGreaterThan(0);
    expect(used(dir)).toBeLessThanOrEqual(16);
    expect(seqs(journal)[0]).toBe(1);
    expect(seqs(journal)[1]).toBe(2 + pruned.events);
    expect(journal.pending(10).map((event) => event.seq)).toEqual([1, 400]);
  });

  it('and only then the oldest undelivered, which is told aloud', async () => {
    const lines: string[] = [];
    const { dir, journal } = large(400);
    journal.delivered([2, 4]);
    journal.close();
    const log = { ...silent, error: (_: unknown, text: string) => void lines.push(text) };
    const again = openJournal(dir, { log: Object.assign(Object.create(silent), log) });
    const pruned = await again.prune(SMALL);
    expect(pruned).toMatchObject({ pictures: 400, events: 2 });
    expect(pruned.undelivered).toBeGreaterThan(50);
    expect(used(dir)).toBeLessThanOrEqual(16);
    expect(lines).toEqual([expect.stringMatching(/undelivered events/)]);
    const [trimmed] = again.latest(1);
    expect(trimmed).toMatchObject({
      seq: 401,
      type: 'journal.trimmed',
      data: { maxMegabytes: 16, undelivered: pruned.undelivered, from: 1, to: pruned.undelivered + 2 },
    });
    expect(seqs(again)[0]).toBe(pruned.undelivered + 3);
    expect(again.pending(1)[0]?.seq).toBe(pruned.undelivered + 3);
  });

  it('takes the oldest events, waiting or not, where there is no broker', async () => {
    const { dir, journal } = large(400);
    journal.close();
    const without = openJournal(dir, { outbox: false });
    expect(await without.prune(SMALL)).toMatchObject({ undelivered: 0 });
    expect(used(dir)).toBeLessThanOrEqual(16);
    expect(without.latest(1)[0]?.type).toBe('access.denied');
  });

  it('is made smaller with a wrong clock too', async () => {
    const { dir, journal } = large(200);
    journal.close();
    const again = openJournal(dir, { now: () => new Date(0) });
    await again.prune(SMALL);
    expect(used(dir)).toBeLessThanOrEqual(16);
  });
});

describe('the pictures of a person who was removed', () => {
  const ANNA = '0d3c1a52-9f0e-4b5e-9c1d-0f6a7e1c2d3b';
  const grant = (
    journal: Journal,
    id: string,
    type: 'access.granted' | 'access.denied' = 'access.granted',
  ) => {
    const event = journal.append({ type, data: { person: id === '' ? null : { id, name: 'x' } } });
    journal.attachPicture(event.id, JPEG);
    return event.seq;
  };

  it('go, and no others, and the events stay', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    for (let n = 0; n < 300; n++) grant(journal, n % 2 === 0 ? ANNA : 'somebody');
    grant(journal, '', 'access.denied');
    journal.append({ type: 'access.granted', data: { person: { id: ANNA } } });
    expect(journal.dropPicturesOf(ANNA)).toBe(150);
    expect(picturesIn(journal)).toEqual([...Array.from({ length: 150 }, (_, n) => 2 * n + 2), 301]);
    expect(all(journal)).toHaveLength(302);
    expect(journal.dropPicturesOf(ANNA)).toBe(0);
    expect(journal.dropPicturesOf("' OR 1=1 --")).toBe(0);
  });

  it('leave no trace in the files', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    grant(journal, ANNA);
    const db = new Database(join(dir, 'journal.sqlite'), { readonly: true });
    const cipher = z.instanceof(Buffer).parse(db.prepare('SELECT ciphertext FROM pictures').pluck().get());
    db.close();
    const trace = cipher.subarray(100, 132).toString('latin1');
    expect(readAll(dir)).toContain(trace);
    journal.dropPicturesOf(ANNA);
    expect(readAll(dir)).not.toContain(trace);
  });

  it('are found past an event whose data is ruined', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    grant(journal, 'somebody');
    grant(journal, ANNA);
    const other = new Database(join(dir, 'journal.sqlite'));
    other.exec("DROP TRIGGER events_append_only; UPDATE events SET data = '{' WHERE seq = 1");
    other.close();
    expect(journal.dropPicturesOf(ANNA)).toBe(1);
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

  it('are not stored where none are to be kept', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir, { pictures: false });
    const { id } = journal.append({ type: 'access.granted', data: {} });
    journal.attachPicture(id, JPEG);
    expect(journal.picture(id)).toBeUndefined();
    const db = new Database(join(dir, 'journal.sqlite'), { readonly: true });
    expect(db.prepare('SELECT count(*) FROM pictures').pluck().get()).toBe(0);
    db.close();
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
