import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { Gallery, type GalleryChange } from '../../src/gallery/index.ts';
import { GalleryKeeper } from '../../src/gate/gallery-keeper.ts';
import { until } from '../door/bench.ts';
import { unit } from '../gallery/helpers.ts';

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
  await keeper.close();
});

it('has a large gallery bundled by another process, for the next start', async () => {
  const gallery = Gallery.open({ dataDir: folder, log });
  const consent = { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: 'v1' };
  const embedding = { vector: unit(1), model: { id: 'embedding', version: '1' } };
  gallery.addPerson({ name: 'Somebody', consent }, [{ embedding, qualityScore: 0.8, picture: null }]);
  gallery.close();
  const keeper = new GalleryKeeper({
    config: { dataDir: folder },
    log,
    onOpen: () => {},
    onFault: () => {},
    onChange: () => {},
    worthBundling: 1,
  });
  keeper.start();
  const aloneAtOpening = () => {
    const next = Gallery.open({ dataDir: folder, log });
    next.close();
    return next.alone;
  };
  await until('the bundle', () => aloneAtOpening() === 0, 30_000);
  keeper.pause();
  await keeper.close();
}, 60_000);

it('takes over what others changed, each look after the one before, and closes when the last is done', async () => {
  const changes: GalleryChange[] = [];
  const keeper = new GalleryKeeper({
    config: { dataDir: folder },
    log,
    onOpen: () => {},
    onFault: () => {},
    onChange: (change) => changes.push(change),
  });
  keeper.start();
  await until('the gallery', () => keeper.gallery !== null);
  const other = Gallery.open({ dataDir: folder, log });
  const consent = { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: '1' };
  const ids = Array.from({ length: 200 }, (_, n) => other.addPerson({ name: `P${n}`, consent }, []).id);
  const first = keeper.refresh();
  const { id: last } = other.addPerson({ name: 'Last', consent }, []);
  other.removePerson(ids[0] ?? '');
  const second = keeper.refresh();
  expect(await Promise.all([first, second])).toEqual([true, true]);
  expect(keeper.gallery?.counts().people).toBe(200);
  expect(changes.flatMap(({ added }) => added)).toContain(last);
  const late = keeper.refresh();
  keeper.pause();
  await keeper.close();
  expect(await late).toBe(false);
  other.close();
});
