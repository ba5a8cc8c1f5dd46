import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { all, openJournal, temporaryDir } from './support.ts';

const PAGE = 4096;

/** A journal of `count` events, all but the last three delivered, closed in good order. */
function closedJournal(count: number): string {
  const dir = temporaryDir();
  const journal = openJournal(dir);
  const inputs = Array.from(
    { length: count },
    (_, n) => ({ type: 'access.denied', data: { n, text: 'x'.repeat(500) } }) as const,
  );
  journal.delivered(
    journal
      .appendMany(inputs)
      .slice(0, -3)
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
        seq: 1,
        type: 'journal.damaged',
        data: { code: 'JOURNAL_CORRUPT', file: name, continuedAfter: null, carriedOver: 0 },
      },
    ]);
    expect(journal.append({ type: 'door.rex', data: {} }).seq).toBe(2);
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
