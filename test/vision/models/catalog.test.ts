import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseCatalogue } from '../../../src/vision/models/catalog.ts';
import {
  defaultModelsDir,
  entryForRole,
  MODEL_ROLES,
  readCatalogue,
} from '../../../src/vision/models/index.ts';
import { withFolder } from './support.ts';

const shipped = await readCatalogue(defaultModelsDir());
const [first] = shipped.models;
if (first === undefined) throw new Error('The catalogue is empty');
const { source: _, prepare: __, ...own } = { ...first, id: 'own-detector', file: 'own.onnx' };

describe('the shipped catalogue', () => {
  test('has a network for every role, with source or training, licence and checksums', () => {
    for (const role of MODEL_ROLES) {
      const entry = entryForRole(shipped, role);
      expect(entry.role).toBe(role);
      expect(entry.source ?? entry.trained).toBeDefined();
      expect(entry.licence).not.toBe('');
    }
  });

  test('is told in full in docs/reference/models.md', async () => {
    const page = await readFile(
      fileURLToPath(new URL('../../../docs/reference/models.md', import.meta.url)),
      'utf8',
    );
    for (const entry of shipped.models) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${entry.id}\``)) ?? '';
      expect(row).toContain(entry.file);
      expect(row).toContain(entry.role);
      expect(row).toContain(entry.input.shape.join('x'));
      expect(row).toContain(entry.input.channels);
    }
    for (const [heading] of Object.entries(first))
      if (heading !== 'id') expect(page).toContain(`\`${heading}`);
  });
});

test('a site can bring a network of its own: file and checksum, no source', () => {
  const catalogue = parseCatalogue(
    { ...shipped, use: { ...shipped.use, detection: own.id }, models: [...shipped.models, own] },
    'catalog.json',
  );
  expect(entryForRole(catalogue, 'detection').file).toBe('own.onnx');
});

describe('a malformed catalogue is refused with the entry and the key', () => {
  const change = (fields: object) => ({
    ...shipped,
    models: [{ ...first, ...fields }, ...shipped.models.slice(1)],
  });
  test.each([
    ['a file outside the folder', change({ file: '../evil.onnx' }), 'model fr-detect.file'],
    ['a checksum that is none', change({ sha256: 'ABC' }), 'model fr-detect.sha256'],
    ['an unknown key', change({ colour: 'red' }), 'colour'],
    ['an unknown step', change({ prepare: ['quantise'] }), 'model fr-detect.prepare.0'],
    [
      'two of one id',
      { ...shipped, models: [...shipped.models, own, own] },
      'the id own-detector is given twice',
    ],
    [
      'one file for two',
      { ...shipped, models: [...shipped.models, { ...own, file: first.file }] },
      'is given twice',
    ],
    [
      'a role served by another role',
      { ...shipped, use: { detection: 'fr-eye' } },
      'use.detection: fr-eye has the role eye',
    ],
    ['a role served by nobody', { ...shipped, use: { detection: 'nobody' } }, 'no model has the id nobody'],
    ['a package not listed', { ...shipped, packages: {} }, 'no package faceplugin is listed'],
    [
      'steps without a source',
      { ...shipped, models: [...shipped.models, { ...own, prepare: ['pad-channels'] }] },
      'only a network with a source',
    ],
    [
      'figures that do not fit the planes',
      change({ input: { ...first.input, mean: [0] } }),
      'must have 3 figure(s)',
    ],
    ['an embedding of another length', change({ role: 'embedding' }), 'an embedding must have 512 figures'],
    [
      'a masked embedding of no space',
      { ...shipped, models: [...shipped.models, { ...own, role: 'masked-embedding' }] },
      'names the embedding whose space it shares',
    ],
    [
      'a masked embedding of a space that is none',
      { ...shipped, models: [...shipped.models, { ...own, role: 'masked-embedding', space: 'fr-eye' }] },
      'no embedding has the id fr-eye',
    ],
    [
      'a network both trained here and fetched',
      change({ trained: { by: 'x', on: 'x', measured: 'x' } }),
      'was not trained here',
    ],
    ['no object at all', 7, 'top level'],
  ])('%s', (_name, json, told) => {
    expect(() => parseCatalogue(json, '/x/catalog.json')).toThrow(
      expect.objectContaining({ code: 'MODELS_CATALOG_INVALID', message: expect.stringContaining(told) }),
    );
  });

  test('no file, and a file that is no JSON', () =>
    withFolder(async (dir) => {
      const refusal = {
        code: 'MODELS_CATALOG_INVALID',
        message: expect.stringContaining(join(dir, 'catalog.json')),
      };
      await expect(readCatalogue(dir)).rejects.toMatchObject(refusal);
    }));
});
