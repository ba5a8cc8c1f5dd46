import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openDeviceKey } from '../../src/common/index.ts';
import { JournalReader } from '../../src/journal/index.ts';
import { all, openJournal, temporaryDir } from './support.ts';

/** The file as version 1 of the schema made it, with events, one of them undelivered, and numbers deleted before them. */
function versionOne(): string {
  const dir = temporaryDir();
  const db = new Database(join(dir, 'journal.sqlite'));
  db.pragma('journal_mode = WAL');
  db.exec(`
  CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, gate TEXT NOT NULL, type TEXT NOT NULL,
    door TEXT, camera TEXT, cause TEXT, data TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER events_append_only BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE) STRICT;
  CREATE TABLE pictures (
    seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
    nonce BLOB NOT NULL, tag BLOB NOT NULL, ciphertext BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = 1;
  INSERT INTO meta VALUES ('last_seq', 4);
  INSERT INTO events VALUES
    (5, '00000000-0000-4000-8000-000000000005', '2026-01-01T00:00:00.000Z', 'gate1', 'door.rex', 'front', NULL, NULL, '{}'),
    (6, '00000000-0000-4000-8000-000000000006', '2026-01-01T00:00:01.000Z', 'gate1', 'door.locked', 'front', NULL, NULL, '{}');
  INSERT INTO outbox VALUES (6);`);
  db.close();
  return dir;
}

describe('a journal of version 1', () => {
  it('is taken over: events, outbox and numbering', () => {
    const journal = openJournal(versionOne());
    expect(journal.append({ type: 'door.rex', data: {} }).seq).toBe(7);
    expect(all(journal).map(({ seq }) => seq)).toEqual([5, 6, 7]);
    expect(journal.pending(10).map(({ seq }) => seq)).toEqual([6, 7]);
  });

  it('is linked from then on, and what is older is told as not proven', () => {
    const dir = versionOne();
    const journal = openJournal(dir);
    journal.append({ type: 'door.rex', data: {} });
    journal.close();
    const result = new JournalReader({ dataDir: dir }).verify(openDeviceKey(dir));
    expect(result).toMatchObject({ records: 3, chained: 1, signedUpTo: 7, findings: [] });
  });

  it('cannot be verified before the gate has taken it over', () => {
    const dir = versionOne();
    expect(() => new JournalReader({ dataDir: dir }).verify(openDeviceKey(dir))).toThrow(/linked no records/);
  });
});
