import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { startDaemon } from '../../../scripts/demo/stage-hands.ts';
import { monotonicMs } from '../../../src/common/index.ts';
import { House } from '../../e2e/house.ts';
import { expectAllDelivered, journalOf } from './delivery.ts';
import { counts, type Tally, upTo } from './tally.ts';
import { Witness } from './witness.ts';

const STOPS = 10;
/** Half of them hit the start. */
const START_MS = 1000;
const RUN_MS = 6000;
const LIMIT_MS = 3000;
const NODE_STARTING = 'the signal while Node itself was starting';

/** SIGTERM at any moment of the start and of the run. */
export async function terminated(tally: Tally): Promise<void> {
  const fault = 'SIGTERM at any moment';
  const house = await House.build();
  try {
    const ends: string[] = [];
    const took: number[] = [];
    const buried: number[] = [];
    for (let n = 0; n < STOPS; n++) {
      const daemon = await startDaemon(house.folder);
      house.daemon = daemon;
      const witness = new Witness(daemon.process.pid);
      await sleep(n % 2 === 0 ? upTo(START_MS) : START_MS + upTo(RUN_MS - START_MS));
      witness.look();
      const begun = monotonicMs();
      daemon.process.kill('SIGTERM');
      const how = await Promise.race([daemon.ended, sleep(LIMIT_MS + 2000, 'nothing')]);
      took.push(monotonicMs() - begun);
      // Until Node runs our first line nobody can listen, and nothing is there that could be left behind.
      const early = how === 'SIGTERM' && house.log() === '' && witness.everybody().length === 0;
      ends.push(early ? NODE_STARTING : how);
      buried.push(await witness.buried(witness.everybody(), 500));
      witness.end();
    }
    const from = house.events.length;
    const last = await house.startDaemon();
    await house.event('system.started', from);
    const { events } = await expectAllDelivered(house, 10_000);
    await last.stop();
    const of = (type: string) => journalOf(house).filter((event) => event.type === type).length;
    tally.add(fault, 'ended by', counts(ends));
    tally.times(fault, `ended within (limit ${LIMIT_MS} ms)`, took);
    tally.times(fault, 'then its processes gone', buried);
    tally.add(fault, 'system.started, system.stopped', `${of('system.started')}, ${of('system.stopped')}`);
    tally.add(fault, 'events numbered without a gap, delivered', `${events}, ${events}`);
    expect(ends.filter((end) => end !== 'exit code 0' && end !== NODE_STARTING)).toEqual([]);
    expect(Math.max(...took)).toBeLessThan(LIMIT_MS);
    expect(of('system.stopped')).toBe(of('system.started'));
  } finally {
    await house.tearDown();
  }
}
