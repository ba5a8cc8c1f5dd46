/**
 * Verification on Labeled Faces in the Wild, end to end: photo, detection, landmarks, alignment, embedding.
 * `npm run eval:lfw [-- --data FOLDER] [--json FILE]`; the folder holds images/ and pairs-dev.txt.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPairs } from './lfw/pairs.ts';
import { lines, reportOf } from './lfw/report.ts';
import { templatesOf } from './lfw/templates.ts';
import { openAnalyser } from './support/analyser.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data/lfw', import.meta.url)) },
    json: { type: 'string' },
  },
});

if (existsSync(join(values.data, 'pairs-dev.txt'))) {
  await evaluate(values.data, values.json);
} else {
  console.log(
    `Skipped: there is no ${join(values.data, 'pairs-dev.txt')}. LFW is not part of this project; name its folder with --data.`,
  );
}

async function evaluate(folder: string, json: string | undefined): Promise<void> {
  const pairs = await readPairs(folder);
  const paths = [...new Set(pairs.flatMap(({ one, other }) => [one, other]))];
  const analyser = await openAnalyser();
  const begun = Date.now();
  const templates = await templatesOf(analyser, paths, (done) =>
    process.stderr.write(
      `${done} of ${paths.length} pictures, ${((Date.now() - begun) / 1000).toFixed(0)} s\n`,
    ),
  );
  await analyser.close();
  const report = reportOf(pairs, templates);
  for (const line of lines(report)) console.log(line);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
}
