import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openForReading } from '../../src/journal/database.ts';
import { all, openJournal, temporaryDir } from './support.ts';

const PAGE = 4096;

/** A journal of `count` events, all but the last `pending` delivered, closed in good order. */
function closedJournal(count: number, pending = 3): string {
  const dir = temporaryDir();
  const journal = openJournal(dir);
  const inputs = Array.from(
    { length: count },
    (_, n) => ({ type: 'access.denied', data: { n, text: 'x'.repeat(500) } }) as const,
  );
  journal.delivered(
    journal
      .appendMany(inputs)
      .slice(0, -pending)
      .map((event) => event.seq),
  );
  journal.close();
  return dir;
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}

/** Kinds of b-tree page as SQLite's file format numbers them. */
const KINDS = {
  13: 'leaf of a table',
  10: 'leaf of an index',
  5: 'interior of a table',
  2: 'interior of an index',
} as const;

/** Numbers (from 0) of the pages of one kind that hold `text` somewhere, in the order of the file. */
function pagesOf(dir: string, kind: keyof typeof KINDS, text = ''): number[] {
  const bytes = readFileSync(join(dir, 'journal.sqlite'));
  return Array.from({ length: bytes.length / PAGE }, (_, page) => page).filter((page) => {
    const content = bytes.subarray(page * PAGE, (page + 1) * PAGE);
    return page > 0 && content[0] === kind && content.includes(text);
  });
}

function ruin(dir: string, pages: readonly number[]): void {
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) overwrite(join(dir, 'journal.sqlite'), page * PAGE, Buffer.alloc(PAGE, 0x5a));
}

/** Root page of a table or index (from 0). */
function rootOf(dir: string, name: string): number {
  const db = openForReading(join(dir, 'journal.sqlite'));
  const page = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(name);
  db.close();
  return Number(page) - 1;
}

function setAside(dir: string): string[] {
  return readdirSync(dir).filter((name) =>
    /^journal\.sqlite\.damaged-\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z$/.test(name),
  );
}

