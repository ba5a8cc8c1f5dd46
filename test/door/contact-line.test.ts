import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Door, openGpio } from '../../src/door/index.ts';
import {
  CONTACT,
  doorConfig,
  EventLog,
  logger,
  REX,
  SimulatorClient,
  scratch,
  simulated,
  until,
} from './bench.ts';

const CONTACT_2 = 28;
const REX_2 = 23;

/** A door whose contact and button are changeover contacts, at rest. */
async function setUp(normally: 'open' | 'closed' = 'closed') {
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  const client = await SimulatorClient.connect(socket);
  const log = new EventLog();
  const door = new Door({
    config: doorConfig({
      contact: { line: simulated(CONTACT), second: simulated(CONTACT_2), normally, debounceMs: 10 },
      rex: { line: simulated(REX), second: simulated(REX_2), normally: 'open', debounceMs: 10 },
    }),
    gpio,
    onEvent: log.take,
    logger,
  });
  onTestFinished(async () => {
    await door.stop();
    await gpio.close();
  });
  const setter = (line: number, second: number) => {
    return async (level: 0 | 1, other: 0 | 1) => {
      await client.ask({ line, level });
      await client.ask({ line: second, level: other });
    };
  };
  const contact = setter(CONTACT, CONTACT_2);
  const rex = setter(REX, REX_2);
  await door.start();
  return { door, log, contact, rex };
}

describe('a supervised contact', () => {
  it.each([
    ['closed', 0],
    ['open', 1],
  ] as const)('normally %s tells rest and activity by its two lines', async (normally, rest) => {
    const { door, log, contact } = await setUp(normally);
    const active = rest === 0 ? 1 : 0;
    expect(door.status()).toMatchObject({ state: 'locked', contact: 'closed' });
    await contact(active, rest);
    await log.until('forced_open');
    await contact(rest, active);
    await log.until('closed');
    expect(log.types).toEqual(['forced_open', 'closed', 'alarm_cleared']);
  });

  it.each([
    ['shorted', 'INPUT_SHORT', 0, /lines? 27 .* line 28 are both low/],
    ['cut', 'INPUT_CUT', 1, /both high/],
  ] as const)('that is %s is a fault until it is mended', async (_, code, level, message) => {
    const { door, log, contact } = await setUp();
    await contact(level, level);
    expect(log.types).toEqual([]);
    expect(await log.until('fault')).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(door.status()).toMatchObject({ state: 'fault', contact: null });
    await contact(0, 1);
    await log.until('fault_cleared');
    expect(door.status()).toMatchObject({ state: 'locked', contact: 'closed' });
    expect(log.types).toEqual(['fault', 'fault_cleared']);
  });

  it('may look cut for as long as a contact takes from side to side', async () => {
    const { log, contact } = await setUp();
    await contact(1, 1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await contact(1, 0);
    await log.until('forced_open');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(log.types).toEqual(['forced_open']);
  });
});

describe('a supervised exit button', () => {
  it('opens at a press, and not for a short or a cut', async () => {
    const { door, log, rex } = await setUp();
    await rex(0, 0);
    await log.until('fault');
    await rex(1, 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(log.types).not.toContain('rex');
    expect(door.status()).toMatchObject({ lock: 'locked', faults: [{ source: 'rex', code: 'INPUT_CUT' }] });
    await rex(0, 1);
    await log.until('unlocked');
    expect(log.types.slice(-3)).toEqual(['fault_cleared', 'rex', 'unlocked']);
  });

  it('that is cut while it is pressed no longer holds the relay', async () => {
    const { door, log, rex } = await setUp();
    await rex(0, 1);
    await log.until('unlocked');
    await rex(1, 1);
    await log.until('fault');
    await log.until('locked');
    expect(door.status().faults).toMatchObject([{ source: 'rex', code: 'INPUT_CUT' }]);
  });
});

it('is watched no more after stop', async () => {
  const { door, log, contact } = await setUp();
  await contact(1, 1);
  await until('the levels have settled', () => door.status().contact === 'closed');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await door.stop();
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(log.types).toEqual([]);
});
