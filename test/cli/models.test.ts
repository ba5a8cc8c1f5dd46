import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { modelsCommand } from '../../src/cli/models.ts';
import { defaultModelsDir, readCatalogue } from '../../src/vision/models/index.ts';
import { realTarball, withFolder } from '../vision/models/support.ts';

const tarball = await realTarball();

afterEach(() => {
  vi.restoreAllMocks();
});

describe.skipIf(tarball === null)('menshen models', () => {
  test('verify tells what is missing and fails; after pull it proves all', () =>
    withFolder(async (dir) => {
      const count = (await readCatalogue(defaultModelsDir())).models.length;
      const lines: string[] = [];
      vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
      await copyFile(join(defaultModelsDir(), 'catalog.json'), join(dir, 'catalog.json'));
      await expect(run('verify', '--dir', dir)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      expect(lines).toContain('missing: fr-feature 0.0.1 (fr_feature.onnx)');
      await run('pull', '--dir', dir, '--tarball', tarball ?? '');
      expect(lines.at(-1)).toBe(`${count} network(s) installed in ${dir}`);
      lines.length = 0;
      await run('verify', '--dir', dir);
      expect(lines).toHaveLength(count);
      expect(lines.every((line) => line.startsWith('good: '))).toBe(true);
    }));
});

async function run(...args: string[]): Promise<void> {
  await modelsCommand().parseAsync(args, { from: 'user' });
}
