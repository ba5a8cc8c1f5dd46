import { z } from 'zod';
import { DECODERS, type StreamDoubt } from '../camera/types.ts';
import { ERRORS, type ErrorCode, LOG_LEVELS } from '../common/index.ts';
import { VisionSchema } from '../config/schema.ts';
import {
  challengeOrder,
  challengeProgress,
  challengeResult,
  clipMissing,
  clipPart,
} from './challenge/schemas.ts';
import type { FromVision, ToVision } from './messages.ts';
import { encodePacket, type Packet } from './packet.ts';
import { EMBEDDING_DIMENSIONS, MASK_STATES, QUALITY_GATES, type Stage } from './types.ts';

const MAX_TEXT = 2000;
const MAX_QR_TEXT = 512;
/** As snapshot.ts makes them, which loads native code and is not for the gate process. */
const MAX_SNAPSHOT_BYTES = 180_000;
/** Of what is wrong with a message. */
const MAX_PROBLEM = 500;
const FROM_THE_FUTURE = 'the frame was captured in the future';
const NORM_TOLERANCE = 1e-3;
const EMBEDDING_BYTES = EMBEDDING_DIMENSIONS * Float32Array.BYTES_PER_ELEMENT;

const text = z.string().max(MAX_TEXT);
const name = z.string().min(1).max(100);
const finite = z.number();
const count = z.number().int().min(0);
const notNegative = z.number().min(0);
const fraction = z.number().min(0).max(1);
const errorCode = z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(ERRORS, value));
const STAGES = [
  'detect',
  'mask',
  'landmarks',
  'quality',
  'liveness',
  'enclosure',
  'embedding',
  'crop',
] as const satisfies Stage[];
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
    decoder: z.enum(['auto', 'software']).optional(),
  }),
  area: z.strictObject({ left: fraction, top: fraction, right: fraction, bottom: fraction }),
  qr: z.strictObject({ maxAgeMs: notNegative }).nullable(),
  vision: VisionSchema,
  actions: z.boolean(),
  logLevel: z.enum(LOG_LEVELS),
});

const toVision = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), settings }),
  z.strictObject({ type: z.literal('look') }),
  z.strictObject({ type: z.literal('settle'), track: name, until: finite }),
  z.strictObject({ type: z.literal('resume'), track: name }),
  z.strictObject({ type: z.literal('challenge'), order: challengeOrder }),
  z.strictObject({ type: z.literal('cancel'), challenge: z.uuid() }),
  z.strictObject({ type: z.literal('picture'), track: name }),
  z.strictObject({ type: z.literal('snapshot'), request: z.uuid() }),
  z.strictObject({ type: z.literal('stop') }),
]);

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
      noise: notNegative,
      score: fraction,
      failed: z.array(z.enum(QUALITY_GATES)).max(QUALITY_GATES.length),
    }),
    mask: z.strictObject({ state: z.enum(MASK_STATES), score: fraction, model: modelRef }).nullable(),
    liveness: z.strictObject({ score: fraction, model: modelRef }).nullable(),
    embedding: z.strictObject({ model: modelRef, by: modelRef.optional() }).nullable(),
    enclosure: fraction.nullable(),
    timings: z.partialRecord(z.enum(STAGES), notNegative),
    facesInView: count,
  })
  .refine(
    ({ liveness, enclosure, embedding }) =>
      (liveness === null) === (embedding === null) && (enclosure === null) === (embedding === null),
    'liveness, enclosure and embedding must be of the same frame',
  )
  .refine(
    ({ embedding, quality }) => embedding === null || quality.failed.length === 0,
    'nothing is recognised below the quality gate',
  );

const crop = z.strictObject({ camera: name, track: name, seq: count, qualityScore: fraction });

const qr = z.strictObject({
  camera: name,
  seq: count,
  capturedAt: finite,
  text: z.string().min(1).max(MAX_QR_TEXT),
});

const snapshot = z.strictObject({
  camera: name,
  request: z.uuid(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});

const cameraState = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('connecting'), attempt: count }),
  z.strictObject({
    state: z.literal('streaming'),
    width: count,
    height: count,
    decoder: z.enum(DECODERS),
  }),
  z.strictObject({ state: z.literal('down'), code: errorCode, message: text, retryInMs: notNegative }),
  z.strictObject({ state: z.literal('stopped') }),
]);

const DOUBTS = ['frozen', 'looped', 'timing', 'sender'] as const satisfies StreamDoubt[];
const integrity = z.strictObject({
  stream: z.strictObject({
    width: count,
    height: count,
    encoder: z.string().max(100).nullable(),
    reader: z.enum(['own', 'ffmpeg']).nullable(),
  }),
  doubts: z.array(z.strictObject({ kind: z.enum(DOUBTS), detail: text })).max(DOUBTS.length),
});

const stepTime = z.strictObject({ count, p50: notNegative, p99: notNegative });

const heartbeat = z.strictObject({
  received: count,
  dropped: count,
  frames: count,
  fps: notNegative,
  busyMs: notNegative,
  steps: z.partialRecord(z.enum([...STAGES, 'frame']), stepTime),
  rssBytes: count,
  untold: count,
});

