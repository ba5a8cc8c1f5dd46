import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../scripts/demo/stage-hands.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { monotonicMs } from '../src/common/index.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { type House, openHouse } from './support/house.ts';
import { familyOf, memoryOf } from './support/processes.ts';

const PEOPLE = 10_000;
const STARTS = 5;
const GIVE_UP_MS = 60_000;
/** Time to come to rest before memory is read. */
const REST_MS = 10_000;
const MIB = 1 << 20;

/** The whole daemon with 10,000 people enrolled: from its start to the first grant, and the memory it takes then. */
export async function benchDaemon(): Promise<BenchRow[]> {
  const house = await openHouse(PEOPLE);
  try {
    const starts: number[] = [];
    for (let i = 1; i < STARTS; i++) starts.push(await start(house, async () => {}));
    let memory: Memory | null = null;
    const last = await start(house, async (pid) => {
      await sleep(REST_MS);
      memory = memoryOfDaemon(pid);
    });
    return [...startRows([...starts, last]), ...(memory === null ? [] : memoryRows(memory))];
  } finally {
    await house.close();
  }
}

/** From starting the daemon to its first grant, ms; `then` may look at it before it is stopped. */
async function start({ folder, stage }: House, then: (pid: number) => Promise<void>): Promise<number> {
  const granted = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('nobody was let in')), GIVE_UP_MS);
    const hear = (topic: string, payload: Buffer): void => {
      if (!topic.includes('/events/') || !payload.includes('access.granted')) return;
      clearTimeout(timer);
      stage.subscriber.off('message', hear);
      resolve(monotonicMs());
    };
    stage.subscriber.on('message', hear);
  });
  const begun = monotonicMs();
  const daemon = await startDaemon(folder);
  try {
    const ms = (await granted) - begun;
    await then(daemon.process.pid ?? 0);
    return ms;
  } finally {
    await daemon.stop();
  }
}

interface Memory {
  /** Of each kind alone, and the most that one has in common with others: programs and libraries are in memory once. */
  readonly own: Readonly<Record<Kind, number>>;
  readonly common: number;
}
type Kind = 'gate' | 'vision' | 'ffmpeg' | 'other';

function memoryOfDaemon(gate: number): Memory {
  const own = { gate: 0, vision: 0, ffmpeg: 0, other: 0 };
  let most = 0;
  for (const { pid, command } of [{ pid: gate, command: '' }, ...familyOf(gate)]) {
    const memory = memoryOf(pid);
    own[pid === gate ? 'gate' : kindOf(command)] += memory.own;
    most = Math.max(most, memory.common);
  }
  return { own, common: most };
}

function kindOf(command: string): Kind {
  if (/vision\b/.test(command)) return 'vision';
  return /\bffmpeg\b/.test(command) ? 'ffmpeg' : 'other';
}

function startRows(times: readonly number[]): BenchRow[] {
  const what = `from starting the daemon to its first grant, ${PEOPLE} people, a camera over RTSP, ${times.length} starts`;
  return [
    atMost('daemon.start.p50', quantile(times, 0.5), 'ms', 3000, `${what}, median`),
    told('daemon.start.worst', quantile(times, 1), 'ms', `${what}, the slowest`),
  ];
}

function memoryRows({ own, common }: Memory): BenchRow[] {
  const what = `${PEOPLE} people, one camera, as the service starts it`;
  const { gate, vision, ffmpeg, other } = own;
  return [
    told('daemon.memory.gate', gate / MIB, 'MiB', `Gate process, its own memory, ${what}`),
    told('daemon.memory.vision', vision / MIB, 'MiB', `Vision process, its own, ${what}`),
    told('daemon.memory.ffmpeg', ffmpeg / MIB, 'MiB', `ffmpeg, its own, ${what}`),
    told('daemon.memory.common', common / MIB, 'MiB', 'Programs and libraries, which they have in common'),
    atMost(
      'daemon.memory',
      (gate + vision + ffmpeg + other + common) / MIB,
      'MiB',
      350,
      `All processes of the daemon, what is common once, ${what}`,
    ),
  ];
}
