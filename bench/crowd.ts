import { openAnalyser } from '../scripts/support/analyser.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { toYuv420p } from '../scripts/support/yuv.ts';
import type { Frame, Picture } from '../src/camera/types.ts';
import { VisionSchema } from '../src/config/schema/vision.ts';
import { Pipeline } from '../src/vision/pipeline.ts';
import { type Figure, HEIGHT, people, scene, WIDTH } from '../test/vision/figures.ts';
import { atMost, type BenchRow, told } from './row.ts';
import { ownCpuMs } from './support/processes.ts';

const COUNTS = [0, 1, 2, 5, 10, 20];
const FRAMES = 45;
const WARM_UP = 8;
const FACE = 80;
const COLUMNS = 7;

/**
 * What a frame costs as faces in view grow more: the whole pipeline as the daemon runs it, 1280x720 at 15 fps, CPU time a frame, all
 * followed (`maxFaces` 20). In a crowd the networks of recognition stop after 40 ms of a frame: the nearest come first.
 */
export async function benchCrowd(): Promise<BenchRow[]> {
  const vision = VisionSchema.parse({ maxFaces: 20 });
  const analyser = await openAnalyser();
  const figures = await people(analyser, FACE);
  const rows: BenchRow[] = [];
  for (const count of COUNTS)
    rows.push(
      ...(await measure(new Pipeline(analyser, { camera: 'bench', area: WHOLE, ...vision }), figures, count)),
    );
  await analyser.close();
  return rows;
}

const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

async function measure(pipeline: Pipeline, figures: readonly Figure[], count: number): Promise<BenchRow[]> {
  const pictures = [0, 1, 2].map((shift) => pictureOf(figures, count, shift));
  const times: number[] = [];
  let recognised = 0;
  for (let n = -WARM_UP; n < FRAMES; n++) {
    const begun = ownCpuMs();
    await pipeline.process(frameOf(pictures[(n + WARM_UP) % 3], n + WARM_UP), {
      sighting: ({ embedding }) => {
        if (embedding !== null && n >= 0) recognised++;
      },
      trackEnd: () => {},
      crop: () => {},
    });
    if (n >= 0) times.push(ownCpuMs() - begun);
  }
  const id = `crowd.${count}`;
  const what = `A frame with ${count} faces, CPU time`;
  const worst = quantile(times, 0.95);
  return [
    told(
      `${id}.p50`,
      quantile(times, 0.5),
      'ms',
      `${what}, median; ${((recognised * 15) / FRAMES).toFixed(0)} recognitions a second at 15 fps`,
    ),
    count === 20
      ? atMost(`${id}.p95`, worst, 'ms', 100, `${what}, 95th percentile: 10 fps`)
      : told(`${id}.p95`, worst, 'ms', `${what}, 95th percentile`),
  ];
}

function pictureOf(figures: readonly Figure[], count: number, shift: number): Picture {
  const places = Array.from({ length: count }, (_, i) => ({
    figure: figures[i % figures.length],
    x: 100 + (i % COLUMNS) * 178 + shift,
    y: 120 + Math.floor(i / COLUMNS) * 235,
  }));
  return toYuv420p({ format: 'rgb24', width: WIDTH, height: HEIGHT, data: scene(places) });
}

function frameOf(picture: Picture, seq: number): Frame {
  return { camera: 'bench', seq, capturedAt: 1000 + (seq * 1000) / 15, picture, release: () => {} };
}
