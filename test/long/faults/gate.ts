import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { z } from 'zod';
import { monotonicMs } from '../../../src/common/index.ts';
import { House, RELAY } from '../../e2e/house.ts';
import { expectAllDelivered, journalOf } from './delivery.ts';
import { type Tally, upTo } from './tally.ts';
import { Witness } from './witness.ts';

/** Kills without number, with nothing behind the doors but cards, are in chaos.test.ts. */
const KILLS = 2;
const UNLOCK_MS = 1500;
const MENSHEN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const LineSchema = z.object({ ok: z.boolean(), level: z.number().optional() });

/** The gate itself is killed while the door is unlocked, and started again. */
export async function gateKilled(tally: Tally): Promise<void> {
  const fault = 'gate killed in an unlock';
  const house = await House.build('', { unlockMs: UNLOCK_MS });
  try {
    const buried: number[] = [];
    const released: string[] = [];
    for (let n = 0; n < KILLS; n++) {
      const begun = monotonicMs();
      const daemon = await house.startDaemon();
      const witness = new Witness(daemon.process.pid);
      await expectReleased(house);
      await house.relay(1, begun, 30_000);
      await sleep(upTo(UNLOCK_MS - 300));
      const children = witness.running();
      expect(children.length).toBeGreaterThan(1);
      daemon.process.kill('SIGKILL');
      await daemon.ended;
      buried.push(await witness.buried(children, 2000));
      await witness.buried(witness.everybody(), 500);
      witness.end();
      const { stdout } = await run(process.execPath, [
        MENSHEN,
        'door',
        'release',
        '--config',
        house.configFile,
      ]);
      released.push(stdout.trim());
      expectEveryUnlockHasItsCause(house);
      await house.until(
        () => house.retained.get('menshen/house/status')?.includes('"lost"'),
        3000,
        'last will of the gate',
      );
    }
    const daemon = await house.startDaemon();
    await expectReleased(house);
    await house.event('access.granted', house.events.length, 30_000);
    const { events, duplicates } = await expectAllDelivered(house, 10_000);
    await daemon.stop();
    const starts = journalOf(house).filter(({ type }) => type === 'system.started').length;
    tally.add(fault, 'kills, starts', `${KILLS}, ${starts}`);
    tally.times(fault, 'all its processes gone', buried);
    tally.add(fault, '`menshen door release` with code 0', `${released.length} of ${KILLS}`);
    tally.add(fault, 'events numbered without a gap, delivered', `${events}, ${events}`);
    tally.add(fault, 'duplicates (same id)', duplicates);
    expect(starts).toBe(KILLS + 1);
  } finally {
    await house.tearDown();
  }
}

/** The relay is released as soon as its line is there at all. */
async function expectReleased(house: House): Promise<void> {
  const line = await house.until(
    async () => {
      const answer = await askLine(house, RELAY);
      return answer.ok && answer;
    },
    5000,
    'line of the relay',
  );
  expect(line.level).toBe(0);
}

/** A grant is on disk before the relay moves: no unlock without its cause, whenever the power goes. */
function expectEveryUnlockHasItsCause(house: House): void {
  const journal = journalOf(house);
  const granted = new Set(journal.filter(({ type }) => type === 'access.granted').map(({ id }) => id));
  const unlocked = journal.filter(({ type }) => type === 'door.unlocked');
  expect(unlocked.length).toBeGreaterThan(0);
  expect(unlocked.filter(({ cause }) => cause === null || !granted.has(cause))).toEqual([]);
}

async function askLine(house: House, line: number): Promise<z.infer<typeof LineSchema>> {
  const socket = connect(join(house.folder, 'gpio.sock'));
  try {
    socket.write(`${JSON.stringify({ get: line })}\n`);
    for await (const answer of createInterface({ input: socket })) {
      return LineSchema.parse(JSON.parse(answer));
    }
    throw new Error('the control socket closed without an answer');
  } finally {
    socket.destroy();
  }
}
