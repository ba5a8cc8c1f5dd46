/**
 * Runs in the virtual machine, on lines of the kernel's simulator, and prints one CheckResult a line.
 * Usage: guest.js GATE_PROCESS, the compiled test/door/fixtures/gate-process.ts
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, messageOf, monotonicMs } from '../../../src/common/index.ts';
import {
  type DoorConfig,
  DoorSchema,
  type InputLineConfig,
  type OutputLineConfig,
} from '../../../src/config/index.ts';
import {
  Door,
  type DoorEvent,
  type Level,
  openGpio,
  releaseRelays,
  releaseTasks,
} from '../../../src/door/index.ts';
import { CHECKS, type CheckName, type CheckResult } from './checks.ts';
import { SimChip } from './sim.ts';

const [GATE_PROCESS = ''] = process.argv.slice(2);
const TRACE = '/sys/kernel/tracing';

const chip = new SimChip('menshen-sim', 24, ['RELAY', 'REX', 'CONTACT', 'SPARE']);
const annex = new SimChip('annex', 4, ['DOORBELL', 'SPARE']);
const gpio = await openGpio();

const gpiod = (
  place: { name?: string; offset?: number; chip?: string },
  bias: 'as-is' | 'pull-up' = 'as-is',
) => ({ driver: 'gpiod', bias, ...place }) as const;
const onoff = (offset: number) => ({ driver: 'onoff', chip: chip.label, offset }) as const;

function expect<T>(what: string, got: T, wanted: T): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

async function until(what: string, holds: () => boolean, ms = 10_000): Promise<void> {
  const end = monotonicMs() + ms;
  while (!holds()) {
    if (monotonicMs() > end) throw new Error(`did not happen: ${what}`);
    await sleep(1);
  }
}

async function refusal(line: OutputLineConfig): Promise<string> {
  try {
    await (await gpio.openOutput(line, { rest: 0 })).close();
  } catch (error) {
    return messageOf(error);
  }
  return 'not refused';
}

async function checkOutput(line: OutputLineConfig, offset: number, afterwards: (rest: Level) => Level) {
  for (const rest of [0, 1] as const) {
    const active = rest === 1 ? 0 : 1;
    // The board's resistor pulls the other way: only a driven line is at rest.
    chip.set(offset, active);
    const output = await gpio.openOutput(line, { rest });
    expect('level when opened', chip.level(offset), rest);
    await output.write(active);
    chip.set(offset, rest);
    expect('level when driven', chip.level(offset), active);
    output.restNow();
    await until('rest by restNow', () => chip.level(offset) === rest);
    await output.write(active);
    chip.set(offset, active);
    await output.close();
    expect('level when closed', chip.level(offset), afterwards(rest));
  }
}

/** Long enough that a machine under load, which emulates another one, cannot part the bounces of one press. */
const DEBOUNCE_MS = 500;

async function checkBounce(line: InputLineConfig, offset: number) {
  chip.set(offset, 1);
  const told: Level[] = [];
  const failed: string[] = [];
  const input = await gpio.openInput(
    line,
    { idle: 1, debounceMs: DEBOUNCE_MS },
    { onChange: (level) => told.push(level), onError: ({ message }) => failed.push(message) },
  );
  try {
    expect('level when opened', input.level(), 1);
    for (let n = 0; n < 15; n++) {
      chip.set(offset, n % 2 === 0 ? 0 : 1);
      await sleep(2);
    }
    expect('the line in the end', chip.level(offset), 0);
    await until('the change is told', () => told.length > 0);
    await sleep(2 * DEBOUNCE_MS);
    expect('changes told', told, [0]);
    // A spike that is over before anybody looks must leave nothing behind.
    chip.set(offset, 1);
    chip.set(offset, 0);
    await sleep(2 * DEBOUNCE_MS);
    expect('changes told after a spike', told, [0]);
    chip.set(offset, 1);
    await until('the way back is told', () => told.length === 2);
  } finally {
    await input.close();
  }
  chip.set(offset, 0);
  await sleep(2 * DEBOUNCE_MS);
  expect('told after it was closed', [told, failed], [[0, 1], []]);
}

