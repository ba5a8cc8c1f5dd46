import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MenshenError } from '../../src/common/index.ts';
import { type Journal, JournalReader } from '../../src/journal/index.ts';
import { mountReadOnly, mountTmpfs, remount, whyNoMount } from '../support/mount.ts';
import { all, KEY, openJournal, temporaryDir } from './support.ts';

const refusal = whyNoMount();
const mounting = refusal === undefined ? '' : ` (skipped: no mounting here, ${refusal})`;
const EVENT = { type: 'access.denied', data: { text: 'x'.repeat(2000) } } as const;

/** Appends until the disk refuses; gives the code of the refusal. */
function fill(journal: Journal): string {
  for (let n = 0; n < 100_000; n++) {
    try {
      journal.append(EVENT);
    } catch (error) {
      return error instanceof MenshenError ? error.code : String(error);
    }
  }
  return 'never full';
}

function numbersWithoutGap(journal: Journal): boolean {
  return all(journal).every((event, index) => event.seq === index + 1);
}

describe.skipIf(refusal !== undefined)(`a disk that refuses${mounting}`, () => {
  it('full: says so, loses no number, and goes on when there is room again', () => {
    const dir = mountTmpfs(1024);
    const journal = openJournal(dir);
    const ballast = join(dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(300_000));
    expect(fill(journal)).toBe('JOURNAL_WRITE_FAILED');
    const written = all(journal).length;
    expect(written).toBeGreaterThan(10);
    expect(() => journal.append(EVENT)).toThrow(/disk is full.*Free some space/);
    expect(all(journal)).toHaveLength(written);
    rmSync(ballast);
    expect(journal.append(EVENT).seq).toBe(written + 1);
    expect(numbersWithoutGap(journal)).toBe(true);
    expect(journal.pendingCount()).toBe(written + 1);
  });

  it('full, over and over, at every moment of a transaction', () => {
    const dir = mountTmpfs(2048);
    const journal = openJournal(dir);
    const ballast = join(dir, 'ballast');
    let failures = 0;
    for (let size = 1_000_000; size >= 400_000; size -= 30_000) {
      writeFileSync(ballast, Buffer.alloc(size));
      failures += fill(journal) === 'JOURNAL_WRITE_FAILED' ? 1 : 0;
      rmSync(ballast);
      const { seq } = journal.append({ type: 'door.rex', data: {} });
      expect(seq).toBe(all(journal).length);
    }
    expect(failures).toBe(21);
    expect(numbersWithoutGap(journal)).toBe(true);
  });

  it('full at the start: comes up all the same and writes as soon as it can', () => {
    const dir = mountTmpfs(256);
    const ballast = join(dir, 'ballast');
    try {
      writeFileSync(ballast, Buffer.alloc(300_000));
    } catch {
      // Full, as intended.
    }
    const journal = openJournal(dir);
    expect(() => journal.append(EVENT)).toThrow(expect.objectContaining({ code: 'JOURNAL_WRITE_FAILED' }));
    rmSync(ballast);
    expect(journal.append(EVENT).seq).toBe(1);
  });

  it('read-only at the start: comes up all the same and goes on with the numbering later', () => {
    const dir = mountTmpfs(1024);
    const first = openJournal(dir);
    first.append(EVENT);
    first.close();
    remount(dir, 'ro');
    const journal = openJournal(dir);
    expect(() => journal.append(EVENT)).toThrow(expect.objectContaining({ code: 'JOURNAL_WRITE_FAILED' }));
    remount(dir, 'rw');
    expect(journal.append(EVENT).seq).toBe(2);
  });
});

describe('a reader beside the gate', () => {
  it('sees each event as soon as it is written, and changes nothing', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const reader = new JournalReader({ dataDir: dir });
    for (let n = 1; n <= 3; n++) {
      const event = journal.append({ type: 'door.rex', data: { n } });
      expect(reader.latest(1)).toEqual([event]);
      expect(reader.get(String(n))).toEqual(event);
    }
    expect(reader.range({ after: 1, limit: 10 })).toHaveLength(2);
    expect(journal.pendingCount()).toBe(3);
  });

  it('decrypts a picture with the key', () => {
    const dir = temporaryDir();
    const journal = openJournal(dir);
    const { id } = journal.append({ type: 'access.granted', data: {} });
    const jpeg = Buffer.from([0xff, 0xd8, 1, 2, 3]);
    journal.attachPicture(id, jpeg);
    const reader = new JournalReader({ dataDir: dir });
    expect(reader.picture(id, KEY)).toEqual(jpeg);
    expect(() => reader.picture(id, Buffer.alloc(32))).toThrow(
      expect.objectContaining({ code: 'KEY_WRONG' }),
    );
  });

  it('says what is wrong when there is no journal, no such event, or damage', () => {
    const dir = temporaryDir();
    const reader = new JournalReader({ dataDir: dir });
    expect(() => reader.latest(1)).toThrow(expect.objectContaining({ code: 'JOURNAL_UNREADABLE' }));
    openJournal(dir).append({ type: 'door.rex', data: {} });
    expect(() => reader.get('99')).toThrow(expect.objectContaining({ code: 'EVENT_NOT_FOUND' }));
    const ruin = temporaryDir();
    writeFileSync(
      join(ruin, 'journal.sqlite'),
      'no database at all, but long enough to be looked at as one'.repeat(20),
    );
    expect(() => new JournalReader({ dataDir: ruin }).latest(1)).toThrow(
      expect.objectContaining({ code: 'JOURNAL_CORRUPT' }),
    );
  });

  it.skipIf(refusal !== undefined)(
    `needs no right to write, while the gate writes and after it${mounting}`,
    () => {
      const dir = temporaryDir();
      const journal = openJournal(dir);
      journal.append({ type: 'door.rex', data: {} });
      const reader = new JournalReader({ dataDir: mountReadOnly(dir) });
      expect(reader.latest(5)).toHaveLength(1);
      journal.append({ type: 'door.rex', data: {} });
      expect(reader.latest(5)).toHaveLength(2);
      journal.close();
      expect(reader.latest(5)).toHaveLength(2);
    },
  );
});
