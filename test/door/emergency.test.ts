import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { doorCommand } from '../../src/cli/door.ts';
import { type InputConfig, InputSchema } from '../../src/config/schema.ts';
import {
  Door,
  Emergency,
  type EmergencyEvent,
  type InputEvent,
  type InputStatus,
  Inputs,
  openGpio,
} from '../../src/door/index.ts';
import { doorConfig, logger, RELAY, SimulatorClient, scratch, simulated, until } from './bench.ts';

const [FIRE, KEY, TAMPER, MAINS, FIRE_2] = [40, 41, 42, 43, 44];
const BACK_RELAY = 18;

const INPUTS = [
  { id: 'panel', kind: 'fire', line: simulated(FIRE), debounceMs: 5 },
  { id: 'key', kind: 'fire_reset', line: simulated(KEY), debounceMs: 5 },
  { id: 'housing', kind: 'tamper', door: 'front', line: simulated(TAMPER), debounceMs: 5 },
  { id: 'mains', kind: 'power_fail', line: simulated(MAINS), normally: 'open', debounceMs: 5 },
].map((input) => InputSchema.parse(input));

/** A gate of two doors and its alarm inputs, without anything else of a gate. */
async function setUp(dataDir: string, inputs: readonly InputConfig[] = INPUTS, active: number[] = []) {
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  const client = await SimulatorClient.connect(socket);
  await client.ask({ subscribe: true });
  for (const line of active) await client.ask({ line, level: 1 });
  const events: (EmergencyEvent | InputEvent)[] = [];
  const statuses: InputStatus[] = [];
  const onEvent = (event: EmergencyEvent | InputEvent) => void events.push(event);
  const doors = [
    doorConfig(),
    doorConfig({ id: 'back', relay: { line: simulated(BACK_RELAY) }, contact: undefined, rex: undefined }),
  ].map((config) => new Door({ config, gpio, onEvent: () => {}, logger }));
  const emergency = new Emergency({ dataDir, doors, inputs, onEvent, logger });
  const onStatus = (status: InputStatus) => void statuses.push(status);
  const monitor = new Inputs({ inputs, gpio, emergency, onEvent, onStatus, logger });
  await Promise.all([...doors, monitor].map((part) => part.start()));
  const stop = async () => {
    await Promise.all([...doors, monitor].map((part) => part.stop()));
    await emergency.stop(1000);
    await gpio.close();
  };
  onTestFinished(stop);
  const told = (type: string) =>
    until(`${type} in ${events.map((event) => event.type).join(', ')}`, () =>
      events.some((event) => event.type === type),
    );
  const [front, back] = doors;
  if (front === undefined || back === undefined) throw new Error('unreachable');
  return { client, events, statuses, told, front, back, emergency, stop, monitor };
}

const types = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);
const fileOf = (dataDir: string) => join(dataDir, 'emergency.json');
const saved = (dataDir: string) => until('the file', () => existsSync(fileOf(dataDir)));

