import { expect } from 'vitest';
import { z } from 'zod';
import { PublicDecisionRecordSchema } from '../../../src/access/index.ts';
import { monotonicMs } from '../../../src/common/index.ts';
import { type Edge, House, RELAY } from '../../e2e/house.ts';
import { counts, type Tally, upTo } from './tally.ts';
import { CameraView } from './view.ts';
import { type Role, Witness } from './witness.ts';

const STALL_MS = 5000;
const STALLS = 5;
/** Who is stopped, how often, and from which second of the film on, when Alice stands before the door: all stay below the time after which they are killed. */
const TRAPS: readonly (readonly [Role, number, number])[] = [
  ['ffmpeg', 5, 2.15],
  ['vision', 3, 3.6],
  ['gate', 3, 2.15],
];
/** Second of the film at which Alice has been gone for a second, and nobody comes for another. */
const LONG_GONE = 6.85;
const NEXT_ROUND = 0.1;
const MAX_AGE_MS = 800;
/** From the camera's own log to the capture time: encoder, network, decoder, one picture of jitter. */
const STREAM_MS = 200;

const UnlockedSchema = z.object({ captureToRelayMs: z.number() });

/** Processes on the way of a picture are stopped: noticed in time if for long, and no old picture opens the door if not. */
export async function stopped(tally: Tally): Promise<void> {
  // Somebody who stays is granted again and again, so that old pictures of her could open the door at any time.
  const house = await House.build(
    'decision: { recognitionIntervalMs: 500, regrant: true, lockout: { failures: 1000 } }\n',
    {
      stallMs: STALL_MS,
      unlockMs: 500,
    },
  );
  try {
    const daemon = await house.startDaemon();
    const witness = new Witness(daemon.process.pid);
    const view = new CameraView(house);
    await house.event('access.granted');
    await stalls(house, witness, view, tally);
    for (const [role, rounds, standing] of TRAPS) {
      await traps(house, witness, view, tally, role, rounds, standing);
    }
    expectFreshGrants(house, view, tally);
    tally.add('ffmpeg stopped', 'most ffmpeg at once', witness.mostFfmpeg);
    expect(witness.mostFfmpeg).toBe(1);
    expect(witness.longestZombieMs).toBeLessThan(1000);
    await daemon.stop();
    await witness.buried(witness.everybody(), 500);
    witness.end();
  } finally {
    await house.tearDown();
  }
}

async function stalls(house: House, witness: Witness, view: CameraView, tally: Tally): Promise<void> {
  const fault = 'ffmpeg stopped';
  const noticed: number[] = [];
  const replaced: number[] = [];
  const codes: unknown[] = [];
  for (let n = 0; n < STALLS; n++) {
    await view.reach(upTo(8));
    const [victim] = witness.running('ffmpeg');
    const from = house.events.length;
    process.kill(victim.pid, 'SIGSTOP');
    const begun = Date.now();
    const down = await house.event('camera.down', from);
    codes.push(down.data.code);
    noticed.push(Date.parse(down.at) - begun);
    await witness.buried([victim], 200);
    const up = await house.event('camera.up', from);
    replaced.push(Date.parse(up.at) - Date.parse(down.at));
    expect(await witness.find('ffmpeg')).not.toBe(victim.pid);
  }
  tally.add(fault, 'camera.down', counts(codes));
  tally.times(fault, `noticed (limit ${STALL_MS} ms)`, noticed);
  tally.times(fault, 'replaced and streaming', replaced);
  expect(new Set(codes)).toEqual(new Set(['CAMERA_STALLED']));
  expect(Math.max(...noticed)).toBeLessThan(STALL_MS + 1000);
}

/** Stopped while Alice stands there, continued when she has long gone: what waited on the way shows her, and must not open. */
async function traps(
  house: House,
  witness: Witness,
  view: CameraView,
  tally: Tally,
  role: Role,
  rounds: number,
  standing: number,
): Promise<void> {
  const fault = `${role} stopped and continued`;
  const wrong: Edge[] = [];
  const denied: unknown[] = [];
  for (let n = 0; n < rounds; n++) {
    await house.relay(1, monotonicMs(), 30_000);
    await view.reach(standing);
    const pid = role === 'gate' ? house.daemon?.process.pid : await witness.find(role);
    if (pid === undefined) {
      throw new Error('the daemon is gone');
    }
    const from = house.events.length;
    process.kill(pid, 'SIGSTOP');
    await view.reach(LONG_GONE);
    const continued = monotonicMs();
    process.kill(pid, 'SIGCONT');
    await view.reach(NEXT_ROUND);
    wrong.push(
      ...house.edges.filter(({ line, level, at }) => line === RELAY && level === 1 && at >= continued),
    );
    denied.push(
      ...house.events
        .slice(from)
        .filter(({ type }) => type === 'access.denied')
        .map(({ data }) => data.reason),
    );
  }
  tally.add(fault, 'opened for old pictures', `${wrong.length} of ${rounds}`);
  tally.add(fault, 'denied then', counts(denied) || 'none');
  expect(wrong).toEqual([]);
}

function expectFreshGrants(house: House, view: CameraView, tally: Tally): void {
  const fault = 'all of these';
  const granted = house.events.filter(({ type }) => type === 'access.granted');
  const ages = granted.map(
    ({ data }) => PublicDecisionRecordSchema.parse(data).frames.at(-1)?.ageMs ?? Infinity,
  );
  const ways = house.events
    .filter(({ type, cause }) => type === 'door.unlocked' && cause !== null)
    .map(({ data }) => UnlockedSchema.parse(data).captureToRelayMs);
  const edges = house.edges.filter(({ line, level }) => line === RELAY && level === 1);
  const unfounded = edges.filter(({ at }) => !view.showedAlice(at, MAX_AGE_MS + STREAM_MS));
  tally.times(fault, 'age of the newest picture at a grant', ages);
  tally.times(fault, 'capture to relay', ways);
  tally.add(fault, 'relay on without Alice before the camera', `${unfounded.length} of ${edges.length}`);
  expect(Math.max(...ages)).toBeLessThan(MAX_AGE_MS);
  expect(Math.max(...ways)).toBeLessThan(MAX_AGE_MS);
  expect(unfounded).toEqual([]);
}
