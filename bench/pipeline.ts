import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { openAnalyser } from '../scripts/support/analyser.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { toYuv420p } from '../scripts/support/yuv.ts';
import type { Picture } from '../src/camera/index.ts';
import { readPhoto } from '../src/photo/index.ts';
import type { FaceAnalyser } from '../src/vision/index.ts';
import { defaultModelsDir, type LoadedModel, loadModels } from '../src/vision/models/index.ts';
import { EVERY } from '../src/vision/second-look.ts';
import { windowOn } from '../src/vision/view-window.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { bareRun } from './support/bare-run.ts';
import { ownCpuMs } from './support/processes.ts';

const WARM_UP = 20;
const FRAMES = 100;
const WIDTH = 1280;
const HEIGHT = 720;

const STAGES = ['detect', 'landmarks', 'quality', 'liveness', 'embedding'] as const;
type StageTimes = Record<(typeof STAGES)[number], number>;
const ROLES = ['detection', 'landmarks', 'liveness', 'embedding'] as const;

/**
 * A 1280x720 yuv420p frame with one face through every stage, and one without, against ONNX Runtime alone on the same
 * networks: frame and networks take turns, and all is CPU time, which counts no time that others had.
 */
export async function benchPipeline(options: { readonly photo?: string } = {}): Promise<BenchRow[]> {
  const photo = options.photo ?? fileURLToPath(new URL('../.cache/demo/sample1.jpg', import.meta.url));
  const analyser = await openAnalyser();
  const models = await loadModels({ dir: defaultModelsDir(), roles: ROLES, threads: 1 });
  const networks = ROLES.map((role) => bareRun(models[role], shapeOf(models[role])));
  const frame = await frameWithOneFace(analyser, photo);
  const empty: Picture = { ...frame, data: new Uint8Array(frame.data.length).fill(120) };
  const stages: StageTimes[] = [];
  const bare: number[][] = [];
  const collector = new CollectorWatch();
  for (let i = -WARM_UP; i < FRAMES; i++) {
    const times = await through(analyser, frame);
    const alone: number[] = [];
    for (const run of networks) alone.push(await timed(run));
    if (i < 0) continue;
    stages.push(times);
    bare.push(alone);
  }
  const nothing: EmptyRound[] = [];
  for (let i = -2; i < FRAMES / EVERY; i++) {
    const round = await emptyRound(analyser, empty, networks[0]);
    if (i >= 0) nothing.push(round);
  }
  const collecting = await collector.stop();
  const crop = await cropTimes(analyser, frame);
  await analyser.close();
  return [
    ...stageRows(stages),
    ...bareRows(bare),
    ratioRow(stages, bare),
    ...emptyRows(nothing),
    atMost('pipeline.gc', collecting, '%', 1, 'Garbage collection, in parts of the time of the run'),
    cropRow(crop),
  ];
}

async function through(analyser: FaceAnalyser, frame: Picture): Promise<StageTimes> {
  const t0 = ownCpuMs();
  const [face] = await analyser.detect(frame);
  const t1 = ownCpuMs();
  const landmarks = await analyser.landmarks(frame, face);
  const t2 = ownCpuMs();
  analyser.quality(frame, face, landmarks);
  const t3 = ownCpuMs();
  await analyser.liveness(frame, face);
  const t4 = ownCpuMs();
  await analyser.embed(frame, landmarks);
  const t5 = ownCpuMs();
  return { detect: t1 - t0, landmarks: t2 - t1, quality: t3 - t2, liveness: t4 - t3, embedding: t5 - t4 };
}

interface EmptyRound {
  readonly frames: readonly number[];
  readonly network: readonly number[];
}

/** Empty frames in a row, as many as it takes for one of them to be looked at a second time. */
async function emptyRound(
  analyser: FaceAnalyser,
  empty: Picture,
  detection: () => Promise<unknown>,
): Promise<EmptyRound> {
  const frames: number[] = [];
  const network: number[] = [];
  for (let i = 0; i < EVERY; i++) {
    frames.push(await timed(() => analyser.detect(empty)));
    network.push(await timed(detection));
  }
  return { frames, network };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = ownCpuMs();
  await run();
  return ownCpuMs() - begun;
}

/** Of the network's own input for such a frame. */
function shapeOf({ entry: { role, input } }: LoadedModel): readonly number[] {
  return role === 'detection' ? windowShape(input.shape) : input.shape;
}

