import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startDaemon } from '../scripts/demo/stage-hands.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { createLogger, monotonicMs } from '../src/common/index.ts';
import { Gallery } from '../src/gallery/index.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { type House, openHouse } from './support/house.ts';
import { familyOf, memoryOf } from './support/processes.ts';

const PEOPLE = 10_000;
const STARTS = 5;
const GIVE_UP_MS = 60_000;
/** Time to come to rest before memory is read. */
const REST_MS = 10_000;
const MIB = 1 << 20;

/** What the log tells of a start, in the order in which it comes on a machine with cores to spare. */
const STEPS: readonly { readonly said: string; readonly meaning: string }[] = [
  { said: 'starting', meaning: 'the program is loaded, the configuration read' },
  { said: 'the gate is up', meaning: 'doors work and records are kept' },
  { said: 'vision process ready', meaning: 'the networks are open and warm' },
  { said: 'recognition begins', meaning: 'the people are loaded' },
  { said: 'camera streaming', meaning: 'the age of pictures is known' },
  { said: 'decided', meaning: 'frames enough of a face were judged' },
];
const LineSchema = z.object({ time: z.number(), msg: z.string() });

interface Start {
  readonly ms: number;
  /** When each of `STEPS` was told, since the start, ms; NaN for what was not told by then. */
  readonly steps: readonly number[];
}

/**
 * The whole daemon with 10,000 people enrolled: from its start to the first grant, and the memory it takes then. Somebody
 * stands before the camera all the time; it sends a key picture a second, and whoever connects waits for the next one.
 */
export async function benchDaemon(): Promise<BenchRow[]> {
  const house = await openHouse(PEOPLE);
  try {
    await start(house, () => bundled(house.folder));
    const starts: Start[] = [];
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

/** Resolves when a gate that runs has made the next start quicker, as each does after many people were enrolled. */
async function bundled(folder: string): Promise<void> {
  for (let waited = 0; waited < GIVE_UP_MS; waited += 1000) {
    await sleep(1000);
    const gallery = Gallery.open({ dataDir: join(folder, 'data'), log: createLogger('bench', 'error') });
    gallery.close();
    if (gallery.alone === 0) return;
  }
  throw new Error('the people were not bundled');
}

/** Starts the daemon and waits for its first grant; `then` may look at it before it is stopped. */
async function start({ folder, stage }: House, then: (pid: number) => Promise<void>): Promise<Start> {
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
  const [begun, date] = [monotonicMs(), Date.now()];
  const daemon = await startDaemon(folder);
  try {
    const ms = (await granted) - begun;
    const steps = stepsOf(readFileSync(join(folder, 'menshen.log'), 'utf8'), date);
    await then(daemon.process.pid ?? 0);
    return { ms, steps };
  } finally {
    await daemon.stop();
  }
}

function stepsOf(log: string, begun: number): Start['steps'] {
  const lines = log
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => LineSchema.parse(JSON.parse(line)));
  return STEPS.map(({ said }) => (lines.find(({ msg }) => msg === said)?.time ?? Number.NaN) - begun);
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

function startRows(starts: readonly Start[]): BenchRow[] {
  const times = starts.map(({ ms }) => ms);
  const what = `from starting the daemon to its first grant, ${PEOPLE} people, a camera over RTSP with a key picture a second, ${times.length} starts`;
  return [
    atMost('daemon.start.p50', quantile(times, 0.5), 'ms', 3000, `${what}, median`),
    told('daemon.start.worst', quantile(times, 1), 'ms', `${what}, the slowest`),
    ...STEPS.map(({ said, meaning }, at) => {
      const median = quantile(
        starts.map(({ steps }) => steps[at] ?? Number.NaN),
        0.5,
      );
      return told(
        `daemon.start.${said.replaceAll(' ', '-')}`,
        median,
        'ms',
        `of it until ${meaning}, median`,
      );
    }),
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
