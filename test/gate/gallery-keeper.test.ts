import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import type { Gallery } from '../../src/gallery/index.ts';
import { GalleryKeeper } from '../../src/gate/gallery-keeper.ts';
import { until } from '../door/bench.ts';

const log = createLogger('test', 'silent');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-keeper-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

it('has no gallery that could not be taken into use, and tries again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const faults: string[] = [];
  const opened: Gallery[] = [];
  const keeper = new GalleryKeeper({
    config: { dataDir: folder },
    log,
    onOpen: (gallery) => {
      opened.push(gallery);
      if (opened.length === 1) throw new Error('no lanes');
    },
    onFault: (_, message) => faults.push(message),
    onChange: () => {},
  });
  keeper.start();
  await until('the fault', () => faults.length > 0);
  expect(faults).toEqual(['no lanes']);
  expect(keeper.gallery).toBeNull();
  expect(() => opened[0]?.refresh()).toThrow('not open');
  vi.advanceTimersByTime(5000);
  await until('the gallery', () => keeper.gallery !== null);
  expect(opened).toHaveLength(2);
  expect(keeper.gallery).toBe(opened[1]);
  keeper.pause();
  keeper.close();
});
