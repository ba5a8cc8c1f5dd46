import type { InferenceSession } from 'onnxruntime-node';
import { MenshenError, messageOf } from '../../common/index.ts';
import type { ModelRef } from '../types.ts';
import {
  type Catalogue,
  entryForRole,
  entryIfAny,
  type ModelEntry,
  type ModelRole,
  readCatalogue,
} from './catalog.ts';
import { readVerified } from './verify.ts';

/** A network ready to run. Sessions are opened once and kept: opening them again leaks. */
export interface LoadedModel {
  readonly ref: ModelRef;
  readonly entry: ModelEntry;
  readonly session: InferenceSession;
  /** The execution provider obtained, for the record: on linux/arm64 ONNX Runtime for Node has the CPU only. */
  readonly provider: ExecutionProvider;
}

export type ExecutionProvider = 'cpu' | 'cuda';

export interface LoadOptions<R extends ModelRole> {
  /** Folder of catalog.json and the networks. */
  readonly dir: string;
  readonly roles: readonly R[];
  /** Threads one network may use. */
  readonly threads: number;
  /** Providers to try, in order; `cpu` alone by default. */
  readonly providers?: readonly ExecutionProvider[];
}

/**
 * Proves and opens one network a role, and holds it to the inputs and outputs of its catalogue entry.
 * Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED.
 */
export async function loadModels<R extends ModelRole>(
  options: LoadOptions<R>,
): Promise<Record<R, LoadedModel>> {
  const catalogue: Catalogue = await readCatalogue(options.dir);
  const loaded: Partial<Record<ModelRole, LoadedModel>> = {};
  for (const role of options.roles) loaded[role] = await loadModel(entryForRole(catalogue, role), options);
  return complete(loaded, options.roles);
}

/** Like `loadModels` for a role that may stand empty in the catalogue; null when it does. */
export async function loadModelIfAny(
  options: Omit<LoadOptions<ModelRole>, 'roles'> & { readonly role: ModelRole },
): Promise<LoadedModel | null> {
  const entry = entryIfAny(await readCatalogue(options.dir), options.role);
  return entry === null ? null : loadModel(entry, options);
}

function complete<R extends ModelRole>(
  loaded: Partial<Record<ModelRole, LoadedModel>>,
  roles: readonly R[],
): Record<R, LoadedModel> {
  if (!hasAll(loaded, roles)) throw new MenshenError('INTERNAL', 'A network was asked for and not loaded.');
  return loaded;
}

function hasAll<R extends ModelRole>(
  loaded: Partial<Record<ModelRole, LoadedModel>>,
  roles: readonly R[],
): loaded is Record<R, LoadedModel> {
  return roles.every((role) => loaded[role] !== undefined);
}

type OpenOptions = Omit<LoadOptions<ModelRole>, 'roles'>;

async function loadModel(entry: ModelEntry, options: OpenOptions): Promise<LoadedModel> {
  const bytes = await readVerified(options.dir, entry);
  const { session, provider } = await openSession(entry, bytes, options);
  checkSignature(entry, session);
  return { ref: { id: entry.id, version: entry.version }, entry, session, provider };
}

async function openSession(
  entry: ModelEntry,
  bytes: Uint8Array,
  options: OpenOptions,
): Promise<{ session: InferenceSession; provider: ExecutionProvider }> {
  // Imported here so that pulling and verifying need no native code in their process.
  const ort = await import('onnxruntime-node');
  let refusal: unknown;
  for (const provider of options.providers ?? ['cpu']) {
    try {
      const session = await ort.InferenceSession.create(bytes, sessionOptions(provider, options.threads));
      return { session, provider };
    } catch (error) {
      refusal = error;
    }
  }
  throw new MenshenError(
    'MODEL_UNSUPPORTED',
    `ONNX Runtime cannot open the ${entry.role} network ${entry.id} (${entry.file}): ${messageOf(refusal)}`,
    { cause: refusal },
  );
}

function sessionOptions(provider: ExecutionProvider, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Errors only: warnings about the graph are of no use to a site.
    logSeverityLevel: 3,
    // Denormals arise in activations too, and one inference then takes many times as long.
    extra: { session: { set_denormal_as_zero: '1' } },
  };
}

/** Throws MODEL_UNSUPPORTED unless names, types and shapes are those the catalogue promises. */
function checkSignature(entry: ModelEntry, session: InferenceSession): void {
  const wrong = (what: string) =>
    new MenshenError(
      'MODEL_UNSUPPORTED',
      `The ${entry.role} network ${entry.id} (${entry.file}) does not fit its entry in catalog.json: ${what}.`,
    );
  if (session.inputNames.length !== 1)
    throw wrong(`it has ${session.inputNames.length} inputs instead of one`);
  for (const [kind, promised, found] of [
    ['input', [entry.input], session.inputMetadata],
    ['output', entry.outputs, session.outputMetadata],
  ] as const) {
    for (const value of promised) {
      const metadata = found.find((candidate) => candidate.name === value.name);
      const names = found.map((candidate) => candidate.name).join(', ');
      if (metadata === undefined) throw wrong(`it has no ${kind} ${value.name}, only ${names}`);
      if (!metadata.isTensor || metadata.type !== 'float32')
        throw wrong(`its ${kind} ${value.name} is not float32`);
      if (!fits(metadata.shape, value.shape))
        throw wrong(
          `its ${kind} ${value.name} has the shape ${metadata.shape.join('x')} instead of ${value.shape.join('x')}`,
        );
    }
  }
}

/** A dimension without a fixed size (a name instead of a number) takes any size. */
function fits(found: readonly (number | string)[], promised: readonly number[]): boolean {
  return (
    found.length === promised.length &&
    found.every((size, index) => typeof size === 'string' || size < 0 || size === promised[index])
  );
}
