import { z } from 'zod';
import type { MaskState, QualityGate } from '../vision/types.ts';

export const GateSchema = z.enum(['SIZE', 'MARGIN', 'POSE', 'SHARPNESS', 'EXPOSURE'] satisfies QualityGate[]);

export const CandidateSchema = z.object({
  personId: z.string(),
  name: z.string(),
  referenceId: z.string(),
  score: z.number().describe('Cosine of the fused probe and this person’s best reference'),
});

/** The policy values a decision was made with; enough, with the figures of the record, to judge it again. */
export const ThresholdsSchema = z.object({
  match: z.number(),
  unsureBelowMatch: z.number(),
  margin: z.number(),
  liveness: z.number(),
  livenessUnsure: z.number(),
  livenessFloor: z.number(),
  /** Records made before it was looked at have none. */
  livenessTrack: z.number().default(0),
  minFrames: z.number(),
  maxFrames: z.number(),
  maxFrameAgeMs: z.number(),
  decideAfterMs: z.number(),
  minConsistency: z.number(),
  /** Records made before masks were told apart have none. */
  maskMargin: z.number().default(0),
  maxAttempts: z.number(),
});
export type Thresholds = z.infer<typeof ThresholdsSchema>;

/** As vision tells them; written out because this room imports its types alone. */
export const MASK_STATES = ['bare', 'worn', 'incorrect'] as const satisfies readonly MaskState[];
