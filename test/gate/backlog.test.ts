import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, isoNow, MenshenError } from '../../src/common/index.ts';
import { Backlog } from '../../src/gate/backlog.ts';
import { Journal, type JournalEntry } from '../../src/journal/index.ts';

const log = createLogger('test', 'silent');
let folder: string;
let journal: Journal;
let backlog: Backlog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-backlog-'));
  journal = Journal.open({ dataDir: folder, gate: 'gate', log, key: Buffer.alloc(32, 7) });
  backlog = new Backlog(journal, log);
});

afterEach(() => {
  backlog.stop();
  journal.close();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The disk is full until this is called. */
function fillDisk(): () => void {
  const spy = vi.spyOn(journal, 'appendMany').mockImplementation(() => {
    throw new MenshenError('JOURNAL_WRITE_FAILED', 'disk full');
  });
  return () => spy.mockRestore();
}

const timed = (event: JournalEntry) => ({ event, happenedAt: isoNow() });

const kinds = () => journal.range({ after: 0, limit: 100 }).map(({ type }) => type);

describe('the backlog', () => {
  it('writes at once while the disk takes it', () => {
    backlog.add(
      timed({ id: '0d3f7a3e-51a0-4e0c-9a43-0d9fd4f4a001', type: 'door.rex', door: 'front', data: {} }),
    );
    expect(kinds()).toEqual(['door.rex']);
  });

  it('keeps events in order while the disk is full, and writes them afterwards', async () => {
    const free = fillDisk();
    backlog.add(timed({ type: 'door.unlocked', door: 'front', data: { n: 1 } }));
    backlog.add(timed({ type: 'door.locked', door: 'front', data: { n: 2 } }));
    expect(backlog.waiting).toBe(2);
    free();
    backlog.add(timed({ type: 'door.opened', door: 'front', data: { n: 3 } }));
    expect(backlog.waiting).toBe(3);
    await vi.waitFor(() => expect(backlog.waiting).toBe(0), 3000);
    expect(kinds()).toEqual(['door.unlocked', 'door.locked', 'door.opened']);
  });

  it('tells of each that had to wait when it happened, the first of them as well', () => {
    const free = fillDisk();
    const events = [1, 2].map((n) => timed({ type: 'door.rex', data: { n } }));
    for (const event of events) backlog.add(event);
    free();
    backlog.stop();
    backlog.add(timed({ type: 'door.rex', data: { n: 3 } }));
    expect(journal.range({ after: 0, limit: 100 }).map(({ data }) => data)).toEqual([
      ...events.map(({ event: { data }, happenedAt }) => ({ ...data, happenedAt })),
      { n: 3 },
    ]);
  });

  it('writes several with one commit, and one by one where one of them can never be written', () => {
    const together = vi.spyOn(journal, 'appendMany');
    backlog.addAll([
      timed({ type: 'door.rex', data: { n: 1 } }),
      timed({ type: 'door.locked', data: { n: 2 } }),
    ]);
    expect(together).toHaveBeenCalledTimes(1);
    backlog.addAll([
      timed({ type: 'door.opened', data: { n: 3 } }),
      timed({ type: 'door.rex', data: { binary: 10n } }),
      timed({ type: 'door.closed', data: { n: 5 } }),
    ]);
    expect(kinds()).toEqual(['door.rex', 'door.locked', 'door.opened', 'door.closed']);
  });

  it('writes what waited with one commit', () => {
    const free = fillDisk();
    for (let n = 0; n < 30; n++) backlog.add(timed({ type: 'door.rex', data: { n } }));
    free();
    const commits = vi.spyOn(journal, 'appendMany');
    backlog.stop();
    expect(commits).toHaveBeenCalledTimes(1);
    expect(kinds()).toHaveLength(30);
  });

  it('writes what waits when it is stopped', () => {
    const free = fillDisk();
    backlog.add(timed({ type: 'door.rex', data: {} }));
    free();
    backlog.stop();
    expect(kinds()).toEqual(['door.rex']);
  });

  it('does not let an event that can never be written hold up the others', () => {
    const free = fillDisk();
    backlog.add(timed({ type: 'door.rex', data: { n: 1 } }));
    free();
    backlog.add(timed({ type: 'door.rex', data: { binary: 10n } }));
    backlog.add(timed({ type: 'door.locked', data: {} }));
    backlog.stop();
    expect(kinds()).toEqual(['door.rex', 'door.locked']);
  });
});
