import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ModbusTCPServer } from 'jsmodbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputLineSchema, OutputLineSchema } from '../../src/config/schema/line.ts';
import { modbusDriver } from '../../src/door/gpio/modbus.ts';
import type { Level } from '../../src/door/index.ts';
import { until } from './bench.ts';

/** A Modbus-TCP server as a relay board is one: coils and discrete inputs, a bit each. */
class Board {
  readonly coils = Buffer.alloc(32);
  readonly discrete = Buffer.alloc(32);
  readonly sockets = new Set<Socket>();
  requests = 0;
  server: Server = createServer();
  port = 0;

  async listen(port = 0): Promise<this> {
    this.server = createServer();
    const modbus = new ModbusTCPServer(this.server, { coils: this.coils, discrete: this.discrete });
    modbus.on('preReadDiscreteInputs', () => {
      this.requests += 1;
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** As when its power goes. */
  async cut(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  coil(address: number): number {
    return ((this.coils[address >> 3] ?? 0) >> (address & 7)) & 1;
  }

  set(buffer: Buffer, address: number, level: Level): void {
    const bit = 1 << (address & 7);
    const byte = buffer[address >> 3] ?? 0;
    buffer[address >> 3] = level === 1 ? byte | bit : byte & ~bit;
  }
}

async function board(): Promise<Board> {
  const server = await new Board().listen();
  onTestFinished(() => server.cut());
  return server;
}

function driver() {
  const gpio = modbusDriver();
  onTestFinished(() => gpio.close());
  return gpio;
}

function outputLine(port: number, change = {}) {
  const line = OutputLineSchema.parse({
    driver: 'modbus',
    host: '127.0.0.1',
    port,
    coil: 3,
    timeoutMs: 300,
    ...change,
  });
  if (line.driver !== 'modbus') throw new Error('unreachable');
  return line;
}

function inputLine(port: number, change = {}) {
  const line = InputLineSchema.parse({
    driver: 'modbus',
    host: '127.0.0.1',
    port,
    input: 9,
    pollMs: 10,
    timeoutMs: 300,
    ...change,
  });
  if (line.driver !== 'modbus') throw new Error('unreachable');
  return line;
}

function handlers() {
  const told: (Level | string)[] = [];
  return {
    told,
    onChange: (level: Level) => void told.push(level),
    onError: ({ message }: Error) => void told.push(message),
  };
}

describe('a relay of a Modbus board', () => {
  it('is at rest when opened, follows, and is at rest when closed', async () => {
    const server = await board();
    server.set(server.coils, 3, 1);
    const output = await driver().openOutput(outputLine(server.port), { rest: 0 });
    expect(server.coil(3)).toBe(0);
    await output.write(1);
    expect(server.coil(3)).toBe(1);
    expect(server.coil(2)).toBe(0);
    await output.close();
    expect(server.coil(3)).toBe(0);
  });

  it('that cannot be reached, or does not answer, is not opened', async () => {
    const server = await board();
    await server.cut();
    const line = outputLine(server.port);
    await expect(driver().openOutput(line, { rest: 0 })).rejects.toMatchObject({
      code: 'GPIO_UNAVAILABLE',
      message: expect.stringMatching(/^modbus 127.0.0.1:\d+ unit 1 coil 3: connect ECONNREFUSED/),
    });
    const mute = createServer((socket) => socket.on('error', () => {})).listen(server.port, '127.0.0.1');
    onTestFinished(() => void mute.close());
    const begun = performance.now();
    await expect(driver().openOutput(line, { rest: 0 })).rejects.toMatchObject({
      message: expect.stringContaining('Req timed out'),
    });
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it('that goes is told once; it can be opened again when the board is back', async () => {
    const server = await board();
    const gpio = driver();
    const { told, onError } = handlers();
    const output = await gpio.openOutput(outputLine(server.port), { rest: 0 }, { onError });
    await output.write(1);
    await server.cut();
    await until('the fault is told', () => told.length > 0);
    expect(told).toEqual([expect.stringContaining('the board closed the connection')]);
    await expect(output.write(1)).rejects.toMatchObject({ code: 'GPIO_WRITE_FAILED' });
    await output.close();
    await server.listen(server.port);
    expect(server.coil(3)).toBe(1);
    const again = await gpio.openOutput(outputLine(server.port), { rest: 0 }, { onError });
    expect(server.coil(3)).toBe(0);
    await again.write(1);
    expect(server.coil(3)).toBe(1);
    expect(told).toHaveLength(1);
  });

  it('that the board lets go by itself is told as a fault', async () => {
    const server = await board();
    const { told, onError } = handlers();
    const output = await driver().openOutput(outputLine(server.port), { rest: 0 }, { onError });
    await output.write(1);
    server.set(server.coils, 3, 0);
    await until('the fault is told', () => told.length > 0);
    expect(told).toEqual([expect.stringContaining('the board has set it to 0 by itself')]);
  });

  it('is brought to rest by the built program that is left behind by a gate that has died', async () => {
    const server = await board();
    server.set(server.coils, 3, 1);
    const program = fileURLToPath(new URL('../../dist/door/gpio/modbus-set.js', import.meta.url));
    const task = { host: '127.0.0.1', port: server.port, unit: 1, timeoutMs: 5000, coil: 3, level: 0 };
    const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(server.coil(3)).toBe(0);
  });

  it('that answers nonsense harms nothing but itself', async () => {
    const answers = [
      '',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '\0\x01\0\0\0\x03\x01\x85\x02',
      '\0\x63\0\0\0\x06\x01\x05\0\x03\0\0',
      '\xff'.repeat(5000),
    ];
    for (const answer of answers) {
      const odd = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(Buffer.from(answer, 'latin1')));
      }).listen(0, '127.0.0.1');
      await once(odd, 'listening');
      onTestFinished(() => void odd.close());
      const { port } = odd.address() as AddressInfo;
      await expect(driver().openOutput(outputLine(port), { rest: 0 })).rejects.toMatchObject({
        code: 'GPIO_UNAVAILABLE',
      });
    }
  });
});

describe('inputs of a Modbus board', () => {
  it('tell their changes, several of one board by one request at a time', async () => {
    const server = await board();
    server.set(server.discrete, 9, 1);
    const gpio = driver();
    const [one, two] = [handlers(), handlers()];
    const options = { idle: 0, debounceMs: 0 } as const;
    const first = await gpio.openInput(inputLine(server.port), options, one);
    const second = await gpio.openInput(inputLine(server.port, { input: 12 }), options, two);
    expect([first.level(), second.level()]).toEqual([1, 0]);
    expect(server.sockets.size).toBe(1);
    const before = server.requests;
    const begun = performance.now();
    server.set(server.discrete, 9, 0);
    server.set(server.discrete, 12, 1);
    await until('both are told', () => one.told.length + two.told.length === 2);
    expect([one.told, two.told]).toEqual([[0], [1]]);
    expect(server.requests - before).toBeLessThanOrEqual((performance.now() - begun) / 10 + 2);
  });

  it('are debounced', async () => {
    const server = await board();
    const { told, ...rest } = handlers();
    const input = await driver().openInput(inputLine(server.port), { idle: 0, debounceMs: 100 }, rest);
    for (const level of [1, 0, 1, 0, 1] as const) {
      server.set(server.discrete, 9, level);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await until('the change is told', () => told.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(told).toEqual([1]);
    expect(input.level()).toBe(1);
  });

  it('are all at fault when the board goes, each once, and a closed one says nothing', async () => {
    const server = await board();
    const gpio = driver();
    const [one, two] = [handlers(), handlers()];
    const options = { idle: 0, debounceMs: 0 } as const;
    await gpio.openInput(inputLine(server.port), options, one);
    const closed = await gpio.openInput(inputLine(server.port, { input: 12 }), options, two);
    await closed.close();
    await server.cut();
    await until('the fault is told', () => one.told.length > 0);
    expect(one.told).toEqual([expect.stringMatching(/input 9: the board closed the connection/)]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(one.told).toHaveLength(1);
    expect(two.told).toEqual([]);
  });

  it('that the board does not have are not opened', async () => {
    const server = await board();
    await expect(
      driver().openInput(inputLine(server.port, { input: 60_000 }), { idle: 0, debounceMs: 0 }, handlers()),
    ).rejects.toMatchObject({ code: 'GPIO_UNAVAILABLE' });
  });
});
