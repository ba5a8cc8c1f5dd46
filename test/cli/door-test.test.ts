import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testDoors } from '../../src/cli/door-test.ts';
import { lockDataDir } from '../../src/gate/instance-lock.ts';
import { CONTACT, RELAY, REX, SimulatorClient, scratch, until } from '../door/bench.ts';

const SCRIPT = join(import.meta.dirname, '../door/fixtures/door-cli.ts');

function site(relay = '') {
  const folder = scratch();
  const path = join(folder, 'menshen.yaml');
  writeFileSync(
    path,
    `
gate: { id: test }
access: { faceOnly: accepted }
dataDir: data
cameras: [{ id: cam, source: 'rtsp://127.0.0.1/stream', door: front }]
doors:
  - id: front
    relay: { line: { driver: simulated, line: ${RELAY} }${relay} }
    contact: { line: { driver: simulated, line: ${CONTACT} }, debounceMs: 10 }
    rex: { line: { driver: simulated, line: ${REX} }, debounceMs: 10 }
simulator: { socket: lines.sock }
`,
  );
  return { path, dataDir: join(folder, 'data'), socket: join(folder, 'lines.sock') };
}

/** `menshen door test` with a program in the person's place. */
function start(
  path: string,
  { ids = [], whileRunning = false }: { ids?: string[]; whileRunning?: boolean } = {},
) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = testDoors(ids, path, { whileRunning, input, output });
  ended.catch(() => {});
  onTestFinished(async () => {
    input.end();
    await ended.catch(() => {});
  });
  return { ...conversation(output, input), input, ended };
}

function conversation(output: Readable, input: Writable) {
  let text = '';
  let seen = 0;
  output.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const sees = async (words: string, ms = 5000) => {
    await until(`"${words}" in ${text}`, () => text.indexOf(words, seen) >= 0, ms);
    seen = text.indexOf(words, seen) + words.length;
  };
  const say = (answer: string) => void input.write(`${answer}\n`);
  return {
    sees,
    say,
    answer: async (question: string, answer: string) => {
      await sees(`${question} [y/n]`);
      say(answer);
    },
  };
}

describe('menshen door test', () => {
  it('clicks through relay, contact and button with a person watching', async () => {
    const { path, socket } = site();
    const test = start(path);
    await test.answer('relay: locked. Is the door locked?', 'y');
    await test.sees('relay: unlocked. Can the door be opened? [y/n]');
    const lines = await SimulatorClient.connect(socket);
    const level = async () => (await lines.ask({ get: RELAY })).level;
    expect(await level()).toBe(1);
    test.say('what?');
    await test.answer('answer y or n\n  relay: unlocked. Can the door be opened?', 'yes');
    await test.sees('relay: locked again. Is the door locked? [y/n]');
    expect(await level()).toBe(0);
    test.say('y');
    await test.sees('contact: closed');
    await test.sees('contact: Open the door, and close it again. Was it told rightly? [y/n]');
    await lines.ask({ line: CONTACT, level: 1 });
    await test.sees('contact: open');
    await lines.ask({ line: CONTACT, level: 0 });
    await test.sees('contact: closed');
    test.say('y');
    await test.sees('rex: not pressed');
    await test.sees('rex: Press the exit button, and let it go. Was it told rightly? [y/n]');
    await lines.ask({ line: REX, level: 0 });
    await test.sees('rex: pressed');
    await lines.ask({ line: REX, level: 1 });
    await test.sees('rex: not pressed');
    test.say('y');
    await test.sees('3 parts of the door are in order');
    await test.ended;
  });

  it('goes on after a part that fails, believes no yes without a change, and then fails naming each', async () => {
    const { path } = site();
    const test = start(path);
    await test.answer('relay: locked. Is the door locked?', 'y');
    await test.answer('relay: unlocked. Can the door be opened?', 'n');
    await test.answer('contact: Open the door, and close it again. Was it told rightly?', 'y');
    await test.answer('rex: Press the exit button, and let it go. Was it told rightly?', 'n');
    await expect(test.ended).rejects.toMatchObject({
      code: 'DOOR_TEST_FAILED',
      message: [
        'door "front": relay: the door does not open',
        'door "front": contact: it was not seen open and then closed',
        'door "front": rex: it was told wrongly',
      ].join('\n'),
    });
  });

  it('refuses while a gate runs, unless told', async () => {
    const { path, dataDir } = site();
    const unlock = await lockDataDir(dataDir);
    onTestFinished(unlock);
    await expect(start(path).ended).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining('--while-running'),
    });
    const told = start(path, { ids: ['front'], whileRunning: true });
    await told.sees('relay: locked. Is the door locked? [y/n]');
  });

  it('locks the door when nobody answers any more', async () => {
    const { path, socket } = site();
    const test = start(path);
    await test.answer('relay: locked. Is the door locked?', 'y');
    await test.sees('relay: unlocked.');
    const lines = await SimulatorClient.connect(socket);
    await lines.ask({ subscribe: true });
    test.input.end();
    await expect(test.ended).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('nobody answers'),
    });
    await until('the lines are closed', () => lines.closed);
    expect(lines.levels(RELAY)).toEqual([0]);
  });

  it('is a command, and locks the door when it is interrupted', { timeout: 60_000 }, async () => {
    const { path, socket } = site();
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, 'test', '--config', path]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    const test = conversation(child.stdout, child.stdin);
    await test.sees('relay: locked. Is the door locked? [y/n]', 50_000);
    test.say('y');
    await test.sees('relay: unlocked.');
    const lines = await SimulatorClient.connect(socket);
    await lines.ask({ subscribe: true });
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    await until('the lines are closed', () => lines.closed);
    expect(lines.levels(RELAY)).toEqual([0]);
  });

  it('gives a pulse where the lock wants one', async () => {
    const { path, socket } = site(', pulseMs: 300');
    const test = start(path);
    await test.sees('relay: locked. Is the door locked? [y/n]');
    const lines = await SimulatorClient.connect(socket);
    await lines.ask({ subscribe: true });
    test.say('y');
    await test.sees('relay: unlocked for 300 ms. Can the door be opened? [y/n]');
    await until('the pulse is over', () => lines.levels(RELAY).length === 2);
    expect(lines.levels(RELAY)).toEqual([1, 0]);
    test.say('y');
    await test.sees('relay: locked again.');
  });

  it('says what it does not know', async () => {
    const { path } = site();
    await expect(start(path, { ids: ['side'] }).ended).rejects.toMatchObject({
      code: 'USAGE',
      message: 'there is no door "side"; known are front',
    });
  });
});
