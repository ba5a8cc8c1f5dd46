import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Of } from '../../../src/vision/models/files.ts';
import { type Catalogue, loadModels, MODEL_ROLES, pullModels } from '../../../src/vision/models/index.ts';
import { prepareModel } from '../../../src/vision/models/prepare.ts';
import { catalogueOf, realTarball, smallPackage, stockNetworks, withFolder } from './support.ts';

const tarball = await realTarball();
const workshop = await mkdtemp(join(tmpdir(), 'menshen-test-models-'));
const small = tarball === null ? null : await smallPackage(tarball, workshop);

afterAll(() => rm(workshop, { recursive: true, force: true }));

describe.skipIf(tarball === null)('loadModels', () => {
  /** A models folder with the networks of these ids; `change` edits the catalogue after they are installed. */
  const withModels = (
    ids: string[],
    change: (catalogue: Catalogue) => Catalogue,
    use: (dir: string) => Promise<void>,
  ) =>
    withFolder(async (dir) => {
      const catalogue = await catalogueOf(...ids);
      const from =
        ids.length > 2 ? { catalogue, tarball: tarball ?? '' } : { ...small, catalogue: narrowed(ids) };
      await pullModels({ dir, ...from });
      await writeFile(join(dir, 'catalog.json'), JSON.stringify(change(catalogue)));
      await use(dir);
    });
  const narrowed = (ids: string[]): Catalogue => {
    if (small === null) throw new Error('No package');
    return { ...small.catalogue, models: small.catalogue.models.filter((entry) => ids.includes(entry.id)) };
  };
  const same = (catalogue: Catalogue) => catalogue;
  const eye = (fields: (entry: Catalogue['models'][number]) => object) => (catalogue: Catalogue) => ({
    ...catalogue,
    models: catalogue.models.map((entry) => ({ ...entry, ...fields(entry) })),
  });

  test('opens a network for each role asked for, ready to run, and says what runs it', () => {
    const all = [
      'fr-detect',
      'fr-landmark',
      'fr-feature',
      'fr-liveness',
      'mask',
      'masked-landmark',
      'masked-embedding',
      'fr-pose',
      'fr-eye',
      'fr-age',
      'fr-gender',
    ];
    return withModels(all, same, async (dir) => {
      const models = await loadModels({ dir, roles: MODEL_ROLES, threads: 1 });
      for (const role of MODEL_ROLES) {
        const { entry, provider, ref, session } = models[role];
        expect([entry.role, provider, ref]).toEqual([role, 'cpu', { id: entry.id, version: entry.version }]);
        const size = entry.input.shape.reduce((product, side) => product * side, 1);
        const input = new Tensor('float32', new Float32Array(size).fill(0.5), entry.input.shape);
        const outputs = await session.run({ [entry.input.name]: input });
        for (const { name, shape } of entry.outputs) {
          expect(outputs[name]?.dims).toEqual([...shape]);
          expect(finite(outputs[name]?.data)).toBe(true);
        }
      }
    });
  });

  test('opens only what is asked for: the rest may be missing', () =>
    withModels(['fr-eye', 'fr-landmark'], same, async (dir) => {
      await rm(join(dir, 'fr_landmark.onnx'));
      expect(Object.keys(await loadModels({ dir, roles: ['eye'], threads: 1 }))).toEqual(['eye']);
      await expect(loadModels({ dir, roles: ['eye', 'landmarks'], threads: 1 })).rejects.toMatchObject({
        code: 'MODEL_MISSING',
        message: `The landmarks network fr-landmark is missing: no file ${dir}/fr_landmark.onnx. Run \`menshen models pull\`.`,
      });
    }));

  test('an altered network is never opened', () =>
    withModels(['fr-eye'], same, async (dir) => {
      await truncate(join(dir, 'fr_eye.onnx'), 207_129);
      const refusal = {
        code: 'MODEL_ALTERED',
        message: expect.stringContaining('Run `menshen models pull`'),
      };
      await expect(loadModels({ dir, roles: ['eye'], threads: 1 })).rejects.toMatchObject(refusal);
    }));

  test.each([
    [
      'another input',
      eye((e) => ({ input: { ...e.input, name: 'picture' } })),
      'it has no input picture, only input',
    ],
    [
      'another size',
      eye((e) => ({ input: { ...e.input, shape: [1, 1, 32, 32] } })),
      'has the shape 2x1x24x24 instead of 1x1x32x32',
    ],
    [
      'another output',
      eye(() => ({ outputs: [{ name: 'state', shape: [1, 2], meaning: 'x' }] })),
      'it has no output state, only output',
    ],
    [
      'a role nobody serves',
      (catalogue: Catalogue) => ({ ...catalogue, use: {} }),
      'no network for the role eye',
    ],
  ])('a catalogue that promises %s is refused', (_name, change, told) =>
    withModels(['fr-eye'], change, async (dir) => {
      await expect(loadModels({ dir, roles: ['eye'], threads: 1 })).rejects.toThrow(told);
    }),
  );

  test('a file of the site that is no network is refused', () =>
    withFolder(async (dir) => {
      const bytes = Buffer.from('not a network');
      await writeFile(join(dir, 'own.onnx'), bytes);
      const catalogue = await catalogueOf('fr-eye');
      const models = catalogue.models.map(({ source: _, ...entry }) => ({
        ...entry,
        prepare: [],
        file: 'own.onnx',
        sha256: sha256Of(bytes),
      }));
      await writeFile(join(dir, 'catalog.json'), JSON.stringify({ ...catalogue, models }));
      const refusal = { code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('fr-eye (own.onnx)') };
      await expect(loadModels({ dir, roles: ['eye'], threads: 1 })).rejects.toMatchObject(refusal);
    }));

  test('a network of the site, with an entry without source, serves the role', () =>
    withModels(['fr-eye'], same, async (dir) => {
      await copyFile(join(dir, 'fr_eye.onnx'), join(dir, 'ours.onnx'));
      const catalogue = await catalogueOf('fr-eye');
      const ours = catalogue.models.map(({ source: _, ...entry }) => ({
        ...entry,
        prepare: [],
        id: 'ours',
        version: '7',
        file: 'ours.onnx',
      }));
      await writeFile(
        join(dir, 'catalog.json'),
        JSON.stringify({ ...catalogue, use: { eye: 'ours' }, models: ours }),
      );
      const { eye: loaded } = await loadModels({ dir, roles: ['eye'], threads: 1 });
      expect(loaded.ref).toEqual({ id: 'ours', version: '7' });
    }));
});

test.skipIf(tarball === null)(
  'preparing in a process that takes denormals for zero gives the same bytes',
  async () => {
    // The first session of this process, opened above, told the CPU so; comparisons in JavaScript then miss denormals.
    for (const [entry, bytes] of await stockNetworks(tarball ?? ''))
      expect(sha256Of(prepareModel(bytes, entry.prepare)), entry.id).toBe(entry.sha256);
  },
);

function finite(data: unknown): boolean {
  return data instanceof Float32Array && data.every((value) => Number.isFinite(value));
}
