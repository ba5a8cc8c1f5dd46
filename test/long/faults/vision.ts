import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { monotonicMs } from '../../../src/common/index.ts';
import { House } from '../../e2e/house.ts';
import { type Tally, upTo } from './tally.ts';
import { Witness } from './witness.ts';

const KILLS = 6;
const UNLOCK_MS = 1500;
/** Process timers, the event loop and a busy machine; the relay's own time is exact to a millisecond or two. */
const SLACK_MS = 250;

/** The vision process is killed while the door is unlocked. */
export async function visionKilled(tally: Tally): Promise<void> {
  const fault = 'vision killed in an unlock';
  const house = await House.build('', { unlockMs: UNLOCK_MS });
  try {
    const daemon = await house.startDaemon();
    const witness = new Witness(daemon.process.pid);
    const unlocked: number[] = [];
    const back: number[] = [];
    const buried: number[] = [];
    for (let n = 0; n < KILLS; n++) {
      const on = await house.relay(1, monotonicMs(), 40_000);
      await sleep(upTo(UNLOCK_MS - 300));
      const from = house.events.length;
      const victims = witness.running();
      const killed = Date.now();
      process.kill(await witness.find('vision'), 'SIGKILL');
      buried.push(await witness.buried(victims, 1000));
      unlocked.push((await house.relay(0, on.at)).at - on.at);
      const up = await house.event('vision.up', from, 30_000);
      back.push(Date.parse(up.at) - killed);
    }
    const granted = house.events.length;
    await house.event('access.granted', granted, 40_000);
    const of = (type: string) => house.events.filter((event) => event.type === type).length;
    tally.add(fault, 'vision.down, vision.up', `${of('vision.down')}, ${of('vision.up') - 1} of ${KILLS}`);
    tally.times(fault, `relay on (unlockMs ${UNLOCK_MS})`, unlocked);
    tally.times(fault, 'vision ready again, first kill', back.slice(0, 1));
    tally.times(fault, 'vision ready again, any (delays grow)', back);
    tally.times(fault, 'process and its ffmpeg gone', buried);
    tally.add(fault, 'most ffmpeg at once', witness.mostFfmpeg);
    expect(of('vision.down')).toBe(KILLS);
    expect(of('vision.up')).toBe(KILLS + 1);
    expect(Math.max(...unlocked)).toBeLessThan(UNLOCK_MS + SLACK_MS);
    expect(witness.mostFfmpeg).toBe(1);
    expect(witness.longestZombieMs).toBeLessThan(1000);
    await daemon.stop();
    await witness.buried(witness.everybody(), 500);
    witness.end();
  } finally {
    await house.tearDown();
  }
}
