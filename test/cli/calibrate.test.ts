import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readSite, siteFile } from '../../src/calibration/index.ts';
import { run } from '../../src/cli/program.ts';
import { createLogger } from '../../src/common/index.ts';
import { Gallery, gateKey } from '../../src/gallery/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../src/vision/models/index.ts';
import { near, unit } from '../gallery/helpers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-calibrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const model = entryForRole(await readCatalogue(defaultModelsDir()), 'embedding');

function enrol(from: number, to: number): void {
  const gallery = Gallery.open({ dataDir: folder, log: createLogger('test', 'silent') });
  for (let i = from; i < to; i++) {
    const consent = { local: true, cloud: false, at: new Date().toISOString(), version: '1' };
    const embedding = {
      vector: near(unit(1), 0.5, 1000 + i),
      model: { id: model.id, version: model.version },
    };
    gallery.addPerson({ name: `P${i}`, consent }, [{ embedding, qualityScore: 0.9, picture: null }]);
  }
  gallery.close();
}

async function menshen(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = vi.spyOn(console, 'log').mockReturnValue();
  const err = vi.spyOn(console, 'error').mockReturnValue();
  try {
    const code = await run([...args, '--data-dir', folder]);
    const text = (calls: unknown[][]) => calls.map(([first]) => String(first)).join('\n');
    return { code, out: text(out.mock.calls), err: text(err.mock.calls) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

it('says how many people are missing, and changes nothing, while there are too few', async () => {
  enrol(0, 6);
  const { code, out, err } = await menshen('calibrate');
  expect(code).toBe(1);
  expect(out).toContain('15 comparisons of different people');
  expect(err).toMatch(/CALIBRATION_TOO_LITTLE.*at least 4 more/s);
  expect(readSite(folder, gateKey(folder), model.sha256)).toBeNull();
});

it('keeps what it found sealed in the data directory, tied to the network, and forgets it again', async () => {
  enrol(0, 40);
  expect((await menshen('calibrate', '--dry-run')).code).toBe(0);
  expect(readSite(folder, gateKey(folder), model.sha256)).toBeNull();
  const { code, out } = await menshen('calibrate');
  expect(code).toBe(0);
  expect(out).toContain('780 comparisons of different people');
  expect(out).toMatch(/FMR 1e-1|FMR 1e-2: cosine 0\.\d+; \d+ of 780/);
  expect(out).toContain('300,000 comparisons');
  const site = readSite(folder, gateKey(folder), model.sha256);
  expect(site).toMatchObject({ people: 40, pairs: 780 });
  expect(site?.location).toBeGreaterThan(0.2);
  expect(readFileSync(siteFile(folder), 'utf8')).not.toContain('P1');
  expect((await menshen('calibrate', '--remove')).out).toContain('forgotten');
  expect(readSite(folder, gateKey(folder), model.sha256)).toBeNull();
});