describe('a damaged journal', () => {
  it('without a header is set aside whole, and a new one begun and told', () => {
    const dir = closedJournal(50);
    const file = join(dir, 'journal.sqlite');
    overwrite(file, 0, Buffer.alloc(PAGE, 0x5a));
    const ruin = readFileSync(file);
    const journal = openJournal(dir);
    const [name] = setAside(dir);
    expect(readFileSync(join(dir, name ?? ''))).toEqual(ruin);
    expect(all(journal)).toMatchObject([
      {
        seq: 51,
        type: 'journal.damaged',
        data: { code: 'JOURNAL_CORRUPT', file: name, continuedAfter: 50, carriedOver: 0 },
      },
    ]);
    expect(journal.append({ type: 'door.rex', data: {} }).seq).toBe(52);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('with one ruined page goes on with the numbering and carries over what was not delivered', () => {
    const dir = closedJournal(400);
    overwrite(join(dir, 'journal.sqlite'), 20 * PAGE, Buffer.alloc(PAGE, 0x5a));
    const journal = openJournal(dir);
    expect(setAside(dir)).toHaveLength(1);
    const events = all(journal);
    expect(events.map((event) => event.seq)).toEqual([398, 399, 400, 401]);
    expect(events.at(-1)).toMatchObject({
      type: 'journal.damaged',
      data: { continuedAfter: 400, carriedOver: 3 },
    });
    expect(journal.pending(10).map((event) => event.seq)).toEqual([398, 399, 400, 401]);
    expect(events[0]?.data).toMatchObject({ n: 397 });
  });

  it('with its last leaf of events ruined loses no more than what stood in that leaf', () => {
    const dir = closedJournal(400, 200);
    const last = pagesOf(dir, 13, '"n":').at(-1) ?? 0;
    ruin(dir, [last]);
    const journal = openJournal(dir);
    const events = all(journal);
    expect(events.at(-1)).toMatchObject({ seq: 401, data: { continuedAfter: 400 } });
    const { carriedOver } = events.at(-1)?.data ?? {};
    expect(carriedOver).toBeGreaterThan(190);
    expect(carriedOver).toBeLessThan(200);
    expect(events.map((event) => event.seq)).toEqual([
      ...Array.from({ length: Number(carriedOver) }, (_, n) => 201 + n),
      401,
    ]);
  });

  it.each([
    ['the outbox', 'outbox', 0],
    ['the index of ids', 'sqlite_autoindex_events_1', 200],
    ['what it remembers', 'meta', 200],
    ['the events', 'events', 0],
  ])('with the root of %s ruined goes on with the numbering', (_, name, carriedOver) => {
    const dir = closedJournal(400, 200);
    ruin(dir, [rootOf(dir, name)]);
    expect(all(openJournal(dir)).at(-1)).toMatchObject({
      seq: 401,
      data: { continuedAfter: 400, carriedOver },
    });
  });

  it('with everything ruined but its header goes on with the numbering', () => {
    const dir = closedJournal(400, 200);
    ruin(dir, pagesOf(dir, 13));
    ruin(dir, pagesOf(dir, 10));
    expect(all(openJournal(dir))).toMatchObject([
      { seq: 401, data: { continuedAfter: 400, carriedOver: 0 } },
    ]);
  });

  it('that went missing altogether goes on with the numbering', () => {
    const dir = closedJournal(20);
    rmSync(join(dir, 'journal.sqlite'));
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(21);
  });

  it('after a crash leaves a gap rather than give a number twice', () => {
    const crashed = temporaryDir();
    const first = openJournal(crashed);
    first.appendMany(Array.from({ length: 1500 }, () => ({ type: 'door.rex', data: {} }) as const));
    first.append({ type: 'door.rex', data: {} });
    const dir = temporaryDir();
    cpSync(join(crashed, 'journal.seq'), join(dir, 'journal.seq'));
    writeFileSync(join(dir, 'journal.sqlite'), Buffer.alloc(3 * PAGE, 0x5a));
    const [event] = all(openJournal(dir));
    expect(event?.seq).toBeGreaterThan(1501);
    expect(event?.seq).toBeLessThanOrEqual(1501 + 1001);
  });

  it('replaced by a copy from a week ago gives no number twice', () => {
    const dir = closedJournal(20);
    const copy = readFileSync(join(dir, 'journal.sqlite'));
    const journal = openJournal(dir);
    journal.appendMany(Array.from({ length: 30 }, () => ({ type: 'door.rex', data: {} }) as const));
    journal.close();
    writeFileSync(join(dir, 'journal.sqlite'), copy);
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(51);
  });

  it('is replaced under way too, when what was read before no longer hides it', () => {
    const dir = closedJournal(400);
    const journal = openJournal(dir);
    // More than SQLite's page cache (16 MB) holds, so that the ruined pages are read from the file.
    const bulk = Array.from(
      { length: 100 },
      () => ({ type: 'door.rex', data: { text: 'x'.repeat(200_000) } }) as const,
    );
    const last = journal.appendMany(bulk).at(-1)?.seq ?? 0;
    overwrite(join(dir, 'journal.sqlite'), 20 * PAGE, Buffer.alloc(50 * PAGE, 0x5a));
    const event = journal.append({ type: 'door.opened', data: {} });
    journal.range({ after: 0, limit: 1000 });
    expect(setAside(dir)).toHaveLength(1);
    const next = journal.append({ type: 'door.closed', data: {} });
    expect(next.seq).toBe(last + 3);
    expect(journal.pending(1000).map((entry) => entry.id)).toEqual(
      expect.arrayContaining([event.id, next.id]),
    );
    expect(all(journal).map((entry) => entry.type)).toContain('journal.damaged');
  });

  it('keeps its numbering under way even when nothing of the file can be read', () => {
    const dir = closedJournal(10);
    const journal = openJournal(dir);
    const bulk = Array.from(
      { length: 100 },
      () => ({ type: 'door.rex', data: { text: 'x'.repeat(200_000) } }) as const,
    );
    const last = journal.appendMany(bulk).at(-1)?.seq ?? 0;
    overwrite(join(dir, 'journal.sqlite'), 0, Buffer.alloc(3000 * PAGE, 0x5a));
    journal.range({ after: 0, limit: 1000 });
    expect(all(journal)).toMatchObject([{ seq: last + 1, data: { continuedAfter: last, carriedOver: 0 } }]);
  });

  it('is never set aside for being whole: any cut of the -wal file opens clean', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const ids = [1, 2, 3, 4, 5].map((n) => journal.append({ type: 'door.rex', data: { n } }).id);
    const wal = readFileSync(join(dir, 'journal.sqlite-wal'));
    let most = 0;
    for (let cut = 0; cut <= wal.length; cut += 1000) {
      const copy = temporaryDir();
      cpSync(join(dir, 'journal.sqlite'), join(copy, 'journal.sqlite'));
      writeFileSync(join(copy, 'journal.sqlite-wal'), wal.subarray(0, cut));
      const events = all(openJournal(copy));
      expect(setAside(copy)).toEqual([]);
      expect(events.map((event) => event.id)).toEqual(ids.slice(0, events.length));
      most = Math.max(most, events.length);
    }
    expect(most).toBeGreaterThanOrEqual(4);
  });
});

describe('the record of the numbers given (journal.seq)', () => {
  const record = (dir: string) => JSON.parse(readFileSync(join(dir, 'journal.seq'), 'utf8'));

  it('runs ahead of the numbers, is exact after a stop in order, and is kept to the owner', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    journal.append({ type: 'door.rex', data: {} });
    expect(record(dir)).toEqual({ given: 0, reserved: 1001 });
    journal.appendMany(Array.from({ length: 1001 }, () => ({ type: 'door.rex', data: {} }) as const));
    expect(record(dir)).toEqual({ given: 1, reserved: 2002 });
    journal.close();
    expect(record(dir)).toEqual({ given: 1002, reserved: 1002 });
    expect(statSync(join(dir, 'journal.seq')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(['device.key', 'journal.seq', 'journal.sqlite']);
  });

  it('may be missing or nonsense: the journal itself counts', () => {
    const dir = closedJournal(7);
    for (const text of ['', '{', '{"given":-1,"reserved":"x"}', '{"given":9,"reserved":3}']) {
      writeFileSync(join(dir, 'journal.seq'), text);
      const before = openJournal(dir);
      const { seq } = before.append({ type: 'door.rex', data: {} });
      expect(seq).toBe(all(before).length);
      before.close();
    }
  });

  it('that cannot be written costs no event', () => {
    const dir = closedJournal(7);
    rmSync(join(dir, 'journal.seq'));
    mkdirSync(join(dir, 'journal.seq'));
    expect(openJournal(dir).append({ type: 'door.rex', data: {} }).seq).toBe(8);
  });
});

it('a journal of a newer version is refused and left as it is', () => {
  const dir = closedJournal(3);
  const db = new Database(join(dir, 'journal.sqlite'));
  db.pragma('user_version = 99');
  db.close();
  const before = readFileSync(join(dir, 'journal.sqlite'));
  expect(() => openJournal(dir)).toThrow(expect.objectContaining({ code: 'JOURNAL_TOO_NEW' }));
  expect(readFileSync(join(dir, 'journal.sqlite'))).toEqual(before);
  expect(setAside(dir)).toEqual([]);
});
