import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, MenshenError } from '../../src/common/index.ts';
import { Recorder } from '../../src/gate/recorder.ts';
import { Journal } from '../../src/journal/index.ts';

const log = createLogger('test', 'silent');
let folder: string;
let journal: Journal;
let recorder: Recorder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-recorder-'));
  journal = Journal.open({ dataDir: folder, gate: 'gate', log, key: Buffer.alloc(32, 7) });
  recorder = new Recorder(journal, log);
});

afterEach(() => {
  recorder.stop();
  journal.close();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The disk is full until this is called. */
function fillDisk(): () => void {
  const spy = vi.spyOn(journal, 'append').mockImplementation(() => {
    throw new MenshenError('JOURNAL_WRITE_FAILED', 'disk full');
  });
  return () => spy.mockRestore();
}

const kinds = () => journal.range({ after: 0, limit: 100 }).map(({ type }) => type);

describe('the recorder', () => {
  it('writes at once, under the id it was given', () => {
    const id = '0d3f7a3e-51a0-4e0c-9a43-0d9fd4f4a001';
    expect(recorder.record({ id, type: 'door.rex', door: 'front', data: {} })).toBe(id);
    expect(journal.get(id)).toMatchObject({ seq: 1, type: 'door.rex' });
  });

  it('keeps events in order while the disk is full, with the time they happened, and writes them afterwards', async () => {
    const free = fillDisk();
    const before = new Date().toISOString();
    recorder.record({ type: 'door.unlocked', door: 'front', data: { n: 1 } });
    recorder.record({ type: 'door.locked', door: 'front', data: { n: 2 } });
    expect(recorder.waiting).toBe(2);
    free();
    recorder.record({ type: 'door.opened', door: 'front', data: { n: 3 } });
    expect(recorder.waiting).toBe(3);
    await vi.waitFor(() => expect(recorder.waiting).toBe(0), 3000);
    const written = journal.range({ after: 0, limit: 10 });
    expect(written.map(({ type }) => type)).toEqual(['door.unlocked', 'door.locked', 'door.opened']);
    expect(String(written[0].data.happenedAt) >= before).toBe(true);
  });

  it('writes what waits when it is stopped', () => {
    const free = fillDisk();
    recorder.record({ type: 'door.rex', data: {} });
    free();
    recorder.stop();
    expect(kinds()).toEqual(['door.rex']);
  });

  it('does not let an event that can never be written hold up the others', () => {
    const free = fillDisk();
    recorder.record({ type: 'door.rex', data: { n: 1 } });
    free();
    recorder.record({ type: 'door.rex', data: { binary: 10n } });
    recorder.record({ type: 'door.locked', data: {} });
    recorder.stop();
    expect(kinds()).toEqual(['door.rex', 'door.locked']);
  });

  it('survives a picture that is none', () => {
    const id = recorder.record({ type: 'access.denied', data: {} });
    expect(() => recorder.picture(id, Buffer.from('no jpeg'))).not.toThrow();
    expect(journal.picture(id)).toBeUndefined();
  });
});
