import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Pair, readPairs } from '../scripts/lfw/pairs.ts';
import { openAnalyser } from '../scripts/support/analyser.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { crossValidate, type FoldComparison } from '../src/evaluate/statistics/folds.ts';
import { readPhoto } from '../src/photo/index.ts';
import type { FaceAnalyser } from '../src/vision/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue, readSources } from '../src/vision/models/index.ts';
import { atLeast, type BenchRow, told } from './row.ts';
import { ownCpuMs } from './support/processes.ts';

const LFW = fileURLToPath(new URL('../../shared/data/lfw', import.meta.url));
const PEERS = fileURLToPath(new URL('./peers', import.meta.url));
const PYTHON = '/usr/bin/python3';
/** Every so many pairs of each kind and fold: 120 pairs of 2400, so that a run takes minutes. */
const EVERY = 20;
const WARM_UP = 5;

const AnswerSchema = z.object({ ms: z.number(), vector: z.array(z.number()).nullable() });
type Answer = z.infer<typeof AnswerSchema>;

interface Rival {
  readonly name: string;
  readonly what: string;
  /** How many times its time ours should be beaten by. */
  readonly least: number;
  readonly command: readonly [string, ...string[]];
}

/** `detector` is the file of the detection network as it is shipped: OpenCV cannot do without what ours leaves out. */
const rivals = (detector: string): readonly Rival[] => [
  {
    name: 'human',
    what: '@vladmandic/human 3.3.6, WASM',
    least: 25,
    command: [process.execPath, 'human.mjs'],
  },
  {
    name: 'face-api',
    what: '@vladmandic/face-api 1.7.15, WASM',
    least: 8,
    command: [process.execPath, 'face-api.mjs'],
  },
  {
    name: 'opencv',
    what: "OpenCV's DNN module on the same ONNX files",
    least: 1,
    command: [PYTHON, 'opencv.py', defaultModelsDir(), detector],
  },
];

/**
 * Detection, landmarks and embedding of one face, ours and others', the same pictures turn about: CPU time, all threads together.
 * With the pairs of LFW also how often each tells rightly whether two pictures show one person.
 */