describe('a fire input', () => {
  it('opens every door and keeps them open until it has cleared and the alarm is reset by the key', async () => {
    const { client, events, told, front, back } = await setUp(scratch());
    await client.ask({ line: FIRE, level: 1 });
    await told('fire');
    for (const door of [front, back]) {
      expect(door.status()).toMatchObject({
        state: 'remain_open',
        lock: 'unlocked',
        holds: [{ kind: 'emergency', by: 'panel' }],
      });
    }
    await client.ask({ line: KEY, level: 0 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.ask({ line: KEY, level: 1 });
    front.release();
    expect(front.status().lock).toBe('unlocked');
    await client.ask({ line: FIRE, level: 0 });
    await told('fire_cleared');
    expect(front.status().lock).toBe('unlocked');
    await client.ask({ line: KEY, level: 0 });
    await told('reset');
    expect([front.status().state, back.status().state]).toEqual(['locked', 'locked']);
    expect(events).toEqual([
      { type: 'fire', input: 'panel' },
      { type: 'fire_cleared', input: 'panel' },
      { type: 'reset', by: 'key', inputs: ['panel'] },
    ]);
  });

  it('that resets automatically locks the doors as soon as it has cleared, and opens those it names only', async () => {
    const [panel] = INPUTS;
    const inputs = [InputSchema.parse({ ...panel, doors: ['back'], reset: 'automatic' })];
    const { client, events, told, front, back } = await setUp(scratch(), inputs);
    await client.ask({ line: FIRE, level: 1 });
    await told('fire');
    expect([front.status().lock, back.status().lock]).toEqual(['locked', 'unlocked']);
    await client.ask({ line: FIRE, level: 0 });
    await told('reset');
    expect(back.status().lock).toBe('locked');
    expect(types(events)).toEqual(['fire', 'fire_cleared', 'reset']);
  });

  it('of two keeps the doors open when the other one resets', async () => {
    const inputs = [
      ...INPUTS,
      InputSchema.parse({
        id: 'hall',
        kind: 'fire',
        line: simulated(FIRE_2),
        debounceMs: 5,
        reset: 'automatic',
      }),
    ];
    const { client, told, front, emergency } = await setUp(scratch(), inputs);
    await client.ask({ line: FIRE, level: 1 });
    await client.ask({ line: FIRE_2, level: 1 });
    await until('both', () => emergency.state.fires.length === 2);
    await client.ask({ line: FIRE_2, level: 0 });
    await told('reset');
    expect(front.status()).toMatchObject({ lock: 'unlocked', holds: [{ by: 'panel' }] });
    expect(emergency.reset('guard')).toMatchObject({ ok: false, code: 'FIRE_ACTIVE' });
  });

  it('that is active at the start opens the doors then', async () => {
    const { front, events } = await setUp(scratch(), INPUTS, [FIRE]);
    expect(front.status().lock).toBe('unlocked');
    expect(types(events)).toEqual(['fire']);
  });

  it('outlasts a restart, active or cleared, until it is reset', async () => {
    const dataDir = scratch();
    const before = await setUp(dataDir);
    await before.client.ask({ line: FIRE, level: 1 });
    await before.told('fire');
    await before.stop();
    expect(statSync(fileOf(dataDir)).mode & 0o777).toBe(0o600);

    const after = await setUp(dataDir);
    await until('the relay was told of', () => after.client.levels(RELAY).length === 2);
    expect(after.client.levels(RELAY)).toEqual([0, 1]);
    expect(after.front.status()).toMatchObject({ lock: 'unlocked' });
    expect(types(after.events)).toEqual(['fire_cleared']);
    await after.stop();

    const later = await setUp(dataDir);
    expect(later.front.status().lock).toBe('unlocked');
    expect(later.events).toEqual([]);
    expect(later.emergency.reset('guard')).toEqual({ ok: true });
    expect(later.front.status().lock).toBe('locked');
    await later.stop();
    expect((await setUp(dataDir)).front.status().lock).toBe('locked');
  });

  it('that cleared while the gate was off, and resets automatically, locks the doors again', async () => {
    const dataDir = scratch();
    const inputs = [InputSchema.parse({ ...INPUTS[0], reset: 'automatic' })];
    const before = await setUp(dataDir, inputs);
    await before.client.ask({ line: FIRE, level: 1 });
    await before.told('fire');
    await before.stop();
    const after = await setUp(dataDir, inputs);
    expect(types(after.events)).toEqual(['fire_cleared', 'reset']);
    expect(after.front.status().lock).toBe('locked');
  });

  it('that is no longer configured can be reset all the same', async () => {
    const dataDir = scratch();
    const before = await setUp(dataDir);
    await before.client.ask({ line: FIRE, level: 1 });
    await before.told('fire');
    await before.stop();
    const { front, emergency } = await setUp(dataDir, []);
    expect(front.status().lock).toBe('unlocked');
    expect(emergency.reset('guard')).toEqual({ ok: true });
    expect(front.status().lock).toBe('locked');
  });

  it('keeps its alarm when its wires are cut', async () => {
    const [panel] = INPUTS;
    const second = 45;
    const inputs = [InputSchema.parse({ ...panel, second: simulated(second) })];
    const { client, events, told, front, emergency, statuses } = await setUp(scratch(), inputs);
    await client.ask({ line: FIRE, level: 1 });
    await client.ask({ line: second, level: 0 });
    await told('fire');
    await client.ask({ line: second, level: 1 });
    await told('fault');
    expect(front.status().lock).toBe('unlocked');
    expect(emergency.reset('guard')).toMatchObject({ ok: false, code: 'FIRE_ACTIVE' });
    await client.ask({ line: FIRE, level: 0 });
    await told('fire_cleared');
    expect(types(events)).toEqual(['fire', 'fault', 'fault_cleared', 'fire_cleared']);
    expect(statuses.map(({ state }) => state)).toEqual(['idle', 'active', 'fault', 'idle']);
  });
});

describe('a lockdown', () => {
  it('is told, changes nothing about a fire, and outlasts a restart with who and whom', async () => {
    const dataDir = scratch();
    const { front, emergency, events, stop } = await setUp(dataDir);
    front.hold({ kind: 'remote', by: 'guard' });
    emergency.lockDown('guard', ['p1']);
    expect(front.status()).toMatchObject({ state: 'locked', lockdown: true, holds: [] });
    emergency.fireInput('panel', true);
    expect(front.status()).toMatchObject({ lock: 'unlocked', lockdown: true });
    emergency.fireInput('panel', false);
    emergency.reset('guard');
    expect(front.status().lock).toBe('locked');
    expect(events[0]).toEqual({ type: 'lockdown', by: 'guard', exempt: ['p1'] });
    const { lockdown } = emergency;
    await stop();

    const after = await setUp(dataDir);
    expect(after.emergency.lockdown).toEqual({ by: 'guard', since: lockdown?.since, exempt: ['p1'] });
    expect(after.front.status().lockdown).toBe(true);
    expect(after.emergency.endLockdown('chief')).toBe(true);
    expect(after.emergency.endLockdown('chief')).toBe(false);
    expect(after.events).toEqual([{ type: 'lockdown_ended', by: 'chief' }]);
    await after.stop();
    expect((await setUp(dataDir)).emergency.state).toEqual({ fires: [], lockdown: null });
  });
});

describe('the file of the emergency state', () => {
  it.each([
    ['no JSON', 'xx'],
    ['torn', '{"version":1,"fires":[{"input":"pa'],
    ['empty', ''],
    ['of a newer version', '{"version":2,"fires":[],"lockdown":null}'],
  ])('that is %s is told loudly and locks down; exit buttons and fire inputs work', async (_, text) => {
    const dataDir = scratch();
    writeFileSync(fileOf(dataDir), text);
    const { client, events, told, front, emergency, stop } = await setUp(dataDir);
    expect(events).toMatchObject([{ type: 'fault', code: 'EMERGENCY_UNREADABLE' }]);
    expect(emergency.lockdown).toMatchObject({ by: 'unreadable emergency state', exempt: [] });
    expect(front.status()).toMatchObject({ state: 'locked', lockdown: true });
    await client.ask({ line: 22, level: 0 });
    await until('the exit button', () => front.status().lock === 'unlocked');
    await client.ask({ line: 22, level: 1 });
    expect(readFileSync(fileOf(dataDir), 'utf8')).toBe(text);
    await client.ask({ line: FIRE, level: 1 });
    await told('fire');
    expect(front.status().state).toBe('remain_open');
    await stop();
    const after = await setUp(dataDir);
    expect(after.events.filter(({ type }) => type === 'fault')).toEqual([]);
    expect(after.emergency.lockdown).not.toBeNull();
  });

  it('that cannot be opened is the same', async () => {
    const dataDir = scratch();
    mkdirSync(fileOf(dataDir));
    const { events, front } = await setUp(dataDir);
    expect(events).toMatchObject([{ type: 'fault', code: 'EMERGENCY_UNREADABLE' }]);
    expect(front.status().lockdown).toBe(true);
  });

  it('that cannot be written is told once, and written when it can be', async () => {
    const dataDir = scratch();
    const inTheWay = `${fileOf(dataDir)}.new`;
    mkdirSync(inTheWay);
    const { front, emergency, events, told } = await setUp(dataDir);
    emergency.fireInput('panel', true);
    expect(front.status().lock).toBe('unlocked');
    await told('fault');
    emergency.lockDown('guard', []);
    expect(existsSync(fileOf(dataDir))).toBe(false);
    rmSync(inTheWay, { recursive: true });
    await told('fault_cleared');
    expect(types(events)).toEqual(['fire', 'fault', 'lockdown', 'fault_cleared']);
    expect(events[1]).toMatchObject({ code: 'EMERGENCY_UNSAVED' });
    expect(JSON.parse(readFileSync(fileOf(dataDir), 'utf8'))).toMatchObject({
      fires: [{ input: 'panel', active: true }],
      lockdown: { by: 'guard' },
    });
  });

  it('holds the last of many changes', async () => {
    const dataDir = scratch();
    const { emergency, stop } = await setUp(dataDir);
    for (let n = 0; n < 50; n += 1) emergency.lockDown(`guard ${n}`, []);
    await stop();
    expect(JSON.parse(readFileSync(fileOf(dataDir), 'utf8'))).toMatchObject({ lockdown: { by: 'guard 49' } });
  });

  it('keeps the state through any sequence of fires, resets, lockdowns and restarts', async () => {
    const step = fc.constantFrom('fire', 'clear', 'reset', 'lock', 'unlock', 'restart');
    const lines = await openGpio();
    onTestFinished(() => lines.close());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const dataDir = scratch(() => {});
        const build = () => {
          const door = new Door({ config: doorConfig(), gpio: lines, onEvent: () => {}, logger });
          const emergency = new Emergency({
            dataDir,
            doors: [door],
            inputs: INPUTS,
            onEvent: () => {},
            logger,
          });
          return { door, emergency };
        };
        let { door, emergency } = build();
        let [active, latched, locked] = [false, false, false];
        for (const what of steps) {
          if (what === 'fire') {
            emergency.fireInput('panel', true);
            active = true;
            latched = true;
          } else if (what === 'clear') {
            emergency.fireInput('panel', false);
            active = false;
          } else if (what === 'reset') {
            expect(emergency.reset('guard').ok).toBe(!active);
            if (!active) latched = false;
          } else if (what === 'lock') {
            emergency.lockDown('guard', []);
            locked = true;
          } else if (what === 'unlock') {
            emergency.endLockdown('guard');
            locked = false;
          } else {
            await emergency.stop(2000);
            ({ door, emergency } = build());
          }
          expect(door.status()).toMatchObject({
            lock: latched ? 'unlocked' : 'locked',
            lockdown: locked,
          });
        }
        await emergency.stop(2000);
        rmSync(dataDir, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });
});

describe('the other alarm inputs', () => {
  it('are told when they become active and when they are at rest again, with the door they belong to', async () => {
    const { client, events, statuses, told } = await setUp(scratch());
    await client.ask({ line: TAMPER, level: 1 });
    await told('tamper');
    await client.ask({ line: TAMPER, level: 0 });
    await told('tamper_cleared');
    await client.ask({ line: MAINS, level: 0 });
    await told('power_failed');
    await client.ask({ line: MAINS, level: 1 });
    await told('power_restored');
    expect(events).toEqual([
      { type: 'tamper', input: 'housing', door: 'front' },
      { type: 'tamper_cleared', input: 'housing', door: 'front' },
      { type: 'power_failed', input: 'mains', door: null },
      { type: 'power_restored', input: 'mains', door: null },
    ]);
    expect(statuses.slice(0, 4).map(({ state }) => state)).toEqual(['idle', 'idle', 'idle', 'idle']);
    expect(statuses[4]).toEqual({ input: 'housing', kind: 'tamper', door: 'front', state: 'active' });
  });
});

describe('menshen door release', () => {
  it('leaves a door alone that a fire alarm keeps open', async () => {
    const folder = scratch();
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    const path = join(folder, 'menshen.yaml');
    writeFileSync(
      path,
      `
gate: { id: test }
dataDir: data
access: { faceOnly: accepted }
cameras: [{ id: cam, source: 'rtsp://127.0.0.1/stream', door: front }]
doors:
  - { id: front, relay: { line: { driver: simulated, line: 17 } } }
  - { id: back, relay: { line: { driver: simulated, line: 18 } } }
inputs:
  - { id: panel, kind: fire, doors: [back], line: { driver: simulated, line: 40 } }
`,
    );
    chmodSync(path, 0o600);
    const { emergency, stop } = await setUp(dataDir);
    emergency.fireInput('panel', true);
    await saved(dataDir);
    await stop();
    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
    try {
      await doorCommand().parseAsync(['release', '--config', path], { from: 'user' });
    } finally {
      log.mockRestore();
    }
    expect(printed).toEqual([
      'door "front": nothing to release, simulated lines end with their gate process',
      'door "back": left alone, a fire alarm keeps it open until it is reset',
    ]);
  });
});
