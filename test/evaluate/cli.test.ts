import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { type FACES, portrait, READY } from '../gallery/photos.ts';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-evaluate-'));
  if (!READY) return;
  const put = async (person: string, name: string, who: keyof typeof FACES, roll = 0) => {
    mkdirSync(join(folder, 'faces', person), { recursive: true });
    writeFileSync(join(folder, 'faces', person, name), await portrait(who, roll));
  };
  await put('ann', '1.jpg', 'ann');
  await put('ann', '2.jpg', 'annTilted');
  await put('bea', '1.jpg', 'bea');
  await put('bea', '2.jpg', 'bea', 4);
  await put('cid', '1.jpg', 'cid');
  await put('cid', '2.jpg', 'cid', 3);
  truncateSync(join(folder, 'faces', 'cid', '2.jpg'), 4000);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function menshen(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = vi.spyOn(console, 'log').mockReturnValue();
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const errors = vi.spyOn(console, 'error').mockReturnValue();
  try {
    const code = await run(args);
    const text = (calls: unknown[][]) => calls.map(([first]) => String(first)).join('\n');
    return { code, out: text(out.mock.calls), err: text([...err.mock.calls, ...errors.mock.calls]) };
  } finally {
    out.mockRestore();
    err.mockRestore();
    errors.mockRestore();
  }
}

describe.runIf(READY)('menshen evaluate', () => {
  it('measures verification on photographs, a damaged one among them, and writes the report', async () => {
    const out = join(folder, 'out');
    const { code, out: printed } = await menshen(
      'evaluate',
      'verification',
      '--data',
      join(folder, 'faces'),
      '--out',
      out,
      '--json',
    );
    expect(code).toBe(0);
    const figures = JSON.parse(printed);
    expect(figures.failedToAcquire).toBe(1);
    expect(figures.points.at(-1)).toMatchObject({
      falseMatch: { events: 0, trials: 8 },
      falseNonMatch: { events: 0, trials: 2 },
      falseReject: { events: 1, trials: 3 },
    });
    for (const name of ['report.md', 'report.html', 'report.json', 'det.svg', 'scores.svg']) {
      expect(readFileSync(join(out, name), 'utf8').length).toBeGreaterThan(50);
    }
  });

  it('goes on where it was broken off: what was judged is not judged again', async () => {
    const out = join(folder, 'resumed');
    // Not UTF-8: to be read by nobody, and no reason to end.
    mkdirSync(Buffer.concat([Buffer.from(join(folder, 'faces/')), Buffer.from([0xc0, 0xee])]), {
      recursive: true,
    });
    const args = ['evaluate', 'quality', '--data', join(folder, 'faces'), '--out', out] as const;
    await menshen(...args);
    const cache = join(out, 'analysed.jsonl');
    const lines = readFileSync(cache, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(6);
    // Killed in the middle of the fourth line.
    writeFileSync(cache, `${lines.slice(0, 3).join('\n')}\n`);
    appendFileSync(cache, lines[3]?.slice(0, 100) ?? '');
    const { out: report, err } = await menshen(...args);
    expect(report).toContain('folders that could not be read: 1');
    expect(err).toMatch(/^warning: .*faces.* cannot be read and is left out/m);
    const again = readFileSync(cache, 'utf8').trim().split('\n');
    expect(again.slice(0, 3)).toEqual(lines.slice(0, 3));
    expect(again.length).toBeLessThanOrEqual(7);
  });

  it('judges liveness by the labels of a CSV file', async () => {
    const list = join(folder, 'list.csv');
    writeFileSync(list, 'path,label\nfaces/ann/1.jpg,live\nfaces/bea/1.jpg,live\nfaces/cid/1.jpg,print\n');
    const { code, out } = await menshen(
      'evaluate',
      'liveness',
      '--data',
      list,
      '--out',
      join(folder, 'live'),
    );
    expect(code).toBe(0);
    expect(out).toContain('attacks, print: 1');
    expect(existsSync(join(folder, 'live', 'report.html'))).toBe(true);
  });
});

it('ends where no report can be kept', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  mkdirSync(join(folder, 'faces', 'dan'), { recursive: true });
  writeFileSync(join(folder, 'faces', 'dan', '1.jpg'), 'x');
  for (const out of [file, '/proc/menshen/report']) {
    const refused = await menshen('evaluate', 'quality', '--data', join(folder, 'faces'), '--out', out);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('DATA_DIR_UNUSABLE') });
  }
});

it('is refused with its code when there is nothing to be judged', async () => {
  const missing = await menshen('evaluate', 'quality', '--data', join(folder, 'absent'));
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('DATASET_UNREADABLE') });
});
