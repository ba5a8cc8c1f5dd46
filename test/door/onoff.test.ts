import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DoorSchema } from '../../src/config/schema.ts';
import { recordRelays } from '../../src/door/index.ts';
import { scratch, until } from './bench.ts';

/**
 * The real driver and the real package onoff on a folder mounted over /sys/class in a mount namespace of
 * its own. Outputs are files there as they are in sysfs; edges are not to be had, so inputs are tested only
 * for how they fail. Lines of a real kernel belong to the long suite.
 */
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/sys/class']).status === 0;
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

/** The folder to mount; `lines` are there as if exported by somebody else, as inverted inputs. */
function sysfs(lines: readonly number[]) {
  const root = scratch();
  mkdirSync(join(root, 'gpio'));
  writeFileSync(join(root, 'gpio', 'export'), '');
  for (const line of lines) {
    mkdirSync(join(root, 'gpio', `gpio${line}`));
    for (const [file, text] of Object.entries({
      value: '0',
      direction: 'in',
      active_low: '1',
      edge: 'none',
    })) {
      writeFileSync(join(root, 'gpio', `gpio${line}`, file), `${text}\n`);
    }
  }
  return {
    root,
    read: (line: number, file: string) =>
      readFileSync(join(root, 'gpio', `gpio${line}`, file), 'utf8').trim(),
  };
}

