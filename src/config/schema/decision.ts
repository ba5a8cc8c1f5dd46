import { z } from 'zod';
import { ActionLivenessSchema } from './action-liveness.ts';
import { fraction, milliseconds } from './common.ts';
import { EscalationSchema } from './escalation.ts';

/** No threshold that follows from an FPIR is lower. */
const LOWEST_MATCH = 0.3;

export const DecisionSchema = z
  .strictObject({
    fpir: z
      .number()
      .min(1e-7)
      .max(0.1)
      .default(0.001)
      .describe(
        'False positive identification rate that can be borne: 0.001 is one stranger let pass in 1,000 attempts. The match threshold follows from it, the people enrolled and the light; see [accuracy](../explanation/calibration.md)',
      ),
    matchThreshold: z
      .number()
      .min(LOWEST_MATCH)
      .max(1)
      .optional()
      .describe(
        'For experts: cosine of the best candidate at least, in place of what follows from fpir, whatever the size of the gallery',
      ),
    unsureBelowThreshold: fraction
      .default(0.08)
      .describe('Width of the band below the match threshold that counts as unsure'),
    maskMargin: fraction
      .default(0.05)
      .describe(
        'Only with matchThreshold: with a mask worn, or worn wrong, a score less than this above it counts as unsure',
      ),
    margin: fraction.default(0.05).describe('Lead of the best candidate over the runner-up at least'),
    livenessThreshold: z.number().min(0.5).max(1).default(0.7).describe('Fused liveness score at least'),
    livenessUnsure: z
      .number()
      .min(0.1)
      .max(1)
      .default(0.4)
      .describe(
        'Fused liveness below the threshold but at least this counts as unsure; below it as an attack',
      ),
    livenessFloor: z
      .number()
      .min(0.05)
      .max(1)
      .default(0.2)
      .describe('No single frame that counts may be below this'),
    livenessTrack: fraction
      .default(0.5)
      .describe(
        'Mean liveness over the newest 20 frames of a face at least, those of its earlier attempts as well: what looked like an attack does not pass by one good moment',
      ),
    enclosureThreshold: z
      .number()
      .min(0.4)
      .max(1)
      .default(0.7)
      .describe(
        'Straight edges that enclose the face as those of a screen or a sheet of paper do: from this part of their rectangle on, a frame counts as framed; one leaves the face unsure, two are an attack. 1 is as good as off',
      ),
    minFrames: z.number().int().min(2).max(20).default(3).describe('Frames of evidence needed for a grant'),
    maxFrames: z
      .number()
      .int()
      .min(2)
      .max(20)
      .default(5)
      .describe(
        'Frames of evidence kept and fused; with this many, or after decideAfterMs, a verdict is given',
      ),
    decideAfterMs: milliseconds(1200, 100, 10_000).describe(
      'Time from the first evidence after which a face not granted is denied',
    ),
    livenessWaitMs: milliseconds(1800, 100, 10_000).describe(
      'A face whose liveness is unsure is watched for this long, by its newest frames, before it is denied; where there is a cloud, it is asked instead',
    ),
    evidenceAgeMs: milliseconds(2500, 200, 10_000).describe('Evidence older than this is forgotten'),
    maxFrameAgeMs: milliseconds(800, 50, 5000).describe(
      'As many of the newest frames as a grant needs may be this old when the door opens',
    ),
    minConsistency: z
      .number()
      .min(0.15)
      .max(1)
      .default(0.3)
      .describe('Cosine between the embeddings of one track at least; below it the evidence is thrown away'),
    recognitionIntervalMs: milliseconds(4000, 0, 3_600_000).describe(
      'After a grant the same person is left alone for this long',
    ),
    regrant: z
      .boolean()
      .default(false)
      .describe(
        'Open again for a face that stays in view, each time the recognition interval has passed; otherwise it must leave the view first',
      ),
    authenticationIntervalMs: milliseconds(0, 0, 86_400_000).describe(
      'A person granted is denied when coming again sooner than this; 0 is off',
    ),
    retryAfterMs: milliseconds(1500, 250, 60_000).describe(
      'After a denial the same track may try again after this time',
    ),
    maxAttempts: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe('Failed attempts of one track before it is locked out'),
    lockout: z
      .strictObject({
        failures: z
          .number()
          .int()
          .min(1)
          .max(1000)
          .default(5)
          .describe(
            'Attacks and unsure attempts on one identity, at one door and within windowMs, that lock it out',
          ),
        scope: z
          .enum(['person', 'place'])
          .default('person')
          .describe(
            'Whom a lock-out stops: the identity that was tried, or everybody at this door (then anybody with a picture can close it)',
          ),
        windowMs: milliseconds(60_000, 1000, 3_600_000).describe('Span over which failures are counted'),
        durationMs: milliseconds(30_000, 1000, 3_600_000).describe(
          'How long the identity, or the place, stays locked out',
        ),
      })
      .prefault({})
      .describe('Lock-out after many failed attempts'),
    escalation: EscalationSchema,
    actionLiveness: ActionLivenessSchema,
  })
  .refine((decision) => decision.livenessUnsure <= decision.livenessThreshold, {
    message: 'livenessUnsure must not be above livenessThreshold',
    path: ['livenessUnsure'],
  })
  .refine((decision) => decision.livenessFloor <= decision.livenessThreshold, {
    message: 'livenessFloor must not be above livenessThreshold',
    path: ['livenessFloor'],
  })
  .refine((decision) => decision.unsureBelowThreshold < (decision.matchThreshold ?? LOWEST_MATCH), {
    message: 'unsureBelowThreshold must be below matchThreshold',
    path: ['unsureBelowThreshold'],
  })
  .refine((decision) => decision.minFrames <= decision.maxFrames, {
    message: 'minFrames must not be above maxFrames',
    path: ['minFrames'],
  })
  .describe('When a face opens the door');
export type DecisionConfig = z.infer<typeof DecisionSchema>;
