import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { run } from '../../src/cli/program.ts';
import { filesOf } from '../gallery/helpers.ts';
import { portrait, READY } from '../gallery/photos.ts';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process, as main.ts does; nobody can be asked here. */
async function menshen(args: string[], passphrase = ''): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const log = vi.spyOn(console, 'log').mockImplementation((line) => {
    printed.stdout += `${line}\n`;
  });
  const error = vi.spyOn(console, 'error').mockImplementation((line) => {
    printed.stderr += `${line}\n`;
  });
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.stubEnv('MENSHEN_PASSPHRASE', passphrase);
  try {
    return { code: await run(args), ...printed };
  } finally {
    for (const spy of [log, error, err]) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

/** Runs the real program, as set-up built it, as its own process without a terminal. */
function menshenProcess(args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

const PersonSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  consent: z.object({ local: z.boolean(), cloud: z.boolean(), at: z.string(), version: z.string() }),
});

describe.skipIf(!READY)(
  'menshen enroll and people (skipped: run set-up for the pictures and networks)',
  () => {
    let folder: string;
    let data: string[];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'menshen-cli-'));
      data = ['--data-dir', join(folder, 'data')];
      for (const who of ['ann', 'bea', 'cid'] as const)
        writeFileSync(join(folder, `${who}.jpg`), await portrait(who));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const at = (name: string) => join(folder, name);

    it('take a person from the photo to the list, into an export, and out again without a trace', async () => {
      const enrolled = await menshenProcess([
        'enroll',
        '--name',
        '安娜',
        '--photo',
        at('ann.jpg'),
        '--consent',
        'local,cloud',
        '--consent-version',
        'de-2',
        '--json',
        ...data,
      ]);
      expect(enrolled).toMatchObject({ code: 0, stderr: expect.stringContaining('Keep a copy') });
      const { person } = z.object({ person: PersonSchema }).parse(JSON.parse(enrolled.stdout));
      expect(person).toMatchObject({ name: '安娜', consent: { local: true, cloud: true, version: 'de-2' } });

      const again = await menshen([
        'enroll',
        '-n',
        'Other',
        '-p',
        at('ann.jpg'),
        '--consent',
        'local',
        ...data,
      ]);
      expect(again).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/ENROLL_DUPLICATE.*安娜/),
      });
      const second = await menshen([
        'enroll',
        '-n',
        'Bea',
        '-p',
        at('bea.jpg'),
        '--consent',
        'local',
        ...data,
      ]);
      expect(second).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/^enrolled Bea \([0-9a-f-]{36}\)/),
      });

      const list = await menshen(['people', 'list', ...data]);
      expect(list.stdout).toMatch(new RegExp(`${person.id} +\\d{4}-\\d\\d-\\d\\d +1 +local,cloud +安娜`));
      const json = z
        .array(PersonSchema)
        .parse(JSON.parse((await menshen(['people', 'list', '--json', ...data])).stdout));
      expect(json.map(({ name }) => name).sort()).toEqual(['Bea', '安娜']);
      expect((await menshen(['people', 'show', '安娜', ...data])).stdout).toMatch(
        /version de-2.*reference .*quality 0\.\d\d/s,
      );

      const passphrase = 'open sesame, please';
      expect(await menshen(['people', 'export', at('all.people'), ...data], passphrase)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('exported 2 people'),
      });
      expect(await menshen(['people', 'export', at('all.people'), ...data], passphrase)).toMatchObject({
        code: 2,
      });

      const before = filesOf(at('data')).includes(person.id);
      expect(await menshen(['people', 'remove', '安娜', ...data])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--yes'),
      });
      expect(await menshen(['people', 'remove', '安娜', '--yes', ...data])).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect([before, filesOf(at('data')).includes(person.id)]).toEqual([true, false]);
      expect(await menshen(['people', 'show', person.id, ...data])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('PERSON_NOT_FOUND'),
      });

      expect(await menshen(['people', 'import', at('all.people'), ...data], 'something else')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('EXPORT_INVALID'),
      });
      expect(await menshen(['people', 'import', at('all.people'), ...data], passphrase)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('1 added'),
      });
      expect((await menshen(['people', 'show', person.id, ...data])).stdout).toContain('安娜');
    }, 60_000);

    it('enroll asks for consent', async () => {
      const fresh = ['--data-dir', at('fresh')];
      const silent = await menshen(['enroll', '-n', 'Cid', '-p', at('cid.jpg'), ...fresh]);
      expect(silent).toMatchObject({ code: 2, stderr: expect.stringMatching(/USAGE.*--consent local/) });
      const cloudOnly = await menshen([
        'enroll',
        '-n',
        'Cid',
        '-p',
        at('cid.jpg'),
        '--consent',
        'cloud',
        ...fresh,
      ]);
      expect(cloudOnly).toMatchObject({ code: 2, stderr: expect.stringContaining('USAGE') });
    });

    it('take dataDir, key and models from a configuration', async () => {
      writeFileSync(at('key.hex'), `${'5c'.repeat(32)}\n`, { mode: 0o600 });
      writeFileSync(
        at('menshen.yaml'),
        'gate: { id: test }\ndataDir: ./configured\naccess: { faceOnly: accepted }\nkey: { file: ./key.hex }\ncameras:\n  - { id: cam, source: ./none, door: front }\n' +
          'doors:\n  - id: front\n    relay: { line: { driver: simulated, line: 1 } }\n',
      );
      const config = ['--config', at('menshen.yaml')];
      expect(
        await menshen(['enroll', '-n', 'Cid', '-p', at('cid.jpg'), '--consent', 'local', ...config]),
      ).toMatchObject({ code: 0, stderr: '' });
      expect([existsSync(at('configured/gallery.sqlite')), existsSync(at('configured/key'))]).toEqual([
        true,
        false,
      ]);
      expect((await menshen(['people', 'list', ...config])).stdout).toContain('Cid');
      expect(await menshen(['people', 'list', '--data-dir', at('configured')])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('KEY_MISSING'),
      });
      expect(await menshen(['people', 'list', '--data-dir', at('configured'), ...config])).toMatchObject({
        code: 2,
      });
      expect(readFileSync(at('key.hex'), 'utf8')).toContain('5c5c');
    }, 60_000);
  },
);
