import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;

/** A checkout with nothing in it but the set-up's own modules, and a script that uses them. */
let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'menshen-setup-'));
  cpSync(join(root, 'scripts/setup'), join(checkout, 'scripts/setup'), { recursive: true });
  cpSync(join(root, 'scripts/setup.mjs'), join(checkout, 'scripts/setup.mjs'));
  mkdirSync(join(checkout, 'bin'));
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function ended(child: ChildProcess): Promise<Ended> {
  const result: Ended = { code: null, out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    result.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    result.err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...result, code })));
}

/** Runs a piece of JavaScript that may import the set-up's modules; programs come from bin/ first. */
function script(code: string, env: Record<string, string> = {}): Promise<Ended> {
  const path = join(checkout, 'scripts', `try-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(path, code);
  return ended(
    spawn(process.execPath, [path], {
      cwd: checkout,
      env: { ...process.env, PATH: `${join(checkout, 'bin')}:${process.env.PATH}`, ...env },
    }),
  );
}

function program(name: string, body: string): void {
  writeFileSync(join(checkout, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

describe('a step', () => {
  it('tells in one line what it does and how long it took', async () => {
    const { out, code } = await script(
      `import { run, step } from './setup/tools.mjs';
       await step('napping', () => run('sh', ['-c', 'echo noise; sleep 0.6']));`,
    );
    expect(code).toBe(0);
    expect(out).toBe('[set-up] napping … 1 s\n');
    expect(readFileSync(join(checkout, '.cache/setup.log'), 'utf8')).toContain('noise');
  });

  it('that fails shows the end of what the program said, and what to do', async () => {
    const { out, err, code } = await script(
      `import { run, SetupError, step } from './setup/tools.mjs';
       await step('breaking', () => run('sh', ['-c', 'seq 2000; echo the reason >&2; exit 3'], { hint: 'Do this.' }))
         .catch((error) => { console.error(error.message); process.exitCode = error instanceof SetupError ? 5 : 6; });`,
    );
    expect(code).toBe(5);
    expect(out).toBe('[set-up] breaking … failed\n');
    expect(err).toMatch(
      /ended with 3:[\s\S]*the reason\nDo this\.\nThe whole output is in \.cache\/setup\.log\.\n$/,
    );
    expect(err.length).toBeLessThan(4000);
  });
});

describe('system packages', () => {
  const call =
    "import { systemPackages } from './setup/apt.mjs';\nawait systemPackages({ compiler: false });";
  const status = (line: string) => program('dpkg-query', `printf '${line}\\n'; exit 1`);
  const installed =
    'installed python3-gi\\ninstalled gir1.2-gst-rtsp-server-1.0\\ninstalled gstreamer1.0-plugins-base\\ninstalled gstreamer1.0-plugins-good\\ninstalled python3-jinja2\\n';

  it('that are missing are installed, and only they, without starting their services', async () => {
    status(`${installed}config-files gstreamer1.0-plugins-bad`);
    const log = join(checkout, 'apt');
    program('apt-get', `echo "$@" "$DEBIAN_FRONTEND" >> ${log}; test -x /usr/sbin/policy-rc.d`);
    for (const name of ['ffmpeg', 'mosquitto']) program(name, 'exit 0');
    const before = existsSync('/usr/sbin/policy-rc.d');
    const { code, out, err } = await script(`process.getuid = () => 0;\n${call}`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^\[set-up\] apt: gstreamer1\.0-plugins-bad … \d+ s\n$/);
    expect(readFileSync(log, 'utf8').split('\n')).toEqual([
      '-o DPkg::Lock::Timeout=300 update noninteractive',
      '-o DPkg::Lock::Timeout=300 install -y --no-install-recommends gstreamer1.0-plugins-bad noninteractive',
      '',
    ]);
    expect(existsSync('/usr/sbin/policy-rc.d')).toBe(before);
  });

  it('that are missing are named with the command, where the user is not root', async () => {
    status('not-installed python3-gi');
    for (const name of ['ffmpeg', 'mosquitto']) program(name, 'exit 0');
    const { code, err } = await script(`process.getuid = () => 1000;\n${call}`);
    expect(code).toBe(1);
    expect(err).toContain(
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends python3-gi gir1.2-gst-rtsp-server-1.0",
    );
  });

  it('of the long tests are asked for with them only', async () => {
    status(`${installed}installed gstreamer1.0-plugins-bad`);
    for (const name of ['ffmpeg', 'mosquitto', 'gcc', 'javac']) program(name, 'exit 0');
    const { code, err } = await script(
      `process.getuid = () => 1000;\n${call.replace('false', 'false, long: true')}`,
    );
    expect(code).toBe(1);
    expect(err).toContain('--no-install-recommends libc6-dev libbcprov-java');
  });

  it('that are there are left alone', async () => {
    status(`${installed}installed gstreamer1.0-plugins-bad`);
    for (const name of ['ffmpeg', 'mosquitto']) program(name, 'exit 0');
    program('apt-get', 'echo called; exit 1');
    expect(await script(call)).toEqual({ code: 0, out: '', err: '' });
  });
});

describe('node_modules', () => {
  const call = "import { npmStale } from './setup/npm.mjs';\nconsole.log(npmStale());";
  const lock = (version: string) =>
    writeFileSync(
      join(checkout, 'package-lock.json'),
      JSON.stringify({ packages: { '': {}, 'node_modules/better-sqlite3': { version } } }),
    );
  const hidden = (version: string) => {
    // The true native packages, under a list of our own.
    mkdirSync(join(checkout, 'node_modules'), { recursive: true });
    for (const name of [
      'better-sqlite3',
      'bindings',
      'file-uri-to-path',
      'sharp',
      'detect-libc',
      'semver',
      '@img',
      'onnxruntime-node',
      'onnxruntime-common',
    ]) {
      symlinkSync(join(root, 'node_modules', name), join(checkout, 'node_modules', name));
    }
    writeFileSync(
      join(checkout, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/better-sqlite3': { version } } }),
    );
  };

  it('that are absent, or other than locked, are stale', async () => {
    lock('1.0.0');
    expect((await script(call)).out).toBe('true\n');
    hidden('1.0.1');
    expect((await script(call)).out).toBe('true\n');
  });

  it('as locked are good, also when installed by hand; a new lock file makes them stale', async () => {
    lock('1.0.0');
    hidden('1.0.0');
    expect(await script(call)).toEqual({ code: 0, out: 'false\n', err: '' });
    expect(existsSync(join(checkout, 'node_modules/.menshen-lock'))).toBe(true);
    expect((await script(call)).out).toBe('false\n');
    lock('1.1.0');
    expect((await script(call)).out).toBe('true\n');
  });
});

describe('two set-ups at once', () => {
  it('work one after the other, and a dead one holds nobody up', async () => {
    const call = `import { alone } from './setup/tools.mjs';
      import { appendFileSync } from 'node:fs';
      await alone(async () => {
        appendFileSync('trace', 'in ');
        await new Promise((resolve) => setTimeout(resolve, 300));
        appendFileSync('trace', 'out ');
      });`;
    mkdirSync(join(checkout, '.cache'));
    const { stdout } = await promisify(execFile)('sh', ['-c', 'echo $$']);
    writeFileSync(join(checkout, '.cache/setup.lock'), stdout.trim());
    const all = await Promise.all([script(call), script(call), script(call)]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(readFileSync(join(checkout, 'trace'), 'utf8')).toBe('in out in out in out ');
    expect(existsSync(join(checkout, '.cache/setup.lock'))).toBe(false);
  });
});

describe('scripts/setup.mjs', () => {
  it('refuses a Node that is too old, and says which is needed', async () => {
    const { code, err } = await script(
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });
       await import('./setup.mjs');`,
    );
    expect(code).toBe(1);
    expect(err).toMatch(/^\[set-up\] Menshen needs Node 20\.19 or later; this is 18\.20\.0 /);
  });
});