function doorConfig(relay: OutputLineConfig, rex: InputLineConfig, contact: InputLineConfig): DoorConfig {
  return DoorSchema.parse({
    id: 'front',
    relay: { line: relay, activeLow: true },
    rex: { line: rex, debounceMs: 10 },
    contact: { line: contact, debounceMs: 10 },
    unlockMs: 60_000,
  });
}

async function checkDoor(config: DoorConfig, [relay, rex, contact]: readonly [number, number, number]) {
  chip.set(relay, 0);
  chip.set(rex, 1);
  chip.set(contact, 0);
  const events: DoorEvent['type'][] = [];
  const door = new Door({
    config,
    gpio,
    onEvent: ({ type }) => events.push(type),
    logger: createLogger('guest', 'silent'),
  });
  await door.start();
  expect('faults', door.status().faults, []);
  expect('relay at start', chip.level(relay), 1);
  chip.set(rex, 0);
  await until('the exit button energises the relay', () => chip.level(relay) === 0);
  chip.set(rex, 1);
  await until('the button is let go', () => events.includes('unlocked'));
  await sleep(100);
  chip.set(contact, 1);
  await until('the opened door releases the relay', () => chip.level(relay) === 1);
  chip.set(contact, 0);
  await until('the door is closed', () => events.includes('closed'));
  await sleep(1200);
  chip.set(contact, 1);
  await until('the forced door alarms', () => events.includes('forced_open'));
  await door.unlock({ kind: 'remote', by: 'test' });
  expect('relay when unlocked', chip.level(relay), 0);
  chip.set(relay, 1);
  await door.stop();
  expect('relay when stopped', chip.level(relay), 1);
  return { events };
}

/** A gate process of one door, to be killed. */
function startGate(line: number, relay: OutputLineConfig) {
  const door = JSON.stringify({ relay: { line: relay, activeLow: true } });
  const child = spawn(process.execPath, [GATE_PROCESS, `/run/${line}.sock`, 'wait', door], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const told: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => told.push(line));
  const says = (word: string) => told.some((line) => line.includes(word));
  return {
    child,
    async unlock(): Promise<void> {
      await until('the gate has started', () => says('started'), 60_000);
      child.stdin.write('go\n');
      await until('the gate has unlocked', () => says('"ready"'), 30_000);
    },
  };
}

async function kill(child: ChildProcess): Promise<number> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const at = monotonicMs();
  child.kill('SIGKILL');
  await ended;
  return at;
}

/** Processes whose command line contains a text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

/** What the kernel was told to drive, of one line: the levels in order. */
function traced(offset: number): string[] {
  const number = chip.base() + offset;
  return readFileSync(`${TRACE}/trace`, 'utf8')
    .split('\n')
    .flatMap((line) => new RegExp(`gpio_value: ${number} set +([01])`).exec(line)?.[1] ?? []);
}

async function latency(relay: OutputLineConfig, relayAt: number, input: InputLineConfig, inputAt: number) {
  const rounds = 50;
  const output = await gpio.openOutput(relay, { rest: 0 });
  const writes: number[] = [];
  for (let n = 1; n <= rounds; n++) {
    const begun = monotonicMs();
    await output.write(n % 2 === 1 ? 1 : 0);
    writes.push(monotonicMs() - begun);
    expect('level written', chip.level(relayAt), n % 2 === 1 ? 1 : 0);
  }
  await output.close();
  chip.set(inputAt, 0);
  let seen = 0;
  let at = 0;
  const watched = await gpio.openInput(
    input,
    { idle: 0, debounceMs: 0 },
    {
      onChange: () => {
        at = monotonicMs();
        seen += 1;
      },
      onError: () => {},
    },
  );
  const edges: number[] = [];
  for (let n = 1; n <= rounds; n++) {
    const begun = monotonicMs();
    chip.set(inputAt, n % 2 === 1 ? 1 : 0);
    while (seen < n) await sleep(1);
    edges.push(at - begun);
  }
  await watched.close();
  return { writeMs: quantiles(writes), edgeMs: quantiles(edges) };
}

