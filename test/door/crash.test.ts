import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'vitest';
import { RELAY, SimulatorClient, scratch, until } from './bench.ts';

const SCRIPT = join(import.meta.dirname, 'fixtures', 'gate-process.ts');

/** A process with an unlocked door, and a subscriber that outlives it. */
async function unlockedGate(fate: string, { onTestFinished }: TestContext) {
  const socket = join(scratch(onTestFinished), 'control.sock');
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, socket, fate], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)));
  await until('the door has started', () => told.some(({ line }) => line === RELAY), 20_000);
  const client = await SimulatorClient.connect(socket);
  await client.ask({ subscribe: true });
  const ended = once(child, 'close');
  child.stdin.write('go\n');
  await until('the relay is energised', () => told.some(({ level }) => level === 1));
  return { child, client, told, ended };
}

async function lastLevels({ client, told, ended }: Awaited<ReturnType<typeof unlockedGate>>) {
  const [code, signal] = await ended;
  await until('the socket is closed', () => client.closed);
  const onStdout = told.filter(({ line }) => line === RELAY).map(({ level }) => level);
  return { code, signal, onStdout, onSocket: client.levels(RELAY), told };
}

async function kill(gate: { child: ChildProcess; told: Record<string, unknown>[] }, signal: NodeJS.Signals) {
  await until('the door is unlocked', () => gate.told.some(({ ready }) => ready === true));
  gate.child.kill(signal);
}

describe.concurrent('a gate process that dies with the door unlocked', () => {
  it.for([
    ['an uncaught exception', 'throw', 1],
    ['an unhandled rejection', 'reject', 1],
    ['process.exit', 'exit', 3],
  ] as const)('by %s has released the relay', async ([, fate, code], context) => {
    const gate = await unlockedGate(fate, context);
    context.expect(await lastLevels(gate)).toMatchObject({
      code,
      signal: null,
      onStdout: [0, 1, 0],
      onSocket: [1, 0],
    });
  });

  it.for(['throw', 'orderly'] as const)(
    'in a fire alarm, by %s, leaves the door unlocked',
    async (fate, context) => {
      const gate = await unlockedGate(`${fate}+fire`, context);
      if (fate === 'orderly') await kill(gate, 'SIGTERM');
      const end = await lastLevels(gate);
      context.expect(end).toMatchObject({ onStdout: [0, 1], onSocket: [1] });
    },
  );

  it.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s has released the relay',
    async (signal, context) => {
      const gate = await unlockedGate('wait', context);
      await kill(gate, signal);
      const end = await lastLevels(gate);
      context.expect(end).toMatchObject({ code: null, signal, onStdout: [0, 1, 0], onSocket: [1, 0] });
      context.expect(end.told.some(({ type }) => type === 'locked')).toBe(true);
    },
  );

  it('in an orderly way on SIGTERM is not cut short by the guard', async (context) => {
    const gate = await unlockedGate('orderly', context);
    await kill(gate, 'SIGTERM');
    context.expect(await lastLevels(gate)).toMatchObject({ code: 0, signal: null, onStdout: [0, 1, 0] });
  });

  it('by SIGKILL takes the simulated lines with it: the level stays as told, the subscriber sees the end', async (context) => {
    const gate = await unlockedGate('wait', context);
    await kill(gate, 'SIGKILL');
    context
      .expect(await lastLevels(gate))
      .toMatchObject({ signal: 'SIGKILL', onStdout: [0, 1], onSocket: [1] });
  });

  it('without the guard has not: the guard is what releases it', async (context) => {
    const gate = await unlockedGate('unguarded', context);
    await kill(gate, 'SIGTERM');
    context.expect(await lastLevels(gate)).toMatchObject({ signal: 'SIGTERM', onStdout: [0, 1] });
  });
});
