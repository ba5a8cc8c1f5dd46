import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ModbusTCPServer } from 'jsmodbus';
import { describe, it, type TestContext } from 'vitest';
import { scratch, until } from './bench.ts';

/**
 * Relays whose level outlives the process: what the dead man's switch does for them when the gate is killed.
 * gpiod and onoff on real lines are in the long suite, onoff on a folder in onoff.test.ts.
 */
async function unlockedGate(line: object, fate: string, { onTestFinished }: TestContext) {
  const script = join(import.meta.dirname, 'fixtures', 'gate-process.ts');
  const socket = join(scratch(onTestFinished), 'control.sock');
  const args = [script, socket, fate, JSON.stringify({ relay: { line } })];
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => told.push(JSON.parse(text)));
  await until('the door has started', () => told.some(({ started }) => started === true), 50_000);
  const ended = once(child, 'exit');
  child.stdin.write('go\n');
  return { child, ended, unlocked: () => told.some(({ ready }) => ready === true) };
}

function commands({ onTestFinished }: TestContext) {
  const folder = scratch(onTestFinished);
  const program = join(folder, 'relay');
  writeFileSync(program, `#!/bin/sh\necho "$1" >> ${folder}/calls\n`);
  chmodSync(program, 0o755);
  const calls = () => {
    const file = join(folder, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  const line = { driver: 'exec', high: [program, '1'], low: [program, '0'], timeoutMs: 500 };
  return { line, level: () => calls().at(-1), calls };
}

async function coil({ onTestFinished }: TestContext) {
  const server = createServer();
  const coils = Buffer.alloc(2);
  new ModbusTCPServer(server, { coils });
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const line = { driver: 'modbus', host: '127.0.0.1', port: (server.address() as AddressInfo).port, coil: 5 };
  return { line, level: () => String(((coils[0] ?? 0) >> 5) & 1) };
}

describe.concurrent('a gate process that is killed with the door unlocked', { timeout: 60_000 }, () => {
  it.for([
    ['exec', commands],
    ['modbus', coil],
  ] as const)('by SIGKILL has its %s relay released for it', async ([, relayOf], context) => {
    const relay = await relayOf(context);
    const gate = await unlockedGate(relay.line, 'wait', context);
    await until('the relay is energised', () => gate.unlocked() && relay.level() === '1', 20_000);
    gate.child.kill('SIGKILL');
    await gate.ended;
    await until('the relay is released', () => relay.level() === '0', 20_000);
  });

  it.for([
    ['exec', commands],
    ['modbus', coil],
  ] as const)('by an uncaught exception has its %s relay released', async ([, relayOf], context) => {
    const relay = await relayOf(context);
    const gate = await unlockedGate(relay.line, 'throw', context);
    await gate.ended;
    await until('the relay is released', () => relay.level() === '0', 20_000);
  });

  it.for([
    ['exec', commands],
    ['modbus', coil],
  ] as const)('in an emergency by SIGKILL has its %s relay left unlocked', async ([, relayOf], context) => {
    const relay = await relayOf(context);
    const gate = await unlockedGate(relay.line, 'emergency', context);
    await until('the relay is energised', () => gate.unlocked() && relay.level() === '1', 20_000);
    gate.child.kill('SIGKILL');
    await gate.ended;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    context.expect(relay.level()).toBe('1');
  });

  it('and stopped in an orderly way leaves nothing behind that would release a relay again', async (context) => {
    const relay = commands(context);
    const gate = await unlockedGate(relay.line, 'orderly', context);
    await until('the relay is energised', () => gate.unlocked());
    gate.child.kill('SIGTERM');
    await gate.ended;
    const calls = relay.calls().length;
    context.expect(relay.level()).toBe('0');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    context.expect(relay.calls()).toHaveLength(calls);
  });
});