export async function benchPeers(): Promise<BenchRow[]> {
  const pairs = existsSync(join(LFW, 'pairs-dev.txt')) ? sample(await readPairs(LFW)) : null;
  if (pairs === null) {
    console.log(`  left out: there is no ${LFW}, whose pictures all of them look at`);
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'menshen-peers-'));
  try {
    return await compete(pairs, rivals(await shippedDetector(folder)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function shippedDetector(folder: string): Promise<string> {
  const catalogue = await readCatalogue(defaultModelsDir());
  const entry = entryForRole(catalogue, 'detection');
  const source = catalogue.packages[entry.source?.package ?? ''];
  const path = join(folder, entry.file);
  for (const bytes of (await readSources(source, [entry], {})).values()) await writeFile(path, bytes);
  return path;
}

async function compete(pairs: readonly Pair[], known: readonly Rival[]): Promise<BenchRow[]> {
  const contenders: Contender[] = [await Ours.open()];
  for (const rival of known) {
    const contender = await Program.start(rival);
    if (contender === null)
      console.log(`  without ${rival.name}: npm ci --prefix bench/peers, apt install python3-opencv`);
    else contenders.push(contender);
  }
  const paths = [...new Set(pairs.flatMap(({ one, other }) => [one, other]))];
  for (const path of paths.slice(0, WARM_UP)) for (const each of contenders) await each.look(path);
  for (const path of paths) for (const each of contenders) each.answers.set(path, await each.look(path));
  for (const each of contenders) await each.close();
  return contenders.flatMap((each) => rowsOf(each, contenders[0], pairs));
}

interface Contender {
  readonly name: string;
  readonly what: string;
  readonly least: number | null;
  readonly answers: Map<string, Answer>;
  look(path: string): Promise<Answer>;
  close(): Promise<void>;
}

class Ours implements Contender {
  readonly name = 'menshen';
  readonly what = 'Menshen';
  readonly least = null;
  readonly answers = new Map<string, Answer>();
  readonly #analyser: FaceAnalyser;

  private constructor(analyser: FaceAnalyser) {
    this.#analyser = analyser;
  }

  static async open(): Promise<Ours> {
    return new Ours(await openAnalyser());
  }

  async look(path: string): Promise<Answer> {
    const picture = await readPhoto(path);
    const begun = ownCpuMs();
    const [face] = await this.#analyser.detect(picture);
    const landmarks = face === undefined ? null : await this.#analyser.landmarks(picture, face);
    const embedding = landmarks === null ? null : await this.#analyser.embed(picture, landmarks);
    return { ms: ownCpuMs() - begun, vector: embedding === null ? null : [...embedding.vector] };
  }

  close(): Promise<void> {
    return this.#analyser.close();
  }
}

/** A program of bench/peers that answers a line of JSON for each path. */
class Program implements Contender {
  readonly name: string;
  readonly what: string;
  readonly least: number;
  readonly answers = new Map<string, Answer>();
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor({ name, what, least, command: [file, ...args] }: Rival) {
    this.name = name;
    this.what = what;
    this.least = least;
    this.#child = spawn(file, args, { cwd: PEERS, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** Null where it is not installed. */
  static async start(rival: Rival): Promise<Program | null> {
    const program = new Program(rival);
    const gone = once(program.#child, 'exit').then(() => false);
    const ready = once(program.#lines, 'line').then(() => true);
    return (await Promise.race([ready, gone])) ? program : null;
  }

  async look(path: string): Promise<Answer> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write(`${path}\n`);
    const [line] = await answer;
    return AnswerSchema.parse(JSON.parse(String(line)));
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}

function rowsOf(contender: Contender, ours: Contender, pairs: readonly Pair[]): BenchRow[] {
  const { name, what, least } = contender;
  const times = (one: Contender): number =>
    quantile(
      [...one.answers.values()].map(({ ms }) => ms),
      0.5,
    );
  const accuracy = (one: Contender): number => 100 * accuracyOf(one.answers, pairs);
  const missed = [...contender.answers.values()].filter(({ vector }) => vector === null).length;
  const scale = `${pairs.length} pairs of LFW, ${missed} of ${contender.answers.size} pictures without a face`;
  const rows = [
    told(
      `peers.${name}.time`,
      times(contender),
      'ms',
      `${what}: detection, landmarks, embedding of a face, CPU time, median`,
    ),
    told(`peers.${name}.lfw`, accuracy(contender), '%', `${what}: right on ${scale}`),
  ];
  if (least === null) return rows;
  return [
    ...rows,
    atLeast(`peers.${name}.times`, times(contender) / times(ours), 'x', least, `Time of ${what} to ours`),
    atLeast(
      `peers.${name}.ahead`,
      accuracy(ours) - accuracy(contender),
      'pp',
      0,
      `Our accuracy less that of ${what}`,
    ),
  ];
}

/** By the protocol of LFW, each fold at the threshold that serves the other folds best; by angle or by distance, whichever suits it. */
function accuracyOf(answers: ReadonlyMap<string, Answer>, pairs: readonly Pair[]): number {
  return Math.max(...[cosine, nearness].map((measure) => accuracyBy(measure, answers, pairs)));
}

function accuracyBy(
  measure: (a: readonly number[], b: readonly number[]) => number,
  answers: ReadonlyMap<string, Answer>,
  pairs: readonly Pair[],
): number {
  const comparisons = pairs.map(({ one, other, same, fold }): FoldComparison => {
    const a = answers.get(one)?.vector ?? null;
    const b = answers.get(other)?.vector ?? null;
    return { score: a === null || b === null ? null : measure(a, b), same, fold };
  });
  const right = crossValidate(comparisons).reduce((sum, fold) => sum + fold.accuracy * fold.pairs, 0);
  return right / comparisons.length;
}

/** 1 for equal vectors, less the further apart they are. */
function nearness(a: readonly number[], b: readonly number[]): number {
  return 1 - Math.hypot(...a.map((value, i) => value - b[i]));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let [product, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return product / Math.sqrt(aa * bb);
}

/** The same pairs in every run, as many that show one person as that show two. */
function sample(pairs: readonly Pair[]): Pair[] {
  return [true, false].flatMap((same) =>
    pairs.filter((pair) => pair.same === same).filter((_, index) => index % EVERY === 0),
  );
}
