import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MenshenError, messageOf } from '../../common/index.ts';
import { EMBEDDING_DIMENSIONS } from '../types.ts';
import { PREPARATION_STEPS } from './steps.ts';

/** What a network is for. The daemon opens the roles it needs; the others stand ready in the catalogue. */
export const MODEL_ROLES = [
  'detection',
  'landmarks',
  'liveness',
  'embedding',
  'mask',
  'masked-landmarks',
  'masked-embedding',
  'pose',
  'eye',
  'age',
  'gender',
] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
/** A plain name: a file of the catalogue can never point outside the models folder. */
const FileNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/, 'must be a plain file name ending in .onnx');
const ShapeSchema = z.array(z.int().positive()).min(1);

const PackageSchema = z.strictObject({
  registry: z.literal('npm'),
  name: z
    .string()
    .regex(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/, 'must be the name of an npm package'),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'must be one exact version'),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/, 'must be sha512- and 88 characters of base64'),
  licence: z.string().min(1),
});

/** Which part of the picture the network looks at. */
const CropSchema = z.discriminatedUnion('rule', [
  z
    .strictObject({ rule: z.literal('picture') })
    .describe('The whole picture in its own shape, black beside it'),
  z
    .strictObject({
      rule: z.literal('face-box'),
      /** Side of the crop in parts of the side of the face box, same centre. */
      factor: z.number().positive(),
      /** True: a square on the longer side of the box; false: the shape of the box, stretched to the input. */
      square: z.boolean(),
      /** What stands where the crop leaves the picture; `inside` is `shift` while the picture shows the whole face, and `zero` else. */
      border: z.enum(['zero', 'repeat', 'clip', 'shift', 'inside']),
    })
    .describe('A crop around the face box'),
  z
    .strictObject({ rule: z.literal('arcface') })
    .describe('Similarity transform onto the five ArcFace points'),
  z
    .strictObject({ rule: z.literal('eye'), factor: z.number().positive() })
    .describe('A square around each eye, side in parts of the distance between its corners'),
]);

const InputSchema = z.strictObject({
  name: z.string().min(1),
  shape: ShapeSchema,
  /** Order of the planes of the input. */
  channels: z.enum(['RGB', 'BGR', 'GREY']),
  /** The network gets (value - mean) / scale of values 0..255; one figure a plane, in the order of the planes. */
  mean: z.array(z.number()).min(1),
  scale: z.array(z.number().positive()).min(1),
  crop: CropSchema,
  /** `measured`: proved by accuracy on labelled pictures; `package`: as the package's own script has it. */
  evidence: z.enum(['measured', 'package']),
});

const OutputSchema = z.strictObject({
  name: z.string().min(1),
  shape: ShapeSchema,
  meaning: z.string().min(1),
});

const ThresholdSchema = z.strictObject({
  value: z.number(),
  measured: z.string().min(1).describe('On what data, with what result'),
});

const ModelEntrySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
  version: z.string().min(1),
  role: z.enum(MODEL_ROLES),
  file: FileNameSchema,
  /** Of the file as it stands in the models folder, after preparation. */
  sha256: Sha256Schema,
  /** Where `menshen models pull` gets it; absent for a file the site brought itself. */
  source: z
    .strictObject({ package: z.string().min(1), path: z.string().min(1), sha256: Sha256Schema })
    .optional(),
  /** How it was made, for a network that was trained for Menshen and ships with it. */
  trained: z
    .strictObject({ by: z.string().min(1), on: z.string().min(1), measured: z.string().min(1) })
    .optional(),
  /** Of a masked embedding: the id of the embedding network whose references its embeddings compare with. */
  space: z.string().optional(),
  prepare: z.array(z.enum(PREPARATION_STEPS)).default([]),
  licence: z.string().min(1),
  input: InputSchema,
  outputs: z.array(OutputSchema).min(1),
  thresholds: z.record(z.string(), ThresholdSchema).default({}),
  notes: z.string().optional(),
});

const CatalogueSchema = z
  .strictObject({
    $comment: z.string().optional(),
    packages: z.record(z.string(), PackageSchema).default({}),
    /** Which entry serves a role. */
    use: z.partialRecord(z.enum(MODEL_ROLES), z.string()),
    models: z.array(ModelEntrySchema).min(1),
  })
  .check(checkReferences);

export type ModelEntry = z.infer<typeof ModelEntrySchema>;
export type ModelPackage = z.infer<typeof PackageSchema>;
export type Catalogue = z.infer<typeof CatalogueSchema>;

/** Folder of catalog.json and the networks that ships with Menshen (same place from src/ and from dist/). */
export function defaultModelsDir(): string {
  return fileURLToPath(new URL('../../../models', import.meta.url));
}

