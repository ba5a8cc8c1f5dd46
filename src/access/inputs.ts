import { z } from 'zod';
import { CandidateSchema, GateSchema, MASK_STATES, ThresholdsSchema } from './figures.ts';
import { ActionSchema, FiguresSchema, OutcomeSchema } from './record-action.ts';
import type { Case } from './types.ts';

const EscalationSchema = z.object({
  reasons: z.array(z.enum(['score', 'margin', 'mask', 'liveness'])),
  scoreBand: z.number(),
  marginBand: z.number(),
  livenessBand: z.number(),
  compareThreshold: z.number(),
  compareLead: z.number(),
  pictureConsistency: z.number(),
  deadlineMs: z.number(),
  withoutAnswer: z.enum(['deny', 'lockOut']),
});

const CloudEvidenceSchema = z.object({
  personId: z.string(),
  runnerUpId: z.string().nullable(),
  liveness: z.enum(['live', 'attack', 'unclear']).nullable(),
  score: z.number().nullable(),
  runnerUpScore: z.number().nullable(),
  consistency: z.number().nullable(),
});

const ActionCaseSchema = z.object({
  why: z.string(),
  policy: z.object({
    minLiveness: z.number(),
    sureLiveness: z.number(),
    cloud: z.enum(['never', 'whenUnsure', 'always']),
  }),
  asked: ActionSchema.nullable(),
  personId: z.string().nullable(),
  report: z
    .object({
      result: z.object({ outcome: OutcomeSchema, liveness: FiguresSchema }).nullable(),
      cloud: z
        .object({
          live: z.boolean().nullable(),
          detected: z.boolean().nullable(),
          code: z.string().nullable(),
        })
        .nullable(),
      failure: z.string().nullable(),
    })
    .nullable(),
});

/** A `Case` as it is recorded. */
const CaseSchema = z.object({
  agesMs: z.array(z.number()),
  liveness: z.number().nullable(),
  livenessLowest: z.number().nullable(),
  /** Records made before it was looked at have none. */
  livenessTrack: z.number().nullable().default(null),
  /** Records made before screens and sheets were looked for have none. */
  enclosures: z.array(z.number()).default([]),
  mask: z
    .object({ state: z.enum(MASK_STATES), score: z.number() })
    .nullable()
    .default(null),
  best: CandidateSchema.nullable(),
  second: CandidateSchema.nullable(),
  third: CandidateSchema.nullable(),
  consistency: z.number().nullable(),
  frameScores: z.array(z.number()),
  due: z.boolean(),
  ended: z.boolean(),
  lockedOut: z.boolean(),
  trackLockedOut: z.boolean(),
  /** Records made before streams were doubted have none. */
  distrusted: z.string().nullable().default(null),
  authenticatedAgoMs: z.number().nullable(),
  thresholds: ThresholdsSchema,
  escalation: EscalationSchema.nullable(),
  cloud: CloudEvidenceSchema.nullable(),
  action: ActionCaseSchema.nullable(),
});
export type RecordedCase = z.infer<typeof CaseSchema>;

/** What came of a grant, where it did not open the door. */
export const CarriedOutSchema = z.object({
  frame: z
    .object({ ageMs: z.number(), maxAgeMs: z.number() })
    .nullable()
    .describe('The newest frame when the record was written; null without a face'),
  passKept: z.boolean().describe('That a pass is used was on disk in time; true without a pass'),
  door: z.string().nullable().describe('What the door answered; null when it was not asked'),
});
export type CarriedOut = z.infer<typeof CarriedOutSchema>;

/** What the rules of a face judged, so that they can judge it again. */
export const FaceInputsSchema = z.object({
  rules: z.number().int().describe('Version of the rules'),
  case: CaseSchema,
  failedGate: GateSchema.nullable().describe('The quality gate that the face never passed'),
});

/** A case as the record keeps it: what the rules look at, and nothing more. */
export function recordedCase(c: Case): RecordedCase {
  return CaseSchema.parse(c);
}
