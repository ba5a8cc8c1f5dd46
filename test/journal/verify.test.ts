import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDeviceKey, readDevicePublicKey } from '../../src/common/index.ts';
import { GENESIS, headMessage, linkHash } from '../../src/journal/chain.ts';
import { JournalReader, type Verification } from '../../src/journal/index.ts';
import { all, openJournal, temporaryDir } from './support.ts';

const RETENTION = { retentionDays: 180, cropRetentionDays: 30, maxMegabytes: 512 };

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

/** A closed journal of `count` events, so many days old; gives its folder. */
function journalOf(count: number, days = 0): string {
  const dir = temporaryDir();
  const journal = openJournal(dir, { now: () => daysAgo(days) });
  journal.appendMany(
    Array.from({ length: count }, (_, n) => ({ type: 'access.denied', door: 'front', data: { n } }) as const),
  );
  journal.delivered(all(journal).map(({ seq }) => seq));
  journal.close();
  return dir;
}

function verify(dir: string): Verification {
  return new JournalReader({ dataDir: dir }).verify(openDeviceKey(dir));
}

/** Does with the closed file what somebody can who has all rights to it, but not the device's key. */
function tamper(dir: string, work: (db: Database.Database) => void): void {
  const db = new Database(join(dir, 'journal.sqlite'));
  db.pragma('foreign_keys = OFF');
  db.exec('DROP TRIGGER events_append_only');
  work(db);
  db.close();
}

const kinds = (dir: string) => verify(dir).findings.map(({ kind, seq }) => `${kind} ${seq}`);

/** Links everything anew from `seq` on, as somebody who knows how it is done would. */
function relink(db: Database.Database, from: number): void {
  let prev: Buffer = GENESIS;
  for (const row of db.prepare('SELECT * FROM events ORDER BY seq').all() as Parameters<
    typeof linkHash
  >[1][]) {
    const hash = linkHash(prev, row, (row as unknown as { data: string }).data);
    if (row.seq >= from)
      db.prepare('UPDATE chain SET prev = ?, hash = ? WHERE seq = ?').run(prev, hash, row.seq);
    prev = hash;
  }
}

describe('an untouched journal holds', () => {
  it('empty, short, and over several signatures', () => {
    for (const count of [0, 1, 99, 100, 101, 350]) {
      const result = verify(journalOf(count));
      expect(result).toMatchObject({ records: count, chained: count, findings: [] });
      expect(result.signedUpTo).toBe(count);
    }
  });

  it('after restarts, and while the gate writes it', () => {
    const dir = journalOf(120);
    const journal = openJournal(dir);
    journal.append({ type: 'door.rex', data: {} });
    expect(verify(dir)).toMatchObject({ records: 121, signedUpTo: 120, findings: [] });
  });

  it('after deleting by age, and with what was deleted the beginning of the chain', async () => {
    const dir = journalOf(230, 200);
    const recent = openJournal(dir, { now: () => daysAgo(5) });
    recent.appendMany([{ type: 'door.rex', data: {} }]);
    recent.delivered(231);
    recent.close();
    const journal = openJournal(dir);
    expect(await journal.prune(RETENTION)).toMatchObject({ events: 230 });
    journal.append({ type: 'door.rex', data: {} });
    journal.close();
    expect(verify(dir)).toMatchObject({ records: 2, deleted: 230, signedUpTo: 232, findings: [] });
  });

  it('with the public key alone, kept elsewhere', () => {
    const dir = journalOf(5);
    const { spki } = openDeviceKey(dir);
    rmSync(join(dir, 'device.key'));
    expect(new JournalReader({ dataDir: dir }).verify(readDevicePublicKey(spki)).findings).toEqual([]);
  });
});

