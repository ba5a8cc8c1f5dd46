import { z } from 'zod';
import type { MaskState, QualityGate } from '../vision/types.ts';

export const GateSchema = z.enum([
  'SIZE',
  'MARGIN',
  'POSE',
  'SHARPNESS',
  'EXPOSURE',
  'NOISE',
] satisfies QualityGate[]);

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
  /** Records made before screens and sheets were looked for have none. */
  enclosure: z.number().default(1),
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

/** What a probe may be like; each has a threshold of its own. */
export const CONDITIONS = ['bare', 'masked', 'dark'] as const;
export type ProbeCondition = (typeof CONDITIONS)[number];

/** What the threshold follows from, and what the best candidate's score is worth. */
export const CalibrationSchema = z.object({
  source: z
    .enum(['model', 'gallery', 'site', 'fixed'])
    .describe(
      'Where the threshold comes from: the network, the people enrolled, `menshen calibrate`, or matchThreshold',
    ),
  fpir: z.number().nullable().describe('What can be borne (`decision.fpir`); null with matchThreshold'),
  references: z.number().int().describe('References the probe was compared with'),
  people: z.number().int().describe('People whose comparisons with one another it rests on'),
  location: z.number().describe('Cosine at which the tail of strangers begins here'),
  condition: z.enum(CONDITIONS).describe('Which of the thresholds was in force'),
  falseMatchRate: z.number().nullable().describe('Comparisons with a stranger that score as high'),
  falsePositiveRate: z.number().nullable().describe('Strangers that score as high with anybody enrolled'),
  logLikelihoodRatio: z
    .number()
    .nullable()
    .describe('Decimal logarithm: 3 is a thousand times likelier for this person than for a stranger'),
});
export type CalibrationRecord = z.infer<typeof CalibrationSchema>;

/** As vision tells them; written out because this room imports its types alone. */
export const MASK_STATES = ['bare', 'worn', 'incorrect'] as const satisfies readonly MaskState[];
