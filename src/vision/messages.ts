import { z } from 'zod';
import type { CameraOptions } from '../camera/camera.ts';
import type { CameraState } from '../camera/types.ts';
import { ERRORS, type ErrorCode, LOG_LEVELS, type LogLevel } from '../common/index.ts';
import { type VisionConfig, VisionSchema } from '../config/index.ts';
import {
  EMBEDDING_DIMENSIONS,
  type ModelRef,
  QUALITY_GATES,
  type Sighting,
  type Stage,
  type TrackEnd,
} from './types.ts';

/**
 * What the gate process and a vision process say to one another. A vision process decodes video that anybody
 * before the camera, or on its network, can shape; therefore the gate believes nothing of it without looking.
 */

/** The recognition area in parts of the picture, 0..1. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Everything a vision process needs; it comes in the first message, so that no password is in argv or environment. */
export interface VisionSettings {
  readonly camera: CameraOptions;
  readonly area: Area;
  readonly vision: VisionConfig;
  readonly logLevel: LogLevel;
}

/** Gate process to vision process. */
export type ToVision =
  | { readonly type: 'start'; readonly settings: VisionSettings }
  /** The track needs no recognition before `until` (monotonic ms). */
  | { readonly type: 'settle'; readonly track: string; readonly until: number }
  | { readonly type: 'resume'; readonly track: string }
  | { readonly type: 'stop' };

/** Time of a step since the heartbeat before, ms; `frame` is a frame from detection to the last sighting. */
export interface StepTime {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}
export type TimedStep = Stage | 'frame';

/** Sign of life of a vision process, told every second. Counters run from the start of the process. */
export interface Heartbeat {
  /** Frames decoded, and those of them nobody looked at because a newer one had come. */
  readonly received: number;
  readonly dropped: number;
  /** Frames looked at. */
  readonly frames: number;
  /** Frames looked at a second, since the heartbeat before. */
  readonly fps: number;
  /** How long the frame now in work has been in work, ms; 0 when none is. */
  readonly busyMs: number;
  readonly steps: Readonly<Partial<Record<TimedStep, StepTime>>>;
  readonly rssBytes: number;
  /** Longest time the event loop was held up since the heartbeat before, ms. */
  readonly loopDelayMs: number;
  /** Sightings not told because the gate process did not take them. */
  readonly untold: number;
}

/** Vision process to gate process. */
export type FromVision =
  | { readonly type: 'ready'; readonly models: Readonly<Record<string, ModelRef>> }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'camera'; readonly state: CameraState }
  | { readonly type: 'sighting'; readonly sighting: Sighting }
  | { readonly type: 'trackEnd'; readonly end: TrackEnd }
  | { readonly type: 'heartbeat'; readonly heartbeat: Heartbeat };

const MAX_TEXT = 2000;
/** An analyser's crop is at most 480x600; at JPEG quality 90 even noise stays below this. */
const MAX_CROP_BYTES = 1 << 20;
const NORM_TOLERANCE = 1e-3;

const text = z.string().max(MAX_TEXT);
const name = z.string().min(1).max(100);
const finite = z.number();
const count = z.number().int().min(0);
const notNegative = z.number().min(0);
const fraction = z.number().min(0).max(1);
const errorCode = z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(ERRORS, value));
const STAGES = ['detect', 'landmarks', 'quality', 'liveness', 'embedding', 'crop'] as const satisfies Stage[];
const modelRef = z.strictObject({ id: name, version: name });

const settings = z.strictObject({
  camera: z.strictObject({
    id: name,
    source: z.string().min(1),
    username: z.string().optional(),
    password: z.string().optional(),
    stallMs: notNegative,
    connectTimeoutMs: notNegative,
    fps: z.number().positive(),
    loop: z.boolean(),
    reader: z.enum(['auto', 'ffmpeg']).optional(),
  }),
  area: z.strictObject({ left: fraction, top: fraction, right: fraction, bottom: fraction }),
  vision: VisionSchema,
  logLevel: z.enum(LOG_LEVELS),
});

const toVision = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), settings }),
  z.strictObject({ type: z.literal('settle'), track: name, until: finite }),
  z.strictObject({ type: z.literal('resume'), track: name }),
  z.strictObject({ type: z.literal('stop') }),
]);

