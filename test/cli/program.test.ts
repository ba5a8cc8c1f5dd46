import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/program.ts';
import { ERRORS, MenshenError } from '../../src/common/index.ts';
import { MINIMAL } from '../config/fixtures.ts';

const root = new URL('../../', import.meta.url).pathname;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function collect(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ended, code })));
}

/** What set-up built runs in children: it starts at once. */
const node = (...args: string[]) => collect(spawn(process.execPath, args, { cwd: root }));

const shell = (line: string, env: Record<string, string>) =>
  collect(
    spawn('bash', ['-c', line], { cwd: root, env: { ...process.env, NODE: process.execPath, ...env } }),
  );

const menshen = (...args: string[]) => node('dist/cli/main.js', ...args);

/** Runs the program in this process and gives the exit code and what was printed. */
async function here(...args: string[]): Promise<Ended> {
  let out = '';
  let err = '';
  const keep = (add: (text: string) => void) => (text: unknown) => {
    add(String(text));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep((text) => (out += text))),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep((text) => (err += text))),
    vi.spyOn(console, 'log').mockImplementation((text) => (out += `${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => (err += `${text}\n`)),
  ];
  try {
    return { code: await run(args), out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the menshen program', () => {
  it('prints its version and its help', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await menshen('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
    const help = await here('--help');
    expect(help.code).toBe(0);
    for (const name of Object.keys(COMMANDS)) expect(help.out).toContain(`  ${name} `);
    expect((await here()).out).toBe(help.out);
  });

  it.each([
    [['confg'], /^menshen: USAGE: unknown command 'confg'\n\(Did you mean config\?\)/],
    [['config', 'chek'], /^menshen: USAGE: unknown command 'chek'/],
    [['config', 'check', '--loud'], /^menshen: USAGE: unknown option '--loud'/],
    [['--loud'], /^menshen: USAGE: unknown option '--loud'/],
  ])('answers %j with a usage error and code 2', async (args, message) => {
    const { code, out, err } = await here(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(message);
  });

  it('has every command that it promises, described in the same words', async () => {
    for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
      const command = await load();
      expect(command.name()).toBe(name);
      expect(command.description()).toBe(summary);
    }
  });

  it.each(['run --help', 'events --help', 'door --help', 'config schema'])(
    'loads no native inference code for %s',
    async (command) => {
      const tell = `process.on('exit', () => console.error(process.report.getReport().sharedObjects.join()));`;
      const preload = `data:text/javascript,${encodeURIComponent(tell)}`;
      const { code, err } = await node('--import', preload, 'dist/cli/main.js', ...command.split(' '));
      expect(code).toBe(0);
      expect(err).toContain('libc');
      expect(err).not.toMatch(/onnx|sharp|vips/);
    },
  );
});

describe('errors', () => {
  afterEach(() => {
    Reflect.deleteProperty(COMMANDS, 'boom');
  });

  function commandThatThrows(error: unknown): void {
    const boom = new Command('boom').action(() => {
      throw error;
    });
    Object.assign(COMMANDS, { boom: { summary: 'fails', load: async () => boom } });
  }

  it('of the catalogue are printed with what to do, and exit with 1', async () => {
    commandThatThrows(new MenshenError('PERSON_NOT_FOUND', 'nobody is called Li'));
    expect(await here('boom')).toEqual({
      code: 1,
      out: '',
      err: `menshen: PERSON_NOT_FOUND: nobody is called Li\n${ERRORS.PERSON_NOT_FOUND}\n`,
    });
  });

  it('that nobody expected exit with 70, with a stack only under --debug', async () => {
    commandThatThrows(new TypeError('x is not a function'));
    const plain = await here('boom');
    expect(plain).toMatchObject({ code: 70, out: '' });
    expect(plain.err).toContain('menshen: INTERNAL: x is not a function');
    expect(plain.err).not.toContain('program.test.ts');
    const debug = await here('--debug', 'boom');
    expect(debug.code).toBe(70);
    expect(debug.err).toContain('program.test.ts');
  });
});

describe('menshen config', () => {
  it('check says that a file is good, and warns of what is probably not meant', async () => {
    const path = file(
      'good.yaml',
      `${MINIMAL}mqtt: { url: "mqtt://broker", password: { value: hunter2 } }\n`,
    );
    const { code, out, err } = await menshen('config', 'check', path);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^${path}: valid, version [0-9a-f]{12}$`)),
      expect.stringContaining('a secret stands in the file itself'),
      'warning: mqtt.url is not encrypted; use mqtts://',
      'warning: the door "main" has no exit button (rex)',
      '',
    ]);
  });

  it('check warns of a secret wherever it stands, and takes the file as other commands do', async () => {
    const path = file(
      'cloud.yaml',
      `${MINIMAL}cloud: { appKey: { file: a }, accessKey: { file: b }, secretKey: { value: hunter2 } }\n`,
    );
    const { code, out } = await here('config', 'check', '-c', path);
    expect(code).toBe(0);
    expect(out).toContain('a secret stands in the file itself');
    expect(out).not.toContain('hunter2');
  });

  it('check lists what is wrong and exits with 2', async () => {
    const path = file('bad.yaml', MINIMAL.replace('door: main', 'dor: main'));
    const { code, out, err } = await menshen('config', 'check', path);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')).toEqual([
      `menshen: CONFIG_INVALID: ${path}:3:11: cameras[0].door: is missing; must be text`,
      `${path}:3:52: cameras[0].dor: unknown key; did you mean "door"?`,
      ERRORS.CONFIG_INVALID,
      '',
    ]);
  });

  it('says under --debug in which line of the source it failed', async () => {
    const { code, err } = await menshen('--debug', 'config', 'check', join(folder, 'none.yaml'));
    expect(code).toBe(2);
    expect(err).toMatch(/\bsrc\/config\/\w+\.ts:\d+:\d+/);
  });

  it('show prints all settings but no secret, and what it prints is a configuration again', async () => {
    const path = file('show.yaml', `${MINIMAL}key: { value: hunter2 }\n`);
    const { code, out } = await here('config', 'show', '--config', path);
    expect(code).toBe(0);
    expect(out).not.toContain('hunter2');
    expect(out).toContain('unlockMs: 5000');
    const again = await here('config', 'show', '--config', file('again.yaml', out));
    expect(again.out.split('\n').slice(1)).toEqual(out.split('\n').slice(1));
  });
});

describe('when nobody reads the output any more', () => {
  const FLOOD = `
    import { outliveReader } from './src/cli/output.ts';
    outliveReader({ stay: process.env.STAY === 'true' });
    let rounds = 0;
    setInterval(() => {
      process.stdout.write('x'.repeat(100_000));
      if (++rounds === 20) process.exit(7);
    }, 5);`;

  it.each([
    ['a command ends quietly', false, 'x0\n'],
    ['a daemon works on', true, 'x7\n'],
  ])('%s', async (_, stay, out) => {
    const ended = await shell(
      '"$NODE" --import tsx --input-type=module -e "$FLOOD" | head -c 1; echo "$PIPESTATUS"',
      { FLOOD, STAY: String(stay) },
    );
    expect(ended).toEqual({ code: 0, out, err: '' });
  });
});
