import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { House } from '../../e2e/house.ts';
import { counts, type Tally, upTo } from './tally.ts';
import { rssMiB, Witness } from './witness.ts';

const KILLS = 10;
/** Before the first kills the stream runs for longer than it takes to count as sound: the delay to the next attempt is the shortest. The others hit a camera that flaps. */
const SOUND_KILLS = 4;
const SOUND_MS = 10_500;
const PAUSE_MS = 3000;
/** The longest delay between two attempts, and the time to the first picture. */
const BACK_MS = 15_000 + 10_000;
const RSS_GROWTH_MIB = 40;

/** The camera is killed and comes back, over and over. */
export async function cameraKilled(tally: Tally): Promise<void> {
  const fault = 'camera killed';
  const house = await House.build();
  try {
    const daemon = await house.startDaemon();
    const witness = new Witness(daemon.process.pid);
    await house.event('access.granted');
    const before = rssMiB(daemon.process.pid);
    const back: number[] = [];
    for (let n = 0; n < KILLS; n++) {
      await sleep(n < SOUND_KILLS ? SOUND_MS : upTo(PAUSE_MS));
      back.push(await killAndRestart(house));
    }
    await house.event('access.granted', house.events.length, 30_000);
    const after = rssMiB(daemon.process.pid);
    const downs = house.events.filter(({ type }) => type === 'camera.down');
    const ups = house.events.filter(({ type }) => type === 'camera.up');
    tally.add(fault, 'camera.up after each of the kills', `${ups.length - 1} of ${KILLS}`);
    tally.add(fault, 'camera.down', counts(downs.map(({ data }) => data.code)));
    tally.times(fault, 'restart to first picture, stream sound before', back.slice(0, SOUND_KILLS));
    tally.times(fault, 'restart to first picture, camera flapping', back.slice(SOUND_KILLS));
    tally.add(fault, 'most ffmpeg at once', witness.mostFfmpeg);
    tally.add(fault, 'longest zombie', `${witness.longestZombieMs.toFixed(0)} ms`);
    tally.add(fault, 'memory of the gate', `${before.toFixed(0)} to ${after.toFixed(0)} MiB`);
    expect(ups).toHaveLength(KILLS + 1);
    expect(downs.length).toBeGreaterThanOrEqual(KILLS);
    expect(witness.mostFfmpeg).toBe(1);
    expect(witness.longestZombieMs).toBeLessThan(1000);
    expect(after - before).toBeLessThan(RSS_GROWTH_MIB);
    await daemon.stop();
    await witness.buried(witness.everybody(), 500);
    witness.end();
  } finally {
    await house.tearDown();
  }
}

/** Milliseconds from the moment the camera takes connections again to the first picture. */
async function killAndRestart(house: House): Promise<number> {
  const from = house.events.length;
  house.camera.kill('SIGKILL');
  await house.camera.stop();
  await sleep(upTo(PAUSE_MS));
  await house.startCamera();
  const restarted = Date.now();
  const up = await house.event('camera.up', from, BACK_MS);
  const downs = house.events.slice(from).filter(({ type }) => type === 'camera.down');
  expect(downs.length).toBeGreaterThan(0);
  expect(['CAMERA_ENDED', 'CAMERA_UNREACHABLE', 'CAMERA_STALLED']).toContain(downs[0].data.code);
  return Date.parse(up.at) - restarted;
}