const embedding = z
  .instanceof(Float32Array)
  .refine((vector) => vector.length === EMBEDDING_DIMENSIONS, `must hold ${EMBEDDING_DIMENSIONS} numbers`)
  // A NaN anywhere makes the norm NaN, which no comparison passes.
  .refine((vector) => Math.abs(norm(vector) - 1) <= NORM_TOLERANCE, 'must have the norm 1');

const crop = z
  .instanceof(Uint8Array)
  .refine((bytes) => bytes.length <= MAX_CROP_BYTES, `must not be larger than ${MAX_CROP_BYTES} bytes`)
  .refine((bytes) => bytes[0] === 0xff && bytes[1] === 0xd8, 'must be a JPEG');

const sighting = z
  .strictObject({
    camera: name,
    track: name,
    frame: z.strictObject({
      seq: count,
      capturedAt: finite,
      width: z.number().int().positive(),
      height: z.number().int().positive(),
    }),
    box: z.strictObject({
      x: finite,
      y: finite,
      width: z.number().positive(),
      height: z.number().positive(),
    }),
    quality: z.strictObject({
      eyeDistance: notNegative,
      margin: finite,
      yaw: finite,
      pitch: finite,
      roll: finite,
      sharpness: notNegative,
      brightness: fraction,
      contrast: fraction,
      score: fraction,
      failed: z.array(z.enum(QUALITY_GATES)).max(QUALITY_GATES.length),
    }),
    liveness: z.strictObject({ score: fraction, model: modelRef }).nullable(),
    embedding: z.strictObject({ vector: embedding, model: modelRef }).nullable(),
    crop: crop.nullable(),
    timings: z.partialRecord(z.enum(STAGES), notNegative),
    facesInView: count,
  })
  .refine(
    ({ liveness, embedding }) => (liveness === null) === (embedding === null),
    'liveness and embedding must be of the same frame',
  )
  .refine(
    ({ embedding, quality }) => embedding === null || quality.failed.length === 0,
    'nothing is recognised below the quality gate',
  );

const cameraState = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('connecting'), attempt: count }),
  z.strictObject({ state: z.literal('streaming'), width: count, height: count }),
  z.strictObject({ state: z.literal('down'), code: errorCode, message: text, retryInMs: notNegative }),
  z.strictObject({ state: z.literal('stopped') }),
]);

const stepTime = z.strictObject({ count, p50: notNegative, p99: notNegative });

const heartbeat = z.strictObject({
  received: count,
  dropped: count,
  frames: count,
  fps: notNegative,
  busyMs: notNegative,
  steps: z.partialRecord(z.enum([...STAGES, 'frame']), stepTime),
  rssBytes: count,
  loopDelayMs: notNegative,
  untold: count,
});

const fromVision = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), models: z.record(name, modelRef) }),
  z.strictObject({ type: z.literal('failed'), code: errorCode, message: text }),
  z.strictObject({ type: z.literal('camera'), state: cameraState }),
  z.strictObject({ type: z.literal('sighting'), sighting }),
  z.strictObject({
    type: z.literal('trackEnd'),
    end: z.strictObject({ camera: name, track: name, frames: count, lastSeenAt: finite }),
  }),
  z.strictObject({ type: z.literal('heartbeat'), heartbeat }),
]);

/** A message of the gate process, or why it is none. */
export function parseToVision(message: unknown): ToVision | { readonly problem: string } {
  const parsed = toVision.safeParse(message);
  return parsed.success ? parsed.data : { problem: z.prettifyError(parsed.error) };
}

/**
 * A message of the vision process of `camera`, or why it is none. `now` (monotonic ms): a frame that was captured
 * later would count as fresh for longer than it is.
 */
export function parseFromVision(
  message: unknown,
  camera: string,
  now: number,
): FromVision | { readonly problem: string } {
  const parsed = fromVision.safeParse(message);
  if (!parsed.success) return { problem: z.prettifyError(parsed.error) };
  const { data } = parsed;
  const about = data.type === 'sighting' ? data.sighting : data.type === 'trackEnd' ? data.end : null;
  if (about !== null && about.camera !== camera) return { problem: 'it is about another camera' };
  if (data.type === 'sighting' && data.sighting.frame.capturedAt > now) {
    return { problem: 'the frame was captured in the future' };
  }
  return data;
}

function norm(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