function quantiles(values: number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => Number((sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(2));
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}

const gates = { gpiod: startGate(8, gpiod({ chip: chip.label, offset: 8 })), onoff: startGate(9, onoff(9)) };

const run: Record<CheckName, () => Promise<unknown>> = {
  'gpiod: an output begins at rest, follows, and is let go': () =>
    checkOutput(gpiod({ name: 'RELAY' }), 0, (rest) => (rest === 1 ? 0 : 1)),

  'gpiod: lines are found by name, by chip and name, by chip and offset': async () => {
    const places = [
      [{ name: 'DOORBELL' }, annex, 0],
      [{ chip: 'annex', name: 'SPARE' }, annex, 1],
      [{ chip: chip.name, name: 'SPARE' }, chip, 3],
      [{ chip: 'annex', offset: 2 }, annex, 2],
    ] as const;
    await Promise.all(
      places.map(async ([place, on, offset]) => {
        on.set(offset, 0);
        const output = await gpio.openOutput(gpiod(place), { rest: 1 });
        expect(JSON.stringify(place), on.level(offset), 1);
        await output.close();
      }),
    );
  },

  'gpiod: a line that is missing, ambiguous or taken is refused, saying why': async () => {
    const holder = await gpio.openOutput(gpiod({ chip: chip.label, offset: 6 }), { rest: 0 });
    const lines: OutputLineConfig[] = [
      gpiod({ name: 'NOWHERE' }),
      gpiod({ chip: 'annex', offset: 4 }),
      gpiod({ chip: 'pinctrl-bcm2711', offset: 17 }),
      gpiod({ name: 'SPARE' }),
      gpiod({ chip: chip.label, offset: 6 }),
      { driver: 'onoff', line: chip.base() + 6 },
    ];
    const refused = await Promise.all(lines.map(refusal));
    await holder.close();
    return refused;
  },

  'gpiod: an input has its level at once, and a pull-up where asked for': async () => {
    chip.set(4, 0);
    const handlers = { onChange: () => {}, onError: () => {} };
    const plain = await gpio.openInput(
      gpiod({ chip: chip.label, offset: 4 }),
      { idle: 1, debounceMs: 10 },
      handlers,
    );
    expect('level as wired', plain.level(), 0);
    await plain.close();
    const pulled = await gpio.openInput(
      gpiod({ chip: chip.label, offset: 4 }, 'pull-up'),
      { idle: 0, debounceMs: 10 },
      handlers,
    );
    expect('level with pull-up', [pulled.level(), chip.pull(4)], [1, 'pull-up']);
    await pulled.close();
  },

  'gpiod: a bouncing contact is one change': () => checkBounce(gpiod({ name: 'CONTACT' }), 2),

  'gpiod: a holder that is killed is told, and the line can be had again': async () => {
    const told: string[] = [];
    const onError = ({ message }: Error) => told.push(message);
    const line = gpiod({ chip: chip.label, offset: 7 });
    const output = await gpio.openOutput(line, { rest: 0 }, { onError });
    await output.write(1);
    for (const pid of processesWith(`${chip.label}\0\x007`)) process.kill(pid, 'SIGKILL');
    await until('the fault is told', () => told.length > 0);
    await output.close();
    const again = await gpio.openOutput(line, { rest: 0 }, { onError });
    await again.write(1);
    expect('level when driven again', chip.level(7), 1);
    await again.close();
    return told;
  },

  'gpiod: a door on real lines: exit button, contact, relay that a low level energises': () =>
    checkDoor(
      doorConfig(gpiod({ name: 'RELAY' }), gpiod({ name: 'REX' }), gpiod({ name: 'CONTACT' })),
      [0, 1, 2],
    ),

  'gpiod: a gate killed with -9 while unlocked leaves the relay driven at rest, then let go': async () => {
    await gates.gpiod.unlock();
    expect('relay when unlocked', chip.level(8), 0);
    writeFileSync(`${TRACE}/trace`, '');
    writeFileSync(`${TRACE}/events/gpio/gpio_value/enable`, '1');
    // The board's resistor holds the relay at rest, as it must.
    chip.set(8, 1);
    expect('relay still unlocked', chip.level(8), 0);
    const at = await kill(gates.gpiod.child);
    await until('the relay is released', () => chip.level(8) === 1);
    const releasedMs = monotonicMs() - at;
    await until('the line is let go', () => traced(8).length > 0);
    writeFileSync(`${TRACE}/events/gpio/gpio_value/enable`, '0');
    expect('driven by the holder', traced(8), ['1']);
    const again = await gpio.openOutput(gpiod({ chip: chip.label, offset: 8 }), { rest: 1 });
    await again.close();
    return { releasedMs };
  },

  'onoff: the base of the chip is found; absolute numbers work as before': async () => {
    const base = chip.base();
    for (const line of [
      { driver: 'onoff', line: base + 11 },
      { driver: 'onoff', chip: chip.label, offset: 11 },
      { driver: 'onoff', chip: chip.name, offset: 11 },
    ] as const) {
      const output = await gpio.openOutput(line, { rest: 0 });
      await output.write(1);
      expect(JSON.stringify(line), chip.level(11), 1);
      await output.close();
    }
    return { base };
  },

  'onoff: an output begins at rest, follows, and stays driven': () =>
    checkOutput(onoff(12), 12, (rest) => rest),

  'onoff: a bouncing contact is one change': () => checkBounce(onoff(13), 13),

  'onoff: a line used twice is refused': async () => {
    const output = await gpio.openOutput(onoff(14), { rest: 0 });
    const refused = await refusal({ driver: 'onoff', line: chip.base() + 14 });
    await output.close();
    expect('opened after it was closed', await refusal(onoff(14)), 'not refused');
    return refused;
  },

  'onoff: a door on real lines: exit button, contact, relay that a low level energises': () =>
    checkDoor(doorConfig(onoff(15), onoff(16), onoff(17)), [15, 16, 17]),

  'onoff: a gate killed with -9 while unlocked leaves the relay driven at rest': async () => {
    await gates.onoff.unlock();
    chip.set(9, 0);
    expect('relay when unlocked', chip.level(9), 0);
    const at = await kill(gates.onoff.child);
    await until('the relay is released', () => chip.level(9) === 1);
    return { releasedMs: monotonicMs() - at };
  },

  "onoff: with the dead man's switch killed as well, `door release` releases it": async () => {
    // As both leave it: exported, driven, energised.
    writeFileSync(`/sys/class/gpio/gpio${chip.base() + 9}/value`, '0');
    expect('relay left energised', chip.level(9), 0);
    const tasks = releaseTasks(
      [{ door: 'front', line: onoff(9), activeLow: true, energised: 'unlocks' }],
      null,
      { fires: [], lockdown: null },
    );
    const results = await releaseRelays(tasks, undefined);
    expect('relay released', chip.level(9), 1);
    return results.map(({ outcome }) => outcome);
  },

  latencies: async () => ({
    gpiod: await latency(
      gpiod({ chip: chip.label, offset: 18 }),
      18,
      gpiod({ chip: chip.label, offset: 19 }),
      19,
    ),
    onoff: await latency(onoff(20), 20, onoff(21), 21),
  }),
};

for (const name of CHECKS) {
  let result: CheckResult;
  try {
    result = { name, ok: true, data: (await run[name]()) ?? null };
  } catch (error) {
    result = { name, ok: false, error: messageOf(error) };
  }
  process.stdout.write(`CHECK ${JSON.stringify(result)}\n`);
}
await gpio.close();
process.exit(0);
