import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { Journal, type JournalOptions } from '../../src/journal/index.ts';

export const KEY = Buffer.alloc(32, 7);
export const silent = createLogger('test', 'silent');

/** A folder of its own for a test, gone afterwards. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-journal-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** An open journal, closed when the test ends. */
export function openJournal(dataDir: string, options: Partial<JournalOptions> = {}): Journal {
  const journal = Journal.open({ dataDir, gate: 'gate1', log: silent, key: KEY, ...options });
  onTestFinished(() => journal.close());
  return journal;
}

/** Every entry, oldest first. */
export function all(journal: Journal): ReturnType<Journal['range']> {
  return journal.range({ after: 0, limit: 1_000_000 });
}
