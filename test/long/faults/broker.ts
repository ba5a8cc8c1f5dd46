import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { House, REX } from '../../e2e/house.ts';
import { expectAllDelivered } from './delivery.ts';
import { type Tally, upTo } from './tally.ts';

const KILLS = 10;
const PRESS_MS = 80;
/** Longest delay between two attempts to connect. */
const BACK_MS = 30_000 + 5000;

/** The broker is killed while events come: by the exit button several a second, and by Alice. */
export async function brokerKilled(tally: Tally): Promise<void> {
  const fault = 'broker killed';
  const house = await House.build();
  try {
    const daemon = await house.startDaemon();
    await house.event('camera.up');
    let pressing = true;
    const presses = pressUntil(house, () => pressing);
    const back: number[] = [];
    for (let n = 0; n < KILLS; n++) {
      // Every other one is hit while it is still sent what has gathered.
      await sleep(upTo(n % 2 === 0 ? 100 : 3000));
      await house.killBroker();
      await sleep(upTo(3000));
      await house.startBroker();
      const [from, begun] = [house.events.length, Date.now()];
      await house.until(
        () => house.events.length > from,
        BACK_MS,
        'an event after the restart of the broker',
      );
      back.push(Date.now() - begun);
    }
    pressing = false;
    await presses;
    await house.event('access.granted', house.events.length, 30_000);
    const { events, duplicates } = await expectAllDelivered(house, BACK_MS);
    await daemon.stop();
    tally.add(fault, 'kills', KILLS);
    tally.add(fault, 'events in the journal, delivered in order', `${events}, ${events}`);
    tally.add(fault, 'missing', 0);
    tally.add(fault, 'duplicates (same id)', duplicates);
    tally.times(fault, 'restart to first event', back);
    expect(events).toBeGreaterThan(20 * KILLS);
  } finally {
    await house.tearDown();
  }
}

async function pressUntil(house: House, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    house.drive(REX, 0);
    await sleep(PRESS_MS);
    house.drive(REX, 1);
    await sleep(PRESS_MS);
  }
}