/** Reads and checks `dir`/catalog.json. Throws MODELS_CATALOG_INVALID, naming the entry and the key. */
export async function readCatalogue(dir: string): Promise<Catalogue> {
  const path = join(dir, 'catalog.json');
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new MenshenError(
      'MODELS_CATALOG_INVALID',
      `The catalogue of models ${path} cannot be read: ${messageOf(cause)}. Restore it from the release, or check vision.modelsDir.`,
      { cause },
    );
  }
  return parseCatalogue(json, path);
}

/** Checks a catalogue already read; `path` is for the message. */
export function parseCatalogue(json: unknown, path: string): Catalogue {
  const parsed = CatalogueSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${whereIn(json, issue.path)}: ${issue.message}`);
  throw new MenshenError(
    'MODELS_CATALOG_INVALID',
    `The catalogue of models ${path} is malformed. ${faults.join('; ')}.`,
    {
      cause: parsed.error,
    },
  );
}

/** Whether a role may stand empty: what it adds is then left out. */
const OPTIONAL_ROLES: ReadonlySet<ModelRole> = new Set<ModelRole>([
  'mask',
  'masked-landmarks',
  'masked-embedding',
]);

/** The entry that serves a role that may stand empty, or null. */
export function entryIfAny(catalogue: Catalogue, role: ModelRole): ModelEntry | null {
  return catalogue.use[role] === undefined && OPTIONAL_ROLES.has(role) ? null : entryForRole(catalogue, role);
}

/** The entry that serves a role. Throws MODELS_CATALOG_INVALID when the catalogue names none. */
export function entryForRole(catalogue: Catalogue, role: ModelRole): ModelEntry {
  const id = catalogue.use[role];
  const entry = catalogue.models.find((model) => model.id === id);
  if (entry === undefined) {
    throw new MenshenError(
      'MODELS_CATALOG_INVALID',
      `The catalogue of models names no network for the role ${role}. Add "${role}" to "use" in catalog.json.`,
    );
  }
  return entry;
}

/** What the types alone cannot say: ids and files are unique, references resolve, figures fit the planes. */
function checkReferences(
  payload: z.core.ParsePayload<{
    packages: Record<string, ModelPackage>;
    use: Partial<Record<ModelRole, string>>;
    models: ModelEntry[];
  }>,
): void {
  const { packages, use, models } = payload.value;
  const fault = (path: PropertyKey[], message: string) =>
    payload.issues.push({ code: 'custom', input: payload.value, path, message });
  const ids = new Set<string>();
  const files = new Set<string>();
  for (const [index, model] of models.entries()) {
    const at = ['models', index];
    if (ids.has(model.id)) fault([...at, 'id'], `the id ${model.id} is given twice`);
    if (files.has(model.file)) fault([...at, 'file'], `the file ${model.file} is given twice`);
    ids.add(model.id);
    files.add(model.file);
    if (model.source !== undefined && packages[model.source.package] === undefined)
      fault([...at, 'source', 'package'], `no package ${model.source.package} is listed`);
    if (model.source !== undefined && model.trained !== undefined)
      fault([...at, 'trained'], 'a network from a package was not trained here');
    if (model.source === undefined && model.prepare.length > 0)
      fault([...at, 'prepare'], 'only a network with a source can be prepared');
    if ((model.role === 'masked-embedding') !== (model.space !== undefined))
      fault(
        [...at, 'space'],
        'a masked embedding names the embedding whose space it shares, and nothing else does',
      );
    else if (model.space !== undefined && !isEmbedding(models, model.space))
      fault([...at, 'space'], `no embedding has the id ${model.space}`);
    if (model.role.endsWith('embedding') && model.outputs[0]?.shape.at(-1) !== EMBEDDING_DIMENSIONS)
      fault([...at, 'outputs', 0, 'shape'], `an embedding must have ${EMBEDDING_DIMENSIONS} figures`);
    const planes = model.input.channels === 'GREY' ? 1 : 3;
    if (model.input.mean.length !== planes || model.input.scale.length !== planes)
      fault([...at, 'input'], `mean and scale must have ${planes} figure(s), one a plane`);
  }
  for (const [role, id] of Object.entries(use)) {
    const model = models.find((candidate) => candidate.id === id);
    if (model === undefined) fault(['use', role], `no model has the id ${id}`);
    else if (model.role !== role) fault(['use', role], `${id} has the role ${model.role}`);
  }
}

function isEmbedding(models: readonly ModelEntry[], id: string): boolean {
  return models.some((model) => model.id === id && model.role === 'embedding');
}

/** The path of a fault for a reader: models are named by id where they have one. */
function whereIn(json: unknown, path: readonly PropertyKey[]): string {
  const [head, index, ...rest] = path;
  if (head !== 'models' || typeof index !== 'number') return path.map(String).join('.') || 'top level';
  const named = z.object({ models: z.array(z.unknown()) }).safeParse(json);
  const model = z.object({ id: z.string() }).safeParse(named.success ? named.data.models[index] : undefined);
  return [model.success ? `model ${model.data.id}` : `models[${index}]`, ...rest.map(String)].join('.');
}