function inNamespace(root: string, script: string, ...args: string[]): ChildProcess {
  const node = [process.execPath, '--import', 'tsx', fixture(script), ...args];
  const child = spawn('unshare', [
    '-m',
    'sh',
    '-c',
    'mount --bind "$0" /sys/class && exec "$@"',
    root,
    ...node,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function gate(root: string, polarity: string) {
  const door = {
    relay: { line: { driver: 'onoff', line: 17 }, activeLow: polarity === 'low' },
    rex: { line: { driver: 'onoff', line: 22 } },
  };
  const socket = join(scratch(), 'control.sock');
  const child = inNamespace(root, 'gate-process.ts', socket, 'wait', JSON.stringify(door));
  const told: Record<string, unknown>[] = [];
  const errors: string[] = [];
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = once(child, 'close');
  return { child, told, errors, ended };
}

function chip(root: string, base: number, label: string, lines: number): void {
  const folder = join(root, 'gpio', `gpiochip${base}`);
  mkdirSync(folder);
  for (const [file, text] of Object.entries({ base, label, ngpio: lines })) {
    writeFileSync(join(folder, file), `${text}\n`);
  }
}

function configFile(activeLow: boolean, line = 'line: 17'): string {
  const path = join(scratch(), 'menshen.yaml');
  const text = `
gate: { id: test }
dataDir: data
access: { faceOnly: accepted }
cameras: [{ id: cam, source: 'rtsp://127.0.0.1/stream', door: front }]
doors: [{ id: front, relay: { line: { driver: onoff, ${line} }, activeLow: ${activeLow} } }]
`;
  writeFileSync(path, text);
  return path;
}

async function run(child: ChildProcess) {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, text };
}

describe.skipIf(!canMount)('the onoff driver (skipped where a mount namespace is not to be had)', () => {
  it.each([
    ['high', 'low', '1', '0'],
    ['low', 'high', '0', '1'],
  ])(
    'with %s energising starts with direction "%s", drives, and rests after SIGTERM',
    async (polarity, direction, on, off) => {
      const { root, read } = sysfs([17, 22]);
      const { child, told, ended } = await gate(root, polarity);
      // Edges cannot be had from a plain file: the button is a fault, and the relay works all the same.
      await until('the fault of the button', () => told.some(({ type }) => type === 'fault'), 20_000);
      expect(told.find(({ type }) => type === 'fault')).toMatchObject({
        code: 'GPIO_UNAVAILABLE',
        message: expect.stringContaining('onoff line 22: it cannot be watched'),
      });
      expect(read(17, 'direction')).toBe(direction);
      expect(read(17, 'active_low')).toBe('0');
      child.stdin?.write('go\n');
      await until('the relay is energised', () => told.some(({ ready }) => ready === true));
      expect(read(17, 'value')).toBe(on);
      child.kill('SIGTERM');
      await ended;
      // The dead man's switch sets it once more, through a shell that empties a plain file first.
      await until('the relay rests', () => read(17, 'value') === off);
    },
  );

  it.each([
    ['high', '1', '0'],
    ['low', '0', '1'],
  ])("with %s energising is released by its dead man's switch after SIGKILL", async (polarity, on, off) => {
    const { root, read } = sysfs([17, 22]);
    const { child, told, ended } = await gate(root, polarity);
    await until('the door runs', () => told.length > 0, 20_000);
    child.stdin?.write('go\n');
    await until('the relay is energised', () => told.some(({ ready }) => ready === true));
    expect(read(17, 'value')).toBe(on);
    child.kill('SIGKILL');
    await ended;
    await until('the relay is released', () => read(17, 'value') === off);
  });

  it('left energised, is released by `menshen door release`, found by chip and offset as well', async () => {
    for (const line of ['line: 529', 'chip: pinctrl-bcm2711, offset: 17']) {
      const { root, read } = sysfs([529]);
      chip(root, 512, 'pinctrl-bcm2711', 58);
      writeFileSync(join(root, 'gpio', 'gpio529', 'value'), '1');
      const released = await run(
        inNamespace(root, 'door-cli.ts', 'release', '--config', configFile(false, line)),
      );
      const name = line === 'line: 529' ? 'line 529' : 'pinctrl-bcm2711 line 17';
      expect(released).toEqual({ code: 0, text: `door "front": relay released (onoff ${name})\n` });
      expect(read(529, 'value')).toBe('0');
      expect(read(529, 'direction')).toBe('low');
    }
  });

  it('needs no valid configuration for that: the gate has recorded its relays', async () => {
    const { root, read } = sysfs([17]);
    writeFileSync(join(root, 'gpio', 'gpio17', 'value'), '0');
    const config = configFile(true);
    const relay = { line: { driver: 'onoff', line: 17 }, activeLow: true } as const;
    recordRelays([DoorSchema.parse({ id: 'front', relay })], join(dirname(config), 'data'));
    writeFileSync(config, `${readFileSync(config, 'utf8')}\ncameras: oops\n`);
    const { code, text } = await run(inNamespace(root, 'door-cli.ts', 'release', '--config', config));
    expect(code).toBe(0);
    expect(text).toContain('the configuration cannot be used; released is what the gate recorded');
    expect(text).toContain('door "front": relay released (onoff line 17, as the gate recorded)');
    expect(read(17, 'value')).toBe('1');
  });

  it('releases a relay that a low level energises by a high one', async () => {
    const { root, read } = sysfs([17]);
    const { code } = await run(inNamespace(root, 'door-cli.ts', 'release', '--config', configFile(true)));
    expect(code).toBe(0);
    expect(read(17, 'value')).toBe('1');
    expect(read(17, 'direction')).toBe('high');
  });

  it('does not drive a line whose settings did not take, which onoff itself passes over', async () => {
    const { root } = sysfs([17]);
    rmSync(join(root, 'gpio', 'gpio17', 'active_low'));
    mkdirSync(join(root, 'gpio', 'gpio17', 'active_low'));
    const { code, text } = await run(
      inNamespace(root, 'door-cli.ts', 'release', '--config', configFile(false)),
    );
    expect(code).toBe(1);
    expect(text).toContain('the kernel did not make it an output');
  });

  it('says what to do when there is no such line', async () => {
    const { root } = sysfs([]);
    const { code, text } = await run(
      inNamespace(root, 'door-cli.ts', 'release', '--config', configFile(false)),
    );
    expect(code).toBe(1);
    expect(text).toMatch(/^GPIO_UNAVAILABLE: door "front": onoff line 17: /);
  });

  it('says what to do when the kernel has no sysfs GPIO', async () => {
    const { code, text } = await run(
      inNamespace(scratch(), 'door-cli.ts', 'release', '--config', configFile(false)),
    );
    expect(code).toBe(1);
    expect(text).toContain(
      'this kernel has no sysfs GPIO (/sys/class/gpio is missing); configure driver gpiod',
    );
  });
});