describe('says which record', () => {
  it('was altered', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => db.exec(`UPDATE events SET data = '{"n":-1}' WHERE seq = 77`));
    expect(kinds(dir)).toEqual(['altered 77']);
  });

  it('was altered and given the hash that suits it', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => {
      const row = db.prepare('SELECT * FROM events JOIN chain USING (seq) WHERE seq = 77').get() as never;
      const hash = linkHash((row as { prev: Buffer }).prev, row, '{"n":-1}');
      db.exec(`UPDATE events SET data = '{"n":-1}' WHERE seq = 77`);
      db.prepare('UPDATE chain SET hash = ? WHERE seq = 77').run(hash);
    });
    expect(kinds(dir)).toEqual(['altered 77']);
  });

  it('was altered at the latest, when the whole chain was made anew', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => {
      db.exec(`UPDATE events SET data = '{"n":-1}' WHERE seq = 77`);
      relink(db, 77);
    });
    expect(kinds(dir)).toEqual(['altered 100', 'altered 150']);
  });

  it('is missing, in the middle, several, and at the end', () => {
    for (const [gone, found] of [
      ['seq = 40', ['missing 40']],
      ['seq BETWEEN 40 AND 42', ['missing 40']],
      ['seq = 1', ['missing 1']],
      ['seq >= 149', ['missing 149']],
    ] as const) {
      const dir = journalOf(150);
      tamper(dir, (db) => db.exec(`DELETE FROM events WHERE ${gone}; DELETE FROM chain WHERE ${gone};`));
      expect(kinds(dir)).toEqual(found);
    }
  });

  it('was taken out and the numbers closed up', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => {
      for (const table of ['events', 'chain']) {
        db.exec(`DELETE FROM ${table} WHERE seq = 40; UPDATE ${table} SET seq = -seq WHERE seq > 40;
          UPDATE ${table} SET seq = -seq - 1 WHERE seq < 0;`);
      }
    });
    const found = verify(dir).findings;
    expect(found.some(({ kind, seq }) => kind === 'reordered' && seq === 40)).toBe(true);
    expect(found.some(({ kind, seq }) => kind === 'missing' && seq === 150)).toBe(true);
  });

  it('changed places', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => {
      for (const table of ['events', 'chain']) {
        db.exec(`UPDATE ${table} SET seq = -20 WHERE seq = 20; UPDATE ${table} SET seq = 20 WHERE seq = 90;
          UPDATE ${table} SET seq = 90 WHERE seq = -20;`);
      }
    });
    expect(kinds(dir)).toEqual(['reordered 20', 'reordered 90']);
  });

  it('was put in', () => {
    const dir = journalOf(20);
    tamper(dir, (db) => {
      db.exec(`INSERT INTO events SELECT 21, 'f0000000-0000-4000-8000-000000000000', at, gate, type, door, camera, cause, data
        FROM events WHERE seq = 20`);
    });
    expect(kinds(dir)).toEqual(['altered 21']);
  });

  it('is not signed by this device', () => {
    const dir = journalOf(150);
    const stranger = openDeviceKey(temporaryDir());
    tamper(dir, (db) => {
      db.exec(`UPDATE events SET data = '{"n":-1}' WHERE seq = 77`);
      relink(db, 77);
      for (const seq of [100, 150]) {
        const hash = db.prepare('SELECT hash FROM chain WHERE seq = ?').pluck().get(seq) as Buffer;
        db.prepare('UPDATE signatures SET hash = ?, signature = ?, key_id = ? WHERE seq = ?').run(
          hash,
          stranger.sign(headMessage(seq, hash)),
          stranger.id,
          seq,
        );
      }
    });
    expect(kinds(dir)).toContain('foreign_signature 100');
    expect(kinds(dir)).toContain('unsigned 1');
  });

  it('is missing, when a deletion was only claimed', () => {
    const dir = journalOf(150);
    tamper(dir, (db) => {
      db.exec('DELETE FROM events WHERE seq < 50; DELETE FROM chain WHERE seq < 50');
      db.exec(`INSERT INTO gaps (first, last, reason) VALUES (1, 49, 'retention')`);
    });
    expect(kinds(dir)).toEqual(['missing 1']);
  });

  it('was lost with a journal that was replaced by an older copy', () => {
    const dir = journalOf(30);
    const copy = readFileSync(join(dir, 'journal.sqlite'));
    const journal = openJournal(dir);
    journal.appendMany(Array.from({ length: 10 }, () => ({ type: 'door.rex', data: {} }) as const));
    journal.close();
    writeFileSync(join(dir, 'journal.sqlite'), copy);
    const again = openJournal(dir);
    again.append({ type: 'door.rex', data: {} });
    again.close();
    const { findings } = verify(dir);
    expect(findings).toEqual([
      { kind: 'missing', seq: 31, message: expect.stringContaining('31 to 40 are lost') },
    ]);
  });

  it('whatever single column of whatever record is changed', () => {
    const dir = journalOf(120);
    const file = readFileSync(join(dir, 'journal.sqlite'));
    const columns = ['id', 'at', 'gate', 'type', 'door', 'data'] as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom(...columns),
        fc.string({ minLength: 1 }),
        (seq, column, value) => {
          writeFileSync(join(dir, 'journal.sqlite'), file);
          tamper(dir, (db) => db.prepare(`UPDATE events SET ${column} = ? WHERE seq = ?`).run(value, seq));
          expect(kinds(dir)).toContain(`altered ${seq}`);
        },
      ),
      { numRuns: 40 },
    );
  });
});
