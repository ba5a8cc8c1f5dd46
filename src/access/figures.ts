import { z } from 'zod';
import type { QualityGate } from '../vision/types.ts';

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
  minFrames: z.number(),
  maxFrames: z.number(),
  maxFrameAgeMs: z.number(),
  decideAfterMs: z.number(),
  minConsistency: z.number(),
  maxAttempts: z.number(),
});
export type Thresholds = z.infer<typeof ThresholdsSchema>;