function windowShape([batch, planes, height, width]: readonly number[]): number[] {
  const { rows, columns } = windowOn({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, width, height);
  return [batch, planes, rows, columns];
}

/** The best face of a photo with some surroundings, in its own size on a grey 1280x720 frame. */
async function frameWithOneFace(analyser: FaceAnalyser, path: string): Promise<Picture> {
  const photo = await readPhoto(path);
  const [face] = await analyser.find(photo);
  if (face === undefined) throw new Error(`There is no face in ${path}; name another photo with --photo.`);
  const left = Math.max(0, Math.round(face.box.x - face.box.width / 2));
  const top = Math.max(0, Math.round(face.box.y - face.box.height / 2));
  const cut = await sharp(photo.data, { raw: { width: photo.width, height: photo.height, channels: 3 } })
    .extract({
      left,
      top,
      width: Math.min(photo.width - left, Math.round(face.box.width * 2)),
      height: Math.min(photo.height - top, Math.round(face.box.height * 2), HEIGHT),
    })
    .png()
    .toBuffer();
  const data = await sharp({
    create: { width: WIDTH, height: HEIGHT, channels: 3, background: { r: 120, g: 125, b: 130 } },
  })
    .composite([{ input: cut, left: 380, top: 60 }])
    .removeAlpha()
    .raw()
    .toBuffer();
  const frame = toYuv420p({ format: 'rgb24', width: WIDTH, height: HEIGHT, data });
  const faces = await analyser.detect(frame);
  if (faces.length !== 1)
    throw new Error(`The frame made of ${path} shows ${faces.length} faces instead of one.`);
  return frame;
}

async function cropTimes(analyser: FaceAnalyser, frame: Picture): Promise<number[]> {
  const [face] = await analyser.detect(frame);
  const times: number[] = [];
  for (let i = 0; i < 30; i++) times.push(await timed(() => analyser.crop(frame, face.box)));
  return times.slice(5);
}

const total = (times: StageTimes): number => STAGES.reduce((sum, stage) => sum + times[stage], 0);
const sum = (times: readonly number[]): number => times.reduce((a, b) => a + b, 0);

function stageRows(times: readonly StageTimes[]): BenchRow[] {
  const what = `of ${times.length} frames of ${WIDTH}x${HEIGHT} yuv420p with one face, one thread`;
  return [...STAGES, 'frame' as const].flatMap((stage) => {
    const values = times.map((time) => (stage === 'frame' ? total(time) : time[stage]));
    return [
      told(`pipeline.${stage}.p50`, quantile(values, 0.5), 'ms', `${stage}, median ${what}`),
      told(`pipeline.${stage}.p99`, quantile(values, 0.99), 'ms', `${stage}, 99th percentile ${what}`),
    ];
  });
}

function bareRows(times: readonly (readonly number[])[]): BenchRow[] {
  const each = ROLES.map((role, index) =>
    told(
      `pipeline.networks.${role}.p50`,
      quantile(
        times.map((time) => time[index]),
        0.5,
      ),
      'ms',
      `ONNX Runtime alone, ${role} network`,
    ),
  );
  return [
    ...each,
    told(
      'pipeline.networks.sum.p50',
      quantile(times.map(sum), 0.5),
      'ms',
      'ONNX Runtime alone, the four networks in the same run',
    ),
    told(
      'pipeline.networks.sum.p99',
      quantile(times.map(sum), 0.99),
      'ms',
      'ONNX Runtime alone, the four networks in the same run',
    ),
  ];
}

/** Round by round, for what slows the machine in one round slows both. */
function ratioRow(stages: readonly StageTimes[], bare: readonly (readonly number[])[]): BenchRow {
  const value = quantile(
    stages.map((times, round) => total(times) / sum(bare[round])),
    0.5,
  );
  const what = 'a frame with one face over its four networks alone in the same round, median';
  return atMost('pipeline.ratio', value, '', 1.15, what);
}

function emptyRows(rounds: readonly EmptyRound[]): BenchRow[] {
  const middle = (of: (round: EmptyRound) => number): number => quantile(rounds.map(of), 0.5);
  const alone = middle(({ network }) => sum(network));
  const over = 'over the detection network alone in the same round, median of the rounds';
  return [
    atMost(
      'pipeline.empty.ratio',
      middle(({ frames, network }) => sum(frames) / sum(network)),
      '',
      1.3,
      `frames without a face, ${EVERY} in a row, one of them looked at twice, ${over}`,
    ),
    told(
      'pipeline.empty.once.ratio',
      middle(({ frames, network }) => (EVERY * quantile(frames, 0.5)) / sum(network)),
      '',
      `a frame without a face that is looked at once ${over}`,
    ),
    told(
      'pipeline.empty.twice.ratio',
      middle(({ frames, network }) => (EVERY * Math.max(...frames)) / sum(network)),
      '',
      `the one that is looked at twice ${over}`,
    ),
    told('pipeline.empty.network', alone / EVERY, 'ms', 'the detection network alone in these rounds'),
  ];
}

function cropRow(times: readonly number[]): BenchRow {
  const what = 'cutting out and encoding one JPEG, done for few frames only';
  return told('pipeline.crop.p50', quantile(times, 0.5), 'ms', what);
}

/** How much of the time goes into garbage collection. */
class CollectorWatch {
  #spent = 0;
  readonly #since = performance.now();
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.#spent += duration;
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** %, since the beginning. */
  async stop(): Promise<number> {
    const elapsed = performance.now() - this.#since;
    await sleep(10);
    this.#observer.disconnect();
    return (100 * this.#spent) / elapsed;
  }
}
