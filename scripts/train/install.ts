/**
 * Takes a trained network into the models folder and its checksum into the catalogue:
 * `npx tsx scripts/train/install.ts ID FILE`. Nothing else of the entry changes: its `version` is to be raised by hand, for
 * another network gives other figures, and `trained.on`, models/README.md and the measured pages are to be made true again.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../../src/vision/models/files.ts';
import { defaultModelsDir, readCatalogue } from '../../src/vision/models/index.ts';

const [id, file] = process.argv.slice(2);
const dir = defaultModelsDir();
const entry = (await readCatalogue(dir)).models.find((model) => model.id === id);
if (file === undefined || entry?.trained === undefined)
  throw new Error(
    'Usage: install.ts ID FILE, where ID is a network of the catalogue that was trained for Menshen',
  );
const sum = sha256Of(await readFile(file));
await copyFile(file, join(dir, entry.file));
const path = join(dir, 'catalog.json');
await writeFile(path, (await readFile(path, 'utf8')).replace(entry.sha256, sum));
console.log(`${entry.file}: ${sum}`);
