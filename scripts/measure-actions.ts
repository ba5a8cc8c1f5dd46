/**
 * Which challenges a film passes: `npx tsx scripts/measure-actions.ts [--fps N] [--seconds N] FILM...`. The film goes
 * through the pipeline once, watched all the time; then a challenge for each action is judged from every half
 * second on. The table of docs/reference/action-liveness.md comes from here.
 */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { Picture } from '../src/camera/index.ts';
import { VisionSchema } from '../src/config/index.ts';
import { Course, type CourseLook } from '../src/vision/challenge/course.ts';
import type { WitnessedLook } from '../src/vision/challenge/witness.ts';
import { ActionObserver, HEAD_ACTIONS, HeadAnalyser } from '../src/vision/index.ts';
import { defaultModelsDir } from '../src/vision/models/index.ts';
import { Pipeline } from '../src/vision/pipeline.ts';
import { openAnalyser } from './support/analyser.ts';
import { filmSize } from './support/film-size.ts';
import { quantile } from './support/quantile.ts';

const { values, positionals } = parseArgs({
  options: {
    fps: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '6' },
    figures: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const fps = Number(values.fps);
const seconds = Number(values.seconds);
const modelsDir = defaultModelsDir();
const { threads, maxFaces, recognise } = VisionSchema.parse({});
const analyser = await openAnalyser();
const head = await HeadAnalyser.open({ modelsDir, threads });
const observer = new ActionObserver(analyser, head);

for (const film of positionals) await measure(film);
await analyser.close();
await head.close();

type Event = { readonly track: string } & (
  | { readonly look: CourseLook }
  | { readonly ended: 'gone' | 'ambiguous' | 'split' }
);

async function measure(film: string): Promise<void> {
  const events: Event[] = [];
  const costs: number[] = [];
  const witness = {
    watches: () => true,
    frame: () => {},
    expire: () => {},
    trackEnded: ({ id, cause }: { id: string; cause: 'gone' | 'ambiguous' | 'split' }) =>
      void events.push({ track: id, ended: cause }),
    look: async ({ frame, track, landmarks, ...rest }: WitnessedLook) => {
      const started = performance.now();
      const sample = await observer.sample(frame.picture, track.face, landmarks, 0);
      costs.push(performance.now() - started);
      events.push({ track: track.id, look: { at: frame.capturedAt, sample, ...rest } });
    },
  };
  const area = { left: 0, top: 0, right: 1, bottom: 1 };
  const pipeline = new Pipeline(analyser, { camera: 'film', area, maxFaces, recognise, witness });
  const listener = { sighting: () => {}, crop: () => {}, trackEnd: () => {} };
  let seq = 0;
  for await (const picture of pictures(film)) {
    const frame = { camera: 'film', seq, capturedAt: (seq * 1000) / fps, picture, release: () => {} };
    await pipeline.process(frame, listener);
    seq++;
  }
  console.log(
    `\n${basename(film)}: ${seq} frames, a look at the action ${quantile(costs, 0.5).toFixed(1)} ms`,
  );
  if (values.figures) for (const event of events) if ('look' in event) print(event);
  for (const action of HEAD_ACTIONS) {
    const outcomes = new Map<string, number>();
    const passes: string[] = [];
    for (let from = 0; from * 1000 < ((seq - fps) * 1000) / fps; from += 0.5) {
      const { outcome, liveness, took } = challenge(events, action, from * 1000);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === 'seen') passes.push(`${from}+${took.toFixed(1)} (liveness ${liveness})`);
    }
    const counts = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
    console.log(
      `  ${action.padEnd(9)} ${counts}${passes.length === 0 ? '' : `; seen at ${passes.join(' ')}`}`,
    );
  }
}

function challenge(events: readonly Event[], action: (typeof HEAD_ACTIONS)[number], from: number) {
  const first = events.find((event) => 'look' in event && event.look.at >= from);
  const course = new Course(
    { id: '', track: first?.track ?? '', action, durationMs: seconds * 1000, closing: 3, record: true },
    'film',
    from,
  );
  for (const event of events) {
    if (event.track !== first?.track || course.outcome !== null) continue;
    if ('look' in event) course.look(event.look);
    else course.trackEnded(event.ended);
  }
  course.expire(Number.MAX_SAFE_INTEGER);
  const { outcome, liveness, tookMs } = course.result(false);
  return { outcome, liveness: liveness?.mean.toFixed(2) ?? '-', took: tookMs / 1000 };
}

function print({ track, look }: { track: string; look: CourseLook }): void {
  const { at, sample, likeness, liveness } = look;
  const figures = [
    sample.yaw,
    sample.pitch,
    sample.headPitch,
    sample.eyeOpening,
    sample.eyesClosed,
    sample.mouthOpening,
  ];
  const numbers = [...figures, likeness ?? Number.NaN, liveness ?? Number.NaN].map((value) =>
    value.toFixed(2),
  );
  console.log(`  ${track} ${(at / 1000).toFixed(2)} ${numbers.join(' ')}`);
}

async function* pictures(film: string): AsyncGenerator<Picture> {
  const { width, height } = filmSize(film);
  const output = ['-vf', `fps=${fps}`, '-threads', '1', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'];
  const child = spawn('ffmpeg', ['-v', 'error', '-i', film, ...output], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  let pending = Buffer.alloc(0);
  for await (const chunk of child.stdout) {
    pending = Buffer.concat([pending, chunk]);
    for (; pending.length >= size; pending = pending.subarray(size)) {
      yield { format: 'yuv420p', width, height, data: new Uint8Array(pending.subarray(0, size)) };
    }
  }
}
