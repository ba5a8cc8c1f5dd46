import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type GpioDriver, openGpio } from '../../src/door/index.ts';
import { CONTACT, RELAY, SimulatorClient, scratch, simulated, until } from './bench.ts';

/** Answer to an input that was set. */
const SET = { ok: true, at: expect.any(Number) };

async function simulator(
  path = join(scratch(), 'control.sock'),
): Promise<{ gpio: GpioDriver; path: string }> {
  const gpio = await openGpio({ socket: path });
  onTestFinished(() => gpio.close());
  return { gpio, path };
}
const noError = (error: Error) => {
  throw error;
};

describe('the control socket of the simulated lines', () => {
  it('is readable and writable by its owner only, and gone after close', async () => {
    const { gpio, path } = await simulator();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await gpio.close();
    expect(existsSync(path)).toBe(false);
  });

  it('sets inputs, whether opened already or not', async () => {
    const { gpio, path } = await simulator();
    const client = await SimulatorClient.connect(path);
    expect(await client.ask({ line: CONTACT, level: 1 })).toEqual(SET);
    const levels: number[] = [];
    const input = await gpio.openInput(
      simulated(CONTACT),
      { idle: 0, debounceMs: 0 },
      { onChange: (level) => levels.push(level), onError: noError },
    );
    expect(input.level()).toBe(1);
    await client.ask({ line: CONTACT, level: 0 });
    await client.ask({ line: CONTACT, level: 0 });
    expect(levels).toEqual([0]);
    expect(await client.ask({ get: CONTACT })).toEqual({
      ok: true,
      line: CONTACT,
      level: 0,
      direction: 'in',
    });
  });

  it('streams each change of an output with its time, and rests one on demand', async () => {
    const { gpio, path } = await simulator();
    const client = await SimulatorClient.connect(path);
    const output = await gpio.openOutput(simulated(RELAY), { rest: 1 });
    expect(await client.ask({ subscribe: true })).toEqual({
      ok: true,
      outputs: [{ line: RELAY, level: 1, direction: 'out' }],
    });
    const before = Number(process.hrtime.bigint()) / 1e6;
    output.write(0);
    const after = Number(process.hrtime.bigint()) / 1e6;
    output.write(0);
    expect(await client.ask({ release: RELAY })).toEqual({ ok: true });
    expect(client.levels(RELAY)).toEqual([0, 1]);
    const at = client.lines.find((line) => line.level === 0)?.at;
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
  });

  it('says why it does not do what makes no sense', async () => {
    const { gpio, path } = await simulator();
    await gpio.openOutput(simulated(RELAY), { rest: 0 });
    const client = await SimulatorClient.connect(path);
    expect(await client.ask({ line: RELAY, level: 1 })).toEqual({ ok: false, error: 'line 17 is an output' });
    expect(await client.ask({ get: 3 })).toMatchObject({ ok: false });
    expect(await client.ask({ release: CONTACT })).toMatchObject({ ok: false });
    await expect(gpio.openOutput(simulated(RELAY), { rest: 0 })).rejects.toMatchObject({
      code: 'GPIO_UNAVAILABLE',
    });
  });

  it.each([
    'nonsense',
    '{}',
    '[]',
    'null',
    '7',
    '{"line":1}',
    '{"line":1,"level":2}',
    '{"line":-1,"level":0}',
    '{"line":1.5,"level":0}',
    '{"line":1e99,"level":0}',
    '{"line":1,"level":0,"extra":1}',
    '{"__proto__":{"get":1}}',
    '{"subscribe":false}',
    '\u0000\u0000',
    `{"get":${'9'.repeat(4090)}}`,
  ])('answers %j with an error and goes on', async (text) => {
    const { path } = await simulator();
    const client = await SimulatorClient.connect(path);
    expect(await client.ask(text)).toMatchObject({ ok: false });
    expect(await client.ask({ line: 1, level: 1 })).toEqual(SET);
  });

  it('survives whatever bytes come', async () => {
    const { path } = await simulator();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), async (chunks) => {
        const client = await SimulatorClient.connect(path);
        for (const chunk of chunks) client.socket.write(chunk);
        client.socket.destroy();
      }),
      { numRuns: 100 },
    );
    const client = await SimulatorClient.connect(path);
    expect(await client.ask({ line: 1, level: 1 })).toEqual(SET);
  });

  it('drops a client that sends a line without end, or never reads, or is one too many', async () => {
    const { gpio, path } = await simulator();
    const endless = await SimulatorClient.connect(path);
    endless.socket.write('x'.repeat(20_000));
    await until('the endless client is dropped', () => endless.closed);

    const deaf = await SimulatorClient.connect(path);
    await deaf.ask({ subscribe: true });
    deaf.socket.pause();
    const output = await gpio.openOutput(simulated(RELAY), { rest: 0 });
    for (let change = 0; change < 60_000; change += 1) output.write(change % 2 === 0 ? 1 : 0);
    deaf.socket.resume();
    await until('the deaf client is dropped', () => deaf.closed);

    const crowd = await Promise.all(Array.from({ length: 40 }, () => SimulatorClient.connect(path)));
    await until('eight of forty are dropped', () => crowd.filter(({ closed }) => closed).length === 8);
    for (const { socket } of crowd) socket.destroy();
  });
});

describe('the path of the control socket', () => {
  it('is taken over from a process that was killed', async () => {
    const path = join(scratch(), 'control.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    await simulator(path);
    const client = await SimulatorClient.connect(path);
    expect(await client.ask({ line: 1, level: 1 })).toEqual(SET);
  });

  it.each([
    ['a file', async (path: string) => writeFileSync(path, 'precious')],
    [
      'the socket of a living process',
      async (path: string) => {
        const server = createServer().listen(path);
        onTestFinished(() => void server.close());
      },
    ],
  ])('is refused when it is %s', async (_, occupy) => {
    const path = join(scratch(), 'taken');
    await occupy(path);
    await expect(openGpio({ socket: path })).rejects.toMatchObject({ code: 'GPIO_UNAVAILABLE' });
    expect(existsSync(path)).toBe(true);
  });

  it('is refused when its folder does not exist', async () => {
    await expect(openGpio({ socket: join(scratch(), 'no', 'folder') })).rejects.toThrow(/choose another/);
  });
});
