import { z } from 'zod';
import type { ChallengeOutcome, ChallengeResult, ClipFault, HeadAction } from '../vision/client.ts';

export const ActionSchema = z.enum([
  'blink',
  'openMouth',
  'turnLeft',
  'turnRight',
  'nod',
] satisfies HeadAction[]);
export const OutcomeSchema = z.enum([
  ...(['seen', 'notSeen', 'wrongAction'] satisfies ChallengeOutcome[]),
  ...(['faceChanged', 'faceLost', 'unavailable'] satisfies ChallengeOutcome[]),
]);
const FaultSchema = z.enum([
  ...(['ENCODER_MISSING', 'ENCODER_FAILED', 'ENCODER_SLOW'] satisfies ClipFault[]),
  ...(['TOO_SHORT', 'TOO_FEW_FRAMES', 'TOO_LARGE'] satisfies ClipFault[]),
  ...(['LEFT_PICTURE', 'BYSTANDER'] satisfies ClipFault[]),
]);

export const FiguresSchema = z
  .object({ mean: z.number(), lowest: z.number(), frames: z.number() })
  .nullable();
const RangeSchema = z.object({ from: z.number(), to: z.number() }).nullable();

const CloudActionSchema = z.object({
  ms: z.number().describe('Time the call took'),
  requestId: z.string().nullable().describe('Request id, for the operator of the service'),
  code: z
    .string()
    .nullable()
    .describe('Why there is no answer: a code of cloud-errors.md; null with an answer'),
  live: z.boolean().nullable().describe('A living face'),
  detected: z.boolean().nullable().describe('The action asked for'),
});

/** The section of a decision's record about an action that was demanded. */
export const ActionRecordSchema = z.object({
  demanded: z.boolean(),
  why: z.string().describe('What demanded it'),
  asked: ActionSchema.describe('The action picked'),
  result: z
    .object({
      outcome: OutcomeSchema,
      tookMs: z.number(),
      actionAfterMs: z.number().nullable(),
      seen: z.record(ActionSchema, z.boolean()),
      liveness: FiguresSchema,
      likeness: FiguresSchema.describe('Cosine with the face of the track so far'),
      unverifiedMs: z.number().describe('Longest time without an embedding of the same face'),
      samples: z
        .object({
          frames: z.number(),
          yaw: RangeSchema,
          pitch: RangeSchema,
          headPitch: RangeSchema,
          eyeOpening: RangeSchema,
          eyesClosed: RangeSchema,
          mouthOpening: RangeSchema,
        })
        .describe('How far the figures of the frames went'),
    })
    .nullable()
    .describe('What the camera saw; null when nothing was told of it'),
  local: z.enum(['yes', 'no', 'unsure']).nullable().describe('The verdict of the device alone'),
  clip: z
    .union([z.object({ bytes: z.number() }), z.object({ fault: FaultSchema })])
    .nullable()
    .describe('The clip made of it, or why there is none; null when none was wanted'),
  cloud: CloudActionSchema.nullable().describe('The verdict of the cloud; null when it was not asked'),
  failure: z.string().nullable().describe('Why nothing, or no more, was found out'),
  ms: z.number().describe('From the demand to the answer, or to the decision without one'),
  thresholds: z.object({
    minLiveness: z.number(),
    sureLiveness: z.number(),
    timeLimitMs: z.number(),
    cloud: z.enum(['never', 'whenUnsure', 'always']),
  }),
});
export type ActionRecord = z.infer<typeof ActionRecordSchema>;

/** What came of an action, for the rules. */
export interface ActionReport {
  /** Null when the camera told nothing. */
  readonly result: ChallengeResult | null;
  readonly clip: ActionRecord['clip'];
  readonly cloud: ActionRecord['cloud'];
  /** Why nothing, or no more, was found out; null when all went its way. */
  readonly failure: string | null;
}
