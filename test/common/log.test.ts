import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { redactUrl } from '../../src/common/index.ts';

describe('redactUrl', () => {
  it.each([
    ['rtsp://camera:8554/live', 'rtsp://camera:8554/…'],
    ['rtsp://10.0.0.7/user=admin_password=geheim_channel=1_stream=0.sdp', 'rtsp://10.0.0.7/…'],
    ['rtsp://10.0.0.7?password=geheim', 'rtsp://10.0.0.7/…'],
    ['rtsp://10.0.0.7/#geheim', 'rtsp://10.0.0.7/…'],
    ['rtsp://admin:geheim@[fe80::1]:554/a/b?c=geheim', 'rtsp://[fe80::1]:554/…'],
    ['https://geheim@registry.example/@scope/name', 'https://registry.example/…'],
    ['rtsp://camera', 'rtsp://camera'],
    ['rtsp://camera:554/', 'rtsp://camera:554/'],
    ['rtsp://admin:geheim@[bad/live', '<unparseable url>'],
    ['geheim', '<unparseable url>'],
  ])('leaves of %s only where it leads', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it('shows nothing that follows the host', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        const shown = redactUrl(`rtsp://camera:8554/${rest}`);
        expect(['rtsp://camera:8554/', 'rtsp://camera:8554/…']).toContain(shown);
      }),
    );
  });
});

const WRITER = fileURLToPath(new URL('./log-writer.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'menshen-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly n?: number;
  readonly lines?: number;
  readonly msg: string;
}

function writer(stderr: 'pipe' | number, ...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', WRITER, ...args], { stdio: ['pipe', 'pipe', stderr] });
}

/** Milliseconds the longest log call took, told when all lines are logged. */
async function longest({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('no stdout');
  const [line] = await once(stdout, 'data');
  return JSON.parse(String(line)).longestMs;
}

const linesOf = (written: string): Line[] =>
  written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** A named pipe, open at both ends: it takes what is written until it is full, and nobody reads it. */
function pipeNobodyReads(): number {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR);
  rmSync(path);
  return fd;
}

describe('createLogger', () => {
  it.each([
    ['a pipe', pipeNobodyReads],
    ['a socket, as under systemd', () => 'pipe' as const],
  ])('never waits for a reader that has stopped, and not for ever at the end: %s', async (_, open) => {
    const stderr = open();
    const child = writer(stderr, '20000');
    expect(await longest(child)).toBeLessThan(200);
    const told = performance.now();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(performance.now() - told).toBeLessThan(1500);
    if (typeof stderr === 'number') closeSync(stderr);
  });

  it('tells how many lines were dropped as soon as they are read again', async () => {
    const child = writer('pipe', '10000', 'patient');
    await longest(child);
    let written = '';
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      written += piece;
      if (piece.includes('dropped')) child.stdin?.end('go on');
    });
    await once(child, 'close');
    const lines = linesOf(written);
    const [dropped, last] = lines.slice(-2);
    const kept = lines.length - 2;
    expect(kept).toBeGreaterThan(3500);
    expect(lines.slice(0, kept).map(({ n }) => n)).toEqual(numbers(kept));
    expect(dropped).toMatchObject({ lines: 10_000 - kept, msg: expect.stringContaining('dropped') });
    expect(last?.n).toBe(10_000);
  });

  it('loses no line at the end of the process where somebody reads', async () => {
    const child = writer('pipe', '3000');
    const [written] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, 'exit')]);
    expect(linesOf(written).map(({ n }) => n)).toEqual(numbers(3000));
  });

  it('appends to a file', async () => {
    const file = join(folder, 'log');
    const fd = openSync(file, 'a');
    await once(writer(fd, '10000'), 'exit');
    await once(writer(fd, '1'), 'exit');
    closeSync(fd);
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines.map(({ n }) => n)).toEqual([...numbers(10_000), 0]);
  });

  it('goes on when nobody is there to read any more', async () => {
    const child = writer('pipe', '100', 'patient');
    child.stderr?.destroy();
    await longest(child);
    child.stdin?.end('go on');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
