import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { pullModels, verifyModels } from '../../../src/vision/models/index.ts';
import { catalogueOf, realTarball, smallPackage, withFolder } from './support.ts';

const tarball = await realTarball();
const workshop = await mkdtemp(join(tmpdir(), 'menshen-test-models-'));
const small = tarball === null ? null : await smallPackage(tarball, workshop);
const two = small?.catalogue ?? (await catalogueOf('fr-landmark', 'fr-eye'));

afterAll(() => rm(workshop, { recursive: true, force: true }));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(small === null)('with networks of the real package', () => {
  const given = small?.tarball ?? '';

  test('a pull installs what verify proves, and a second one does nothing', () =>
    withFolder(async (dir) => {
      const steps: string[] = [];
      const onProgress = ({ step, what }: { step: string; what: string }) => steps.push(`${step} ${what}`);
      expect(await pullModels({ dir, catalogue: two, tarball: given, onProgress })).toEqual([
        'fr-landmark',
        'fr-eye',
      ]);
      expect(steps).toContain('written fr-landmark');
      expect(await statuses(dir)).toEqual(['good', 'good']);
      const before = await Promise.all(two.models.map(({ file }) => stat(join(dir, file), { bigint: true })));
      expect(await pullModels({ dir, catalogue: two, tarball: '/nowhere.tgz' })).toEqual([]);
      const after = await Promise.all(two.models.map(({ file }) => stat(join(dir, file), { bigint: true })));
      expect(after.map((s) => [s.ino, s.mtimeNs])).toEqual(before.map((s) => [s.ino, s.mtimeNs]));
      expect(await readdir(dir)).toHaveLength(2);
    }));

  test('an altered or shortened file is found and restored, the good one left alone', () =>
    withFolder(async (dir) => {
      await pullModels({ dir, catalogue: two, tarball: given });
      await truncate(join(dir, 'fr_eye.onnx'), 1000);
      expect(await statuses(dir)).toEqual(['good', 'altered']);
      expect(await pullModels({ dir, catalogue: two, tarball: given })).toEqual(['fr-eye']);
      expect(await statuses(dir)).toEqual(['good', 'good']);
    }));

  test.each([
    ['one bit changed', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(500_000) ^ 1, 500_000)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
  ])('a tarball with %s installs nothing', (_name, alter) =>
    withFolder(async (dir) => {
      const bytes = await readFile(given);
      const altered = alter(bytes);
      const path = join(dir, 'altered.tgz');
      await writeFile(path, typeof altered === 'number' ? bytes : altered);
      await expect(pullModels({ dir, catalogue: two, tarball: path })).rejects.toMatchObject({
        code: 'MODEL_PACKAGE_ALTERED',
        message: expect.stringContaining('Nothing was installed'),
      });
      expect(await readdir(dir)).toEqual(['altered.tgz']);
    }),
  );

  test.each([
    [
      'a file of the package',
      { source: { package: 'faceplugin', path: 'package/model/fr_eye.onnx', sha256: '0'.repeat(64) } },
    ],
    [
      'a file that is not there',
      { source: { package: 'faceplugin', path: 'package/none.onnx', sha256: '0'.repeat(64) } },
    ],
    ['the prepared network', { sha256: '0'.repeat(64) }],
  ])('a wrong checksum of %s installs nothing, the good ones neither', (_name, fields) =>
    withFolder(async (dir) => {
      const models = two.models.map((entry) => (entry.id === 'fr-eye' ? { ...entry, ...fields } : entry));
      const refusal = { code: 'MODEL_PACKAGE_ALTERED' };
      await expect(pullModels({ dir, catalogue: { ...two, models }, tarball: given })).rejects.toMatchObject(
        refusal,
      );
      expect(await readdir(dir)).toEqual([]);
    }),
  );

  test('a file the site brought is not fetched; a bad one is named', () =>
    withFolder(async (dir) => {
      const models = two.models.map(({ source: _, prepare: __, ...entry }) => ({ ...entry, prepare: [] }));
      await expect(pullModels({ dir, catalogue: { ...two, models } })).rejects.toMatchObject({
        code: 'MODEL_MISSING',
        message: expect.stringContaining('The site brought this file itself'),
      });
    }));

  test('an interruption between two files leaves whole files only', () =>
    withFolder(async (dir) => {
      const abort = new AbortController();
      const onProgress = ({ step }: { step: string }) => step === 'written' && abort.abort();
      const pull = pullModels({ dir, catalogue: two, tarball: given, onProgress, signal: abort.signal });
      await expect(pull).rejects.toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED' });
      expect(await statuses(dir)).toEqual(['good', 'missing']);
      expect(await readdir(dir)).toHaveLength(1);
    }));

  test('what a killed pull left behind is removed; a file of a pull still running is kept', () =>
    withFolder(async (dir) => {
      const gone = spawn('true');
      await once(gone, 'exit');
      const running = `.fr_eye.onnx.${process.ppid}.tmp`;
      for (const name of [`.fr_eye.onnx.${gone.pid}.tmp`, running, '.other.tmp'])
        await writeFile(join(dir, name), 'half');
      await pullModels({ dir, catalogue: two, tarball: given });
      expect((await readdir(dir)).toSorted()).toEqual([
        running,
        '.other.tmp',
        'fr_eye.onnx',
        'fr_landmark.onnx',
      ]);
    }));

  test.each([0, 2, 5])(
    'killed %i ms after it began to write, a pull leaves no half network; the next one completes it',
    (wait) =>
      withFolder(async (dir) => {
        const code = `const m = await import(${JSON.stringify(source('index.ts'))});
        await m.pullModels({ dir: ${JSON.stringify(dir)}, catalogue: ${JSON.stringify(two)},
          tarball: ${JSON.stringify(given)}, onProgress: (p) => console.log(p.step) });`;
        const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = once(child, 'exit');
        for await (const text of child.stdout.setEncoding('utf8'))
          if (String(text).includes('preparing')) break;
        await new Promise((resolve) => setTimeout(resolve, wait));
        child.kill('SIGKILL');
        await ended;
        expect(await statuses(dir)).not.toContain('altered');
        await pullModels({ dir, catalogue: two, tarball: given });
        expect(await statuses(dir)).toEqual(['good', 'good']);
        expect(await readdir(dir)).toHaveLength(2);
      }),
  );
});

