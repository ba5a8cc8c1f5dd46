/**
 * Does the memory of the gate grow? `npx tsx bench/soak.ts [--frames 100000] [--fps 60] [--people 1000]`: the whole daemon (built before)
 * before a camera that shows somebody known at several times the usual rate, granting all the while. Prints the resident memory of gate
 * and vision process every 5 %, and at the end their growth since the first fifth, which counts as warming up.
 */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDaemon } from '../scripts/demo/stage-hands.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { openHouse } from './support/house.ts';
import { familyOf, residentBytes } from './support/processes.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    fps: { type: 'string', default: '60' },
    people: { type: 'string', default: '1000' },
  },
});
const frames = Number(values.frames);
const MIB = 1 << 20;
const WARM_UP_PART = 0.2;
const LOOKS = 20;

const GRANTS = `decision:
  regrant: true
  recognitionIntervalMs: 0
`;

const house = await openHouse(Number(values.people), GRANTS, Number(values.fps));
const daemon = await startDaemon(house.folder);
const gate = daemon.process.pid ?? 0;
const looks: { gate: number; vision: number }[] = [];
const begun = Date.now();
try {
  for (let look = 1; look <= LOOKS; look++) {
    const due = begun + (look * frames * 1000) / Number(values.fps) / LOOKS;
    const samples: { gate: number; vision: number }[] = [];
    while (Date.now() < due) {
      await sleep(Math.min(2000, due - Date.now()));
      samples.push(memory());
    }
    // Between two collections of garbage memory goes up and down: the lowest of a stretch is what is kept.
    const lowest = { gate: least(samples, 'gate'), vision: least(samples, 'vision') };
    looks.push(lowest);
    console.log(
      `${Math.round((look * frames) / LOOKS)} frames: gate ${(lowest.gate / MIB).toFixed(1)} MiB, vision ${(lowest.vision / MIB).toFixed(1)} MiB, camera's log ${statSync(house.stage.cameraLog).size} bytes`,
    );
  }
} finally {
  await daemon.stop();
  await house.close();
}
const warm = looks.slice(Math.ceil(WARM_UP_PART * LOOKS) - 1);
for (const process of ['gate', 'vision'] as const) {
  const first = quantile(
    warm.slice(0, 4).map((look) => look[process]),
    0.5,
  );
  const last = quantile(
    warm.slice(-4).map((look) => look[process]),
    0.5,
  );
  console.log(
    `${process}: ${(first / MIB).toFixed(1)} to ${(last / MIB).toFixed(1)} MiB, ${((100 * (last - first)) / first).toFixed(2)} %`,
  );
}

function memory(): { gate: number; vision: number } {
  const vision = familyOf(gate).find(({ command }) => /\bvision\b/.test(command));
  return { gate: residentBytes(gate), vision: vision === undefined ? Number.NaN : residentBytes(vision.pid) };
}

function least(samples: readonly { gate: number; vision: number }[], process: 'gate' | 'vision'): number {
  return Math.min(...samples.map((sample) => sample[process]).filter(Number.isFinite));
}