const fromVision = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), models: z.record(name, modelRef) }),
  z.strictObject({ type: z.literal('failed'), code: errorCode, message: text }),
  z.strictObject({ type: z.literal('camera'), state: cameraState }),
  z.strictObject({ type: z.literal('integrity'), integrity }),
  z.strictObject({ type: z.literal('sighting'), sighting }),
  z.strictObject({ type: z.literal('crop'), crop }),
  z.strictObject({ type: z.literal('snapshot'), snapshot }),
  z.strictObject({
    type: z.literal('trackEnd'),
    end: z.strictObject({ camera: name, track: name, frames: count, lastSeenAt: finite }),
  }),
  z.strictObject({ type: z.literal('progress'), progress: challengeProgress }),
  z.strictObject({ type: z.literal('result'), result: challengeResult }),
  z.strictObject({ type: z.literal('clip'), part: clipPart }),
  z.strictObject({ type: z.literal('noClip'), missing: clipMissing }),
  z.strictObject({ type: z.literal('qr'), qr }),
  z.strictObject({ type: z.literal('heartbeat'), heartbeat }),
]);

type Received = z.infer<typeof fromVision>;

interface Problem {
  readonly problem: string;
}

export function encodeToVision(message: ToVision): Buffer {
  return encodePacket(message);
}

/** Embedding and JPEG travel as they are, behind the rest. Throws RangeError for a JPEG larger than any can be. */
export function encodeFromVision(message: FromVision): Buffer {
  if (message.type === 'sighting') {
    const { embedding, ...sighting } = message.sighting;
    if (embedding === null) return encodePacket(message);
    const { vector, ...about } = embedding;
    return encodePacket({ type: message.type, sighting: { ...sighting, embedding: about } }, bytesOf(vector));
  }
  if (message.type === 'crop') {
    const { jpeg, ...crop } = message.crop;
    return encodePacket({ type: message.type, crop }, jpeg);
  }
  if (message.type === 'snapshot') {
    const { jpeg, ...snapshot } = message.snapshot;
    return encodePacket({ type: message.type, snapshot }, jpeg);
  }
  if (message.type === 'clip') {
    const { bytes, ...part } = message.part;
    return encodePacket({ type: message.type, part }, bytes);
  }
  return encodePacket(message);
}

/** A message of the gate process, or why it is none. */
export function parseToVision({ header }: Packet): ToVision | Problem {
  const parsed = toVision.safeParse(header);
  return parsed.success ? parsed.data : problemOf(z.prettifyError(parsed.error));
}

/**
 * A message of the vision process of `camera`, or why it is none. A vision process decodes video that anybody before
 * the camera, or on its network, can shape; therefore the gate believes nothing of it without looking. `now`
 * (monotonic ms): a frame that was captured later would count as fresh for longer than it is.
 */
export function parseFromVision({ header, body }: Packet, camera: string, now: number): FromVision | Problem {
  const parsed = fromVision.safeParse(header);
  if (!parsed.success) return problemOf(z.prettifyError(parsed.error));
  const about = subjectOf(parsed.data);
  if (about !== null && about !== camera) return problemOf('it is about another camera');
  if (parsed.data.type === 'sighting') return sightingOf(parsed.data.sighting, body, now);
  if (parsed.data.type === 'crop') return cropOf(parsed.data.crop, body);
  if (parsed.data.type === 'snapshot') return snapshotOf(parsed.data.snapshot, body);
  if (parsed.data.type === 'clip') return { type: 'clip', part: { ...parsed.data.part, bytes: body } };
  if (parsed.data.type === 'qr' && parsed.data.qr.capturedAt > now) return problemOf(FROM_THE_FUTURE);
  return body.length === 0 ? parsed.data : problemOf(`${parsed.data.type} with ${body.length} bytes more`);
}

/** The camera that a message is about, where it is about one. */
function subjectOf(message: Received): string | null {
  switch (message.type) {
    case 'sighting':
      return message.sighting.camera;
    case 'crop':
      return message.crop.camera;
    case 'qr':
      return message.qr.camera;
    case 'snapshot':
      return message.snapshot.camera;
    case 'trackEnd':
      return message.end.camera;
    case 'progress':
      return message.progress.camera;
    case 'result':
      return message.result.camera;
    case 'clip':
      return message.part.camera;
    case 'noClip':
      return message.missing.camera;
    default:
      return null;
  }
}

function sightingOf(
  { embedding, ...rest }: z.infer<typeof sighting>,
  body: Uint8Array,
  now: number,
): FromVision | Problem {
  if (rest.frame.capturedAt > now) return problemOf(FROM_THE_FUTURE);
  const bytes = embedding === null ? 0 : EMBEDDING_BYTES;
  if (body.length !== bytes) return problemOf(`the embedding has ${body.length} bytes instead of ${bytes}`);
  if (embedding === null) return { type: 'sighting', sighting: { ...rest, embedding } };
  const vector = vectorOf(body);
  // A NaN anywhere makes the norm NaN, which no comparison passes.
  if (!(Math.abs(norm(vector) - 1) <= NORM_TOLERANCE)) return problemOf('the embedding must have the norm 1');
  return { type: 'sighting', sighting: { ...rest, embedding: { vector, ...embedding } } };
}

function cropOf(about: z.infer<typeof crop>, jpeg: Uint8Array): FromVision | Problem {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return problemOf('the picture is no JPEG');
  return { type: 'crop', crop: { ...about, jpeg } };
}

function snapshotOf(about: z.infer<typeof snapshot>, jpeg: Uint8Array): FromVision | Problem {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return problemOf('the picture is no JPEG');
  if (jpeg.length > MAX_SNAPSHOT_BYTES) return problemOf(`the picture has ${jpeg.length} bytes`);
  return { type: 'snapshot', snapshot: { ...about, jpeg } };
}

function problemOf(problem: string): Problem {
  return { problem: problem.slice(0, MAX_PROBLEM) };
}

/** In the byte order of this machine: both processes run on it. */
function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** A copy, because the bytes of a packet lie anywhere, and numbers do not. */
function vectorOf(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(EMBEDDING_DIMENSIONS);
  bytesOf(vector).set(bytes);
  return vector;
}

function norm(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
