import { Command } from 'commander';
import {
  type Curve,
  cautious,
  ENOUGH_PEOPLE,
  embeddingCurve,
  removeSite,
  type SiteCalibration,
  siteFile,
  writeSite,
} from '../calibration/index.ts';
import { cosine, MenshenError } from '../common/index.ts';
import type { VisionConfig } from '../config/index.ts';
import { type Gallery, gateKey } from '../gallery/index.ts';
import type { ModelRef } from '../vision/types.ts';
import { type SiteScores, surveyed } from './calibrate-survey.ts';
import { warnOfClosed } from './evaluate-run.ts';
import { type GalleryArguments, settingsOf, withGallery, withGalleryOptions } from './gallery-options.ts';
import { progressBar } from './progress.ts';

interface Options extends GalleryArguments {
  readonly data?: string;
  readonly strangers?: true;
  readonly dryRun?: true;
  readonly remove?: true;
  readonly json?: true;
}

/** People of the gallery that are compared with one another at most. */
const MOST_PEOPLE = 1500;

/** `menshen calibrate`. Errors are thrown as MenshenError for main.ts to print. */
export function calibrateCommand(): Command {
  return withGalleryOptions(new Command('calibrate'))
    .description('fit the match threshold to the people of a site')
    .option(
      '-d, --data <place>',
      'pictures of people, a folder each (or a CSV file with the columns path and label)',
    )
    .option('--strangers', 'nobody in --data is enrolled: compare them with everybody enrolled as well')
    .option('--dry-run', 'only show what was found')
    .option('--remove', 'forget an earlier calibration')
    .option('--json', 'print the figures as JSON')
    .action((options: Options) => calibrate(options));
}

async function calibrate(options: Options): Promise<void> {
  if (options.strangers && options.data === undefined) {
    throw new MenshenError('USAGE', '--strangers says something about --data: name the pictures.');
  }
  const { dataDir, key } = await settingsOf(options);
  if (options.remove) {
    console.log(removeSite(dataDir) ? 'The calibration is forgotten.' : 'There was no calibration.');
    return;
  }
  await withGallery(options, async (gallery, vision) => {
    const { curve, model } = await curveOf(vision);
    const scores = await scoresOf(gallery, vision, model, options);
    const found = surveyed(curve, scores);
    const enough = found.location.people >= ENOUGH_PEOPLE;
    if (options.json) console.log(JSON.stringify({ ...found, enough }, null, 2));
    else for (const line of found.lines) console.log(line);
    if (!enough) {
      const missing = ENOUGH_PEOPLE - found.location.people;
      throw new MenshenError(
        'CALIBRATION_TOO_LITTLE',
        `${found.location.people} people are too few: at least ${missing} more are needed. Nothing was changed; the threshold stays as the gate finds it.`,
      );
    }
    if (options.dryRun) return;
    const site: SiteCalibration = {
      version: 1,
      sha256: curve.model.sha256,
      madeAt: new Date().toISOString(),
      from: scores.from,
      people: found.location.people,
      pairs: found.location.pairs,
      location: cautious(found.location),
      error: found.location.error,
      tail: found.tail,
    };
    writeSite(dataDir, gateKey(dataDir, key), site);
    console.error(`Written to ${siteFile(dataDir)}; a running gate takes it over when it is started again.`);
  });
}

async function curveOf(vision: VisionConfig): Promise<{ curve: Curve; model: ModelRef }> {
  const { model, curve } = await embeddingCurve(vision.modelsDir);
  if (curve === null) {
    throw new MenshenError(
      'CALIBRATION_UNKNOWN',
      `There is no calibration of the embedding network ${model.id} ${model.version}, which a site's own builds on. Set decision.matchThreshold.`,
    );
  }
  return { curve, model };
}

/** Comparisons of different people: of those enrolled, or of those in the pictures (and of these with the enrolled). */
async function scoresOf(
  gallery: Gallery,
  vision: VisionConfig,
  model: ModelRef,
  options: Options,
): Promise<SiteScores> {
  const comparisons: [number, number, number][] = [];
  if (options.data === undefined) {
    const sample = gallery.sample(model, MOST_PEOPLE);
    gallery.visitPairs(model, sample, (...comparison) => comparisons.push(comparison));
    return { from: `${sample.length} people enrolled`, people: sample.length, comparisons };
  }
  const { analysePictures, openJudge, readDataset } = await import('../evaluate/index.ts');
  const list = readDataset(options.data);
  warnOfClosed(list);
  const { items } = list;
  const judge = await openJudge(vision);
  const bar = progressBar('pictures');
  const paths = items.map(({ path }) => path);
  const analysed = await analysePictures(judge, paths, null, bar.update).finally(async () => {
    bar.end();
    await judge.close();
  });
  const people = new Map<string, number>();
  for (const { label } of items) if (!people.has(label)) people.set(label, people.size);
  const faces = analysed.flatMap(({ probe, reference }, index) =>
    probe === null || reference === null
      ? []
      : [{ person: people.get(items[index]?.label ?? '') ?? 0, probe, reference }],
  );
  for (const one of faces) {
    for (const other of faces) {
      if (one.person < other.person)
        comparisons.push([one.person, other.person, cosine(one.reference, other.probe)]);
    }
  }
  const enrolled = options.strangers ? strangersOf(gallery, model, faces, people.size, comparisons) : 0;
  const against = enrolled === 0 ? '' : `, and them with ${enrolled} people enrolled`;
  return {
    from: `${faces.length} pictures of ${people.size} people${against}`,
    people: people.size + enrolled,
    comparisons,
  };
}

/** Compares strangers with the people enrolled; gives the number of these. */
function strangersOf(
  gallery: Gallery,
  model: ModelRef,
  faces: readonly { readonly person: number; readonly probe: Float32Array }[],
  first: number,
  comparisons: [number, number, number][],
): number {
  const enrolled = gallery
    .list()
    .filter(({ id, consent }) => consent.local && gallery.references(id).length > 0);
  for (const { person, probe } of faces) {
    for (const [index, { id }] of enrolled.entries()) {
      const score = gallery.compare(id, { vector: probe, model });
      if (score !== null) comparisons.push([person, first + index, score]);
    }
  }
  return enrolled.length;
}
