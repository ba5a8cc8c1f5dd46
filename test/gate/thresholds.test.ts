import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { DecisionSchema, VisionSchema } from '../../src/config/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { ThresholdKeeper } from '../../src/gate/thresholds.ts';
import type { EventInput } from '../../src/journal/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../src/vision/models/index.ts';
import { sighting, vector } from '../access/support.ts';
import { near, unit } from '../gallery/helpers.ts';

const log = createLogger('test', 'silent');
const { id, version } = entryForRole(await readCatalogue(defaultModelsDir()), 'embedding');
const MODEL = { id, version };

let folder: string;
let gallery: Gallery;
let events: EventInput[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-thresholds-'));
  gallery = Gallery.open({ dataDir: folder, log });
  events = [];
});
afterEach(() => {
  gallery.close();
  rmSync(folder, { recursive: true, force: true });
});

async function keeper(decision: object = {}) {
  const record = (event: EventInput) => {
    events.push(event);
    return 'id';
  };
  const config = {
    dataDir: folder,
    decision: DecisionSchema.parse(decision),
    vision: VisionSchema.parse({}),
  };
  const kept = await ThresholdKeeper.open({ config, records: { record }, log });
  kept.start(gallery, Buffer.alloc(32, 1));
  return kept;
}

function enrol(count: number, likeness: number): void {
  for (let i = 0; i < count; i++) {
    const consent = { local: true, cloud: false, at: new Date().toISOString(), version: '1' };
    const embedding = { vector: near(unit(1), likeness, 500 + i), model: MODEL };
    gallery.addPerson({ name: `P${i}`, consent }, [{ embedding, qualityScore: 0.9, picture: null }]);
  }
}

const probe = (model = MODEL) => ({
  frames: [sighting({ track: 't', at: 1, vector: vector(0) })] as never,
  model,
});

it('asks more of a larger gallery and of people who look alike, and says when it moved', async () => {
  const thresholds = await keeper();
  const alone = thresholds.match(probe(), 0.6);
  expect(alone?.calibration).toMatchObject({ source: 'model', condition: 'bare', fpir: 0.001, people: 0 });
  expect(events).toEqual([]);
  enrol(5, 0.3);
  thresholds.follow(gallery);
  const five = thresholds.match(probe(), 0.6);
  expect(five?.calibration.source).toBe('model');
  expect(five?.threshold).toBeGreaterThan(alone?.threshold ?? 1);
  expect(events.map(({ type }) => type)).toEqual(['calibration.changed']);
  enrol(25, 0.8);
  thresholds.follow(gallery);
  const alike = thresholds.match(probe(), 0.6);
  expect(alike?.calibration).toMatchObject({ source: 'gallery', people: 30, references: 30 });
  expect(alike?.threshold).toBeGreaterThan(five?.threshold ?? 1);
  thresholds.follow(gallery);
  expect(events).toHaveLength(2);
});

it('asks less where people look less alike than those the network was calibrated with, the more of them there are', async () => {
  enrol(9, 0.1);
  const thresholds = await keeper();
  const nine = thresholds.match(probe(), null);
  enrol(21, 0.1);
  thresholds.follow(gallery);
  const thirty = thresholds.match(probe(), null);
  expect(nine?.calibration).toMatchObject({ source: 'model', falseMatchRate: null });
  expect(thirty?.calibration.source).toBe('gallery');
  expect(thirty?.threshold).toBeLessThan(nine?.threshold ?? 0);
});

it('is not made laxer by the gallery where the calibration of the site is damaged', async () => {
  enrol(30, 0.1);
  const { threshold: lax = 0 } = (await keeper()).match(probe(), null) ?? {};
  writeFileSync(join(folder, 'calibration.json'), '{}');
  const kept = await keeper();
  expect(kept.match(probe(), null)?.calibration.source).toBe('model');
  expect(kept.match(probe(), null)?.threshold).toBeGreaterThan(lax);
  enrol(30, 0.8);
  kept.follow(gallery);
  expect(kept.match(probe(), null)?.calibration.source).toBe('gallery');
});

it('knows no threshold for the embeddings of another network, and leaves a fixed one as it is', async () => {
  enrol(30, 0.3);
  const thresholds = await keeper({ matchThreshold: 0.5 });
  expect(thresholds.match(probe({ id: 'other', version: '1' }), 0.9)).toBeNull();
  expect(thresholds.match(probe(), 0.9)).toMatchObject({
    threshold: 0.5,
    calibration: { source: 'fixed', fpir: null },
  });
});
