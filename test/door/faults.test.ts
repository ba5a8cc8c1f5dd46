import { describe, expect, it, onTestFinished } from 'vitest';
import { Door } from '../../src/door/index.ts';
import { CONTACT, doorConfig, EventLog, logger, REX } from './bench.ts';
import { FaultyGpio } from './faulty-gpio.ts';

async function setUp(change: Record<string, unknown> = {}, prepare: (gpio: FaultyGpio) => void = () => {}) {
  const gpio = new FaultyGpio();
  prepare(gpio);
  const log = new EventLog();
  const door = new Door({
    config: doorConfig({ unlockMs: 5000, ...change }),
    gpio,
    onEvent: log.take,
    logger,
  });
  onTestFinished(() => door.stop());
  await door.start();
  return { gpio, log, door };
}
const REMOTE = { kind: 'remote', by: 'guard' } as const;

describe('a relay that cannot be switched', () => {
  it.each([
    ['a remote opening', REMOTE],
    ['a grant', { kind: 'grant', decisionId: 'd1', personId: 'p1' } as const],
  ])('is a fault, and never energised later for %s that was refused', async (_, cause) => {
    const { gpio, log, door } = await setUp();
    gpio.failWrite = true;
    expect(await door.unlock(cause)).toMatchObject({
      ok: false,
      code: 'GPIO_WRITE_FAILED',
      message: 'door "front": relay: relay does not answer',
    });
    expect(log.types).toEqual(['fault']);
    expect(door.status()).toMatchObject({ state: 'fault', relay: 'off', faults: [{ source: 'relay' }] });
    gpio.failWrite = false;
    await log.until('fault_cleared');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(gpio.relay).toEqual(['open 0', 'fail 1', 'close', 'open 0', 'write 0']);
    expect(log.types).toEqual(['fault', 'fault_cleared']);
    expect(await door.unlock(cause)).toMatchObject({ ok: true });
    expect(gpio.level).toBe(1);
  });

  it('is energised late for an exit button that is still pressed, and told only once it is true', async () => {
    const { gpio, log } = await setUp();
    gpio.failWrite = true;
    gpio.inputs.get(REX)?.onChange(0);
    expect(log.types).toEqual(['rex', 'fault']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    gpio.failWrite = false;
    await log.until('fault_cleared');
    expect(gpio.level).toBe(1);
    expect(log.types).toEqual(['rex', 'fault', 'unlocked', 'fault_cleared']);
    gpio.inputs.get(REX)?.onChange(1);
    expect(gpio.level).toBe(1);
  });

  it('is released as soon as it can be, and told as locked only then', async () => {
    const { gpio, log, door } = await setUp();
    await door.unlock(REMOTE);
    gpio.failWrite = true;
    door.release();
    expect(log.types).toEqual(['unlocked', 'fault']);
    gpio.failWrite = false;
    await log.until('fault_cleared');
    expect(log.types).toEqual(['unlocked', 'fault', 'locked', 'fault_cleared']);
    expect(gpio.relay.slice(-3)).toEqual(['close', 'open 0', 'write 0']);
  });

  it('that is lost without a write is a fault at once, opened again, and not energised for who was let in before', async () => {
    const { gpio, log, door } = await setUp();
    await door.unlock(REMOTE);
    const gone = gpio.output;
    gone?.onError(new Error('its helper died'));
    expect(log.types).toEqual(['unlocked', 'fault']);
    expect(log.events[1]).toMatchObject({ message: 'door "front": relay: its helper died' });
    await log.until('fault_cleared');
    expect(log.types).toEqual(['unlocked', 'fault', 'locked', 'fault_cleared']);
    expect(gpio.relay.slice(-3)).toEqual(['close', 'open 0', 'write 0']);
    gone?.onError(new Error('once more'));
    expect(door.status().faults).toEqual([]);
  });

  it('falls to rest when the process dies, but open in an emergency, also once it was opened anew', async () => {
    const { gpio, log, door } = await setUp();
    door.hold({ kind: 'emergency', by: 'fire' });
    expect([gpio.level, gpio.fallBack]).toEqual([1, 1]);
    gpio.output?.onError(new Error('its helper died'));
    await log.until('fault_cleared');
    expect([gpio.level, gpio.fallBack]).toEqual([1, 1]);
    door.endHold('emergency');
    expect([gpio.level, gpio.fallBack]).toEqual([0, 0]);
  });

  it('that was never energised is told neither as unlocked nor as locked', async () => {
    const { gpio, log, door } = await setUp({ unlockMs: 200 });
    gpio.failWrite = true;
    await door.unlock(REMOTE);
    await new Promise((resolve) => setTimeout(resolve, 400));
    gpio.failWrite = false;
    await log.until('fault_cleared');
    expect(log.types).toEqual(['fault', 'fault_cleared']);
    expect(gpio.level).toBe(0);
  });

  it('is not tried more often than the pause between tries allows', async () => {
    const { gpio, log, door } = await setUp();
    gpio.failWrite = true;
    await door.unlock(REMOTE);
    for (let attempt = 0; attempt < 50; attempt += 1) void door.unlock(REMOTE);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(gpio.relay.filter((entry) => entry.startsWith('fail')).length).toBeLessThanOrEqual(4);
    expect(log.types).toEqual(['fault']);
  });
});

describe('a relay whose line is not there at start', () => {
  const absent = (gpio: FaultyGpio) => {
    gpio.failOpenOutput = true;
  };

  it('is a fault that is told; the door starts, watches its inputs and works when the line appears', async () => {
    const { gpio, log, door } = await setUp({}, absent);
    expect(log.events).toEqual([
      {
        type: 'fault',
        door: 'front',
        code: 'GPIO_UNAVAILABLE',
        message: 'door "front": relay: no such line',
      },
    ]);
    expect(door.status()).toMatchObject({
      state: 'fault',
      relay: 'off',
      contact: 'closed',
      faults: [{ source: 'relay', code: 'GPIO_UNAVAILABLE' }],
    });
    gpio.inputs.get(CONTACT)?.onChange(1);
    expect(log.types).toEqual(['fault', 'forced_open']);
    gpio.inputs.get(CONTACT)?.onChange(0);
    gpio.failOpenOutput = false;
    await log.until('fault_cleared');
    expect(gpio.relay).toEqual(['open 0', 'write 0']);
    expect(door.status()).toMatchObject({ state: 'locked', faults: [] });
    expect(await door.unlock(REMOTE)).toMatchObject({ ok: true });
    expect(gpio.level).toBe(1);
  });

  it('refuses a grant at once, and opens for nobody later', async () => {
    const { gpio, log, door } = await setUp({}, absent);
    expect(await door.unlock(REMOTE)).toMatchObject({ ok: false, code: 'GPIO_UNAVAILABLE' });
    gpio.failOpenOutput = false;
    await log.until('fault_cleared');
    expect(gpio.relay).toEqual(['open 0', 'write 0']);
  });

  it('opens for an exit button that is pressed when the line appears, released first', async () => {
    const { gpio, log } = await setUp({}, absent);
    gpio.inputs.get(REX)?.onChange(0);
    gpio.failOpenOutput = false;
    await log.until('fault_cleared');
    expect(gpio.relay).toEqual(['open 0', 'write 1']);
    expect(log.types).toEqual(['fault', 'rex', 'unlocked', 'fault_cleared']);
  });

  it('is tried for ever, and is left alone after stop', async () => {
    const { gpio, log, door } = await setUp({}, absent);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await door.stop();
    await door.stop();
    expect(log.types).toEqual(['fault']);
    gpio.failOpenOutput = false;
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(gpio.relay).toEqual([]);
  });

  it('that appears while the door is being stopped is released and given up', async () => {
    const gpio = new FaultyGpio();
    gpio.openMs = 50;
    const door = new Door({ config: doorConfig(), gpio, onEvent: () => {}, logger });
    const started = door.start();
    await door.stop();
    await started;
    expect(gpio.relay).toEqual(['open 0', 'write 0', 'close']);
    expect(gpio.inputs.size).toBe(0);
  });

  it('that is slow to open keeps no exit button from being heard', async () => {
    const gpio = new FaultyGpio();
    gpio.openMs = 100;
    const log = new EventLog();
    const door = new Door({ config: doorConfig(), gpio, onEvent: log.take, logger });
    onTestFinished(() => door.stop());
    const started = door.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    gpio.inputs.get(REX)?.onChange(0);
    expect(log.types).toEqual(['rex']);
    await started;
    expect(gpio.relay).toEqual(['open 0', 'write 1']);
    expect(log.types).toEqual(['rex', 'unlocked']);
  });
});

describe('an input that fails', () => {
  it('at start is a fault; the rest of the door works; it is opened again', async () => {
    const { gpio, log, door } = await setUp({}, (faulty) => faulty.failOpenInput.add(CONTACT));
    expect(log.events).toMatchObject([
      { type: 'fault', code: 'GPIO_UNAVAILABLE', message: 'door "front": contact: line 27 is gone' },
    ]);
    expect(door.status()).toMatchObject({ state: 'fault', contact: null });
    gpio.inputs.get(REX)?.onChange(0);
    expect(log.types).toEqual(['fault', 'rex', 'unlocked']);
    gpio.inputs.get(REX)?.onChange(1);
    gpio.failOpenInput.clear();
    await log.until('fault_cleared');
    expect(door.status()).toMatchObject({ state: 'unlocked', contact: 'closed' });
  });

  it('later on is a fault too, and does not hold the relay', async () => {
    const { gpio, log, door } = await setUp({ unlockMs: 200 });
    gpio.inputs.get(REX)?.onChange(0);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(door.status().relay).toBe('on');
    gpio.failOpenInput.add(REX);
    gpio.inputs.get(REX)?.onError(new Error('unplugged'));
    expect(log.types).toEqual(['rex', 'unlocked', 'fault', 'locked']);
    gpio.failOpenInput.clear();
    await log.until('fault_cleared');
    gpio.inputs.get(REX)?.onChange(0);
    expect(door.status().relay).toBe('on');
  });

  it('is left alone after stop', async () => {
    const { gpio, door } = await setUp({}, (faulty) => faulty.failOpenInput.add(CONTACT));
    await door.stop();
    gpio.failOpenInput.clear();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(gpio.inputs.size).toBe(0);
  });
});

describe('a relay that answers late', () => {
  it('is told and answered for when it has switched', async () => {
    const { gpio, log, door } = await setUp({}, (slow) => {
      slow.writeMs = 30;
    });
    const outcome = door.unlock(REMOTE);
    expect(log.types).toEqual([]);
    expect(await outcome).toMatchObject({ ok: true });
    expect(gpio.level).toBe(1);
    expect(log.types).toEqual(['unlocked']);
  });

  it('ends where it was last sent, one write at a time, and both changes are told', async () => {
    const { gpio, log, door } = await setUp({}, (slow) => {
      slow.writeMs = 30;
    });
    void door.unlock(REMOTE);
    door.release();
    await log.until('locked');
    expect(log.types).toEqual(['unlocked', 'locked']);
    expect(gpio.relay).toEqual(['open 0', 'write 1', 'write 0']);
  });

  it('is waited for at stop', async () => {
    const { gpio, log, door } = await setUp({}, (slow) => {
      slow.writeMs = 30;
    });
    await door.unlock(REMOTE);
    void door.unlock(REMOTE);
    await door.stop();
    expect(gpio.level).toBe(0);
    expect(gpio.relay.at(-1)).toBe('close');
    expect(log.types).toEqual(['unlocked', 'unlocked', 'locked']);
  });

  it('answers an unlock that failed', async () => {
    const { gpio, log, door } = await setUp({}, (slow) => {
      slow.writeMs = 10;
      slow.failWrite = true;
    });
    expect(await door.unlock(REMOTE)).toMatchObject({ ok: false, code: 'GPIO_WRITE_FAILED' });
    gpio.failWrite = false;
    await log.until('fault_cleared');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(gpio.level).toBe(0);
  });
});