describe('when npm cannot help, one clear error and nothing installed', () => {
  const refused = (dir: string, told: string) =>
    expect(pullModels({ dir, catalogue: two })).rejects.toMatchObject({
      code: 'MODEL_DOWNLOAD_FAILED',
      message: expect.stringContaining(told),
    });

  test('a registry that does not answer', () =>
    withFolder(async (dir) => {
      vi.stubEnv('npm_config_registry', 'http://someone:secret@127.0.0.1:9/');
      vi.stubEnv('npm_config_cache', join(dir, 'cache'));
      vi.stubEnv('npm_config_fetch_retries', '0');
      const failure = await pullModels({ dir, catalogue: two }).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'MODEL_DOWNLOAD_FAILED',
        message: expect.stringContaining('ECONNREFUSED'),
      });
      expect(String(failure)).toContain('--tarball');
      expect(String(failure)).not.toContain('secret');
      expect(await readdir(dir)).toEqual(['cache']);
    }));

  test('a registry that hangs, and a user who gives up', () =>
    withFolder(async (dir) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      vi.stubEnv('npm_config_registry', `http://127.0.0.1:${port}/`);
      vi.stubEnv('npm_config_cache', join(dir, 'cache'));
      const abort = new AbortController();
      server.on('connection', () => abort.abort());
      const pull = pullModels({ dir, catalogue: two, signal: abort.signal });
      await expect(pull).rejects.toMatchObject({ message: expect.stringContaining('interrupted') });
      expect(await statuses(dir)).toEqual(['missing', 'missing']);
      server.close();
    }));

  test('no npm', () =>
    withFolder(async (dir) => {
      vi.stubEnv('PATH', dir);
      await refused(dir, 'the command npm was not found');
    }));

  test('an npm that dies without a word, and one that leaves nothing', () =>
    withFolder(async (dir) => {
      vi.stubEnv('PATH', `${dir}:/usr/bin:/bin`);
      const npm = join(dir, 'npm');
      await writeFile(npm, '#!/bin/sh\nkill -9 $$\n');
      await chmod(npm, 0o755);
      await refused(dir, 'npm ended with SIGKILL');
      await writeFile(npm, '#!/bin/sh\nexit 0\n');
      await refused(dir, 'left no tarball');
    }));

  test('a tarball that is not there', () =>
    withFolder(async (dir) => {
      const pull = pullModels({ dir, catalogue: two, tarball: join(dir, 'none.tgz') });
      await expect(pull).rejects.toMatchObject({
        code: 'MODEL_DOWNLOAD_FAILED',
        message: expect.stringContaining('none.tgz'),
      });
    }));

  test('a folder that cannot be made', () =>
    withFolder(async (dir) => {
      await writeFile(join(dir, 'file'), '');
      const pull = pullModels({ dir: join(dir, 'file'), catalogue: two, tarball: join(dir, 'none.tgz') });
      await expect(pull).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
    }));
});

async function statuses(dir: string): Promise<string[]> {
  return (await verifyModels({ dir, catalogue: two })).map((check) => check.status);
}

function source(name: string): string {
  return fileURLToPath(new URL(`../../../src/vision/models/${name}`, import.meta.url));
}
