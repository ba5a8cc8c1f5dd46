/**
 * How well masks are told, and how well masked people are known:
 * `npx tsx scripts/measure-masks.ts detection|matching [--data FOLDER] [--every N] [--without FOLDER]... [--style NAME]... [--json FILE]`. The folder holds
 * masks/web and lfw, of which every Nth picture or pair is taken; people who have a folder in one --without are left out of
 * the pairs; masks of every style are drawn in turn, or of those named. The tables of docs/explanation/accuracy.md come from here.
 */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { FaceAnalyser } from '../src/vision/index.ts';
import { defaultModelsDir } from '../src/vision/models/index.ts';
import { personOf, readPairs } from './lfw/pairs.ts';
import { detectionLines, readMasks, talliesOf } from './masks/detection.ts';
import { MASK_STYLES } from './masks/draw.ts';
import { maskedTemplates, matchingLines, matchingReport } from './masks/matching.ts';
import { openAnalyser } from './support/analyser.ts';

const { values, positionals } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data', import.meta.url)) },
    models: { type: 'string', default: defaultModelsDir() },
    every: { type: 'string', default: '1' },
    without: { type: 'string', multiple: true, default: [] },
    style: { type: 'string', multiple: true, default: [...MASK_STYLES] },
    json: { type: 'string' },
  },
  allowPositionals: true,
});

if (!existsSync(join(values.data, 'lfw'))) {
  console.log(
    `Skipped: there is no ${join(values.data, 'lfw')}. The pictures are not part of this project; name their folder with --data.`,
  );
} else {
  const analyser = await openAnalyser({ modelsDir: values.models });
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const { lines, report } = await measure(positionals[0], analyser, log);
  await analyser.close();
  for (const line of lines) console.log(line);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function measure(
  what: string | undefined,
  analyser: FaceAnalyser,
  log: (line: string) => void,
): Promise<{ lines: string[]; report: unknown }> {
  if (what === 'detection') {
    const { reads, ms } = await readMasks(analyser, values.data, Number(values.every), log);
    const report = { tallies: talliesOf(reads, 'truth'), seen: talliesOf(reads, 'seen') };
    return { lines: detectionLines(reads, ms), report };
  }
  if (what === 'matching') {
    const trained = new Set(values.without.flatMap((folder) => readdirSync(folder)).map(nameOf));
    const pairs = (await readPairs(join(values.data, 'lfw')))
      .filter((_, index) => index % Number(values.every) === 0)
      .filter(({ one, other }) => ![one, other].some((path) => trained.has(nameOf(personOf(path)))));
    const paths = [...new Set(pairs.flatMap(({ one, other }) => [one, other]))];
    const styles = z.array(z.enum(MASK_STYLES)).parse(values.style);
    const templates = await maskedTemplates(analyser, paths, styles, log);
    const report = matchingReport(pairs, templates);
    return { lines: matchingLines(pairs, templates, report), report };
  }
  throw new Error('Usage: measure-masks.ts detection|matching [--data FOLDER] [--json FILE]');
}

/** A person's name as every set writes it. */
function nameOf(person: string): string {
  return person.toLowerCase().replace(/[^a-z]/g, '');
}
