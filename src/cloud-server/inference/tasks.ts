import { z } from 'zod';
import { EMBEDDING_DIMENSIONS } from '../../vision/types.ts';

/**
 * What the server asks of an inference process, and what that may answer. The process decodes pictures and clips
 * that anybody with a key can send, so the server believes no answer without looking.
 */

/** Why a picture or clip cannot be judged; the server puts it into the codes of the service that was called. */
export const REFUSALS = [
  // Pictures
  'FORMAT',
  'UNREADABLE',
  'SIDES',
  // Clips
  'CONTAINER',
  'SECONDS',
  'RATE',
  'DAMAGED',
  'NO_FACE',
  'DARK',
  'BRIGHT',
  'BLURRED',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export type Task =
  | {
      readonly kind: 'detect';
      readonly picture: Uint8Array;
      readonly minScore: number;
      readonly angles: boolean;
    }
  | { readonly kind: 'attributes'; readonly picture: Uint8Array }
  | { readonly kind: 'compare'; readonly first: Uint8Array; readonly second: Uint8Array }
  | { readonly kind: 'silentLiveness'; readonly picture: Uint8Array }
  /** `jpegOnly`: as 6.3.5 demands it of callers. */
  | { readonly kind: 'portrait'; readonly picture: Uint8Array; readonly jpegOnly: boolean }
  | { readonly kind: 'actionLiveness'; readonly clip: Uint8Array };
export type TaskKind = Task['kind'];

const finite = z.number();
const box = z.object({ x: finite, y: finite, width: z.number().positive(), height: z.number().positive() });
const point = z.object({ x: finite, y: finite });
const five = z.tuple([point, point, point, point, point]).readonly();
const fraction = z.number().min(0).max(1);
const place = z.object({ box, landmarks: five });
/** The detector has 4,420 anchors; after suppression no picture holds more faces than this. */
const MAX_FACES = 2000;

const detected = z.object({
  faces: z
    .array(
      place.extend({
        score: fraction,
        angles: z.object({ pitch: finite, yaw: finite, roll: finite }).nullable(),
      }),
    )
    .max(MAX_FACES),
});
const attributes = z.object({
  faces: z.array(z.object({ box, age: z.number().min(0).max(150), male: fraction })).max(MAX_FACES),
});
const compared = z.object({ score: fraction, first: place.nullable(), second: place.nullable() });
const silent = z.object({
  faces: z.array(z.object({ box, verdict: z.enum(['live', 'attack', 'unclear']) })).max(MAX_FACES),
});
const portrait = z.object({
  face: z
    .object({
      /** Good enough to be compared. */
      good: z.boolean(),
      model: z.object({ id: z.string().min(1).max(100), version: z.string().min(1).max(100) }),
      vector: z.custom<Float32Array>(
        (vector) =>
          vector instanceof Float32Array &&
          vector.length === EMBEDDING_DIMENSIONS &&
          Math.abs(norm(vector) - 1) < 1e-3,
        'is no embedding',
      ),
    })
    .nullable(),
});
const action = z.object({
  live: z.boolean(),
  seen: z.object({
    blink: z.boolean(),
    openMouth: z.boolean(),
    turnLeft: z.boolean(),
    turnRight: z.boolean(),
    nod: z.boolean(),
  }),
});

const SCHEMAS = {
  detect: detected,
  attributes,
  compare: compared,
  silentLiveness: silent,
  portrait,
  actionLiveness: action,
} as const satisfies Record<TaskKind, z.ZodType>;

export type TaskResult<Kind extends TaskKind> = z.output<(typeof SCHEMAS)[Kind]>;
const RESULTS: { readonly [Kind in TaskKind]: z.ZodType<TaskResult<Kind>> } = SCHEMAS;

const refused = z.object({ refusal: z.enum(REFUSALS), picture: z.union([z.literal(0), z.literal(1)]) });
export type Refused = z.output<typeof refused>;

const answer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unfit'), code: z.string().max(100), message: z.string().max(2000) }),
  z.object({ type: z.literal('result'), id: z.int().min(0), value: z.unknown() }),
  z.object({ type: z.literal('refused'), id: z.int().min(0), refused }),
  z.object({ type: z.literal('failed'), id: z.int().min(0), message: z.string().max(2000) }),
]);
export type Answer = z.output<typeof answer>;

/** A message of an inference process, or null when it is none. */
export function parseAnswer(message: unknown): Answer | null {
  const parsed = answer.safeParse(message);
  return parsed.success ? parsed.data : null;
}

/** The value of a result, or null when it is none of this kind. */
export function parseResult<Kind extends TaskKind>(kind: Kind, value: unknown): TaskResult<Kind> | null {
  const parsed = RESULTS[kind].safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Server to process. */
export type Order =
  | { readonly type: 'start'; readonly modelsDir: string; readonly mirroredClips: boolean }
  | { readonly type: 'task'; readonly id: number; readonly task: Task };

function norm(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
