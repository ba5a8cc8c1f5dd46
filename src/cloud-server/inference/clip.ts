import type { Picture } from '../../camera/index.ts';
import type { QualityConfig } from '../../config/index.ts';
import {
  type ActionObserver,
  type ActionSample,
  type FaceAnalyser,
  judgeActions,
} from '../../vision/index.ts';
import { ClipFile, containerOf } from './clip-file.ts';
import { RefusedInput } from './refuse.ts';
import type { TaskResult } from './tasks.ts';

/** 6.3.6, with what containers round away. */
const SECONDS = { min: 0.95, max: 8.05 };
const RATE = { min: 9.9, max: 30.1 };
/** Of the pictures a container promises at least so many must be there. */
const WHOLE = 0.75;
/** Liveness is asked on every so many pictures: it costs as much as all the rest of a look. */
const LIVENESS_EVERY = 3;
/** A face turned further than this, or with an open mouth, is not what the liveness network was trained on. */
const JUDGED = { yaw: 30, mouth: 0.3 };
/**
 * Mean liveness from which a clip counts as living. Measured on 4 s pieces of films: seven living people had 0.4 or
 * more but for one who yawned close to the lens (0.05 to 0.6), the same film played from a screen 0.01 at most.
 */
const LIVE = 0.3;
/** Of the looks of a clip so many must show a face. */
const FACE_PART = 0.2;

export interface ClipTools {
  readonly analyser: FaceAnalyser;
  readonly observer: ActionObserver;
  /** Left and right in the clip are as in a mirror. */
  readonly mirrored: boolean;
  readonly quality: QualityConfig;
}

/** Which actions a clip shows, and whether the face lives. Throws RefusedInput with what is wrong with the clip. */
export async function judgeClip(clip: Uint8Array, tools: ClipTools): Promise<TaskResult<'actionLiveness'>> {
  const container = containerOf(clip);
  if (container === null) throw new RefusedInput('CONTAINER');
  const file = new ClipFile(clip, container);
  try {
    const facts = await file.probe();
    if (facts.seconds < SECONDS.min || facts.seconds > SECONDS.max) throw new RefusedInput('SECONDS');
    if (facts.framesPerSecond < RATE.min || facts.framesPerSecond > RATE.max) throw new RefusedInput('RATE');
    const looks: Look[] = [];
    for await (const { picture, at } of file.frames(facts))
      looks.push(await look(picture, at, looks.length, tools));
    const last = looks.at(-1)?.at ?? 0;
    if (last < WHOLE * facts.seconds - 0.2) throw new RefusedInput('DAMAGED');
    return verdictOf(looks, tools);
  } finally {
    file.close();
  }
}

interface Look {
  readonly at: number;
  /** Mean luma of the whole picture, 0..1. */
  readonly light: number;
  readonly face: {
    readonly sample: ActionSample;
    readonly liveness: number | null;
    readonly sharpness: number;
    readonly brightness: number;
    readonly noise: number;
  } | null;
}

async function look(picture: Picture, at: number, index: number, tools: ClipTools): Promise<Look> {
  const light = lightOf(picture);
  const seen = await tools.observer.look(picture, at);
  if (seen === null) return { at, light, face: null };
  const { sharpness, brightness, noise } = tools.analyser.quality(picture, seen.face, seen.landmarks);
  const wanted = index % LIVENESS_EVERY === 0;
  const liveness = wanted ? (await tools.analyser.liveness(picture, seen.face)).score : null;
  return { at, light, face: { sample: seen.sample, liveness, sharpness, brightness, noise } };
}

function verdictOf(looks: readonly Look[], { mirrored, quality }: ClipTools): TaskResult<'actionLiveness'> {
  const faces = looks.flatMap(({ face }) => (face === null ? [] : [face]));
  if (faces.length < 3 || faces.length < FACE_PART * looks.length)
    throw new RefusedInput(whyNoFace(looks, quality));
  const brightness = median(faces.map((face) => face.brightness));
  if (brightness < quality.minBrightness) throw new RefusedInput('DARK');
  if (brightness > quality.maxBrightness) throw new RefusedInput('BRIGHT');
  // The liveness network takes noise for life, and light is what helps.
  if (median(faces.map((face) => face.noise)) > quality.maxNoise) throw new RefusedInput('DARK');
  if (median(faces.map((face) => face.sharpness)) < quality.minSharpness) throw new RefusedInput('BLURRED');
  const seen = judgeActions(faces.map(({ sample }) => sample));
  return {
    live: isLive(faces),
    seen: mirrored ? { ...seen, turnLeft: seen.turnRight, turnRight: seen.turnLeft } : { ...seen },
  };
}

/** Where the light is to blame, say so: more light helps, another clip does not. */
function whyNoFace(looks: readonly Look[], quality: QualityConfig): 'DARK' | 'BRIGHT' | 'NO_FACE' {
  const light = median(looks.map((each) => each.light));
  if (light < quality.minBrightness / 2) return 'DARK';
  return light > quality.maxBrightness ? 'BRIGHT' : 'NO_FACE';
}

function isLive(faces: readonly NonNullable<Look['face']>[]): boolean {
  const scores = faces.flatMap(({ sample, liveness }) =>
    liveness !== null && Math.abs(sample.yaw) <= JUDGED.yaw && sample.mouthOpening <= JUDGED.mouth
      ? [liveness]
      : [],
  );
  return scores.length > 0 && scores.reduce((sum, score) => sum + score, 0) / scores.length >= LIVE;
}

function lightOf({ data, width, height }: Picture): number {
  const step = 97;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < width * height; i += step) {
    sum += data[i];
    count++;
  }
  // Luma of limited range, 16 to 235.
  return Math.min(1, Math.max(0, (sum / count - 16) / 219));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
