import { z } from 'zod';
import { fraction, milliseconds } from './common.ts';

/** What can make a decision unsure in a way that a cloud may settle. */
export const ESCALATION_REASONS = ['score', 'margin', 'mask', 'liveness'] as const;

/** When an unsure decision asks the cloud, and what of its answer is believed. */
export const EscalationSchema = z
  .strictObject({
    reasons: z
      .array(z.enum(ESCALATION_REASONS))
      .max(ESCALATION_REASONS.length)
      .default([...ESCALATION_REASONS])
      .describe(
        'What the cloud is asked about: score (below the match threshold), margin (the runner-up is too near), mask (one is worn, and the score is not above the threshold by maskMargin), liveness (below its threshold); with an empty list it is never asked',
      ),
    scoreBand: fraction
      .default(0.08)
      .describe(
        'The score may be this far below the match threshold; below unsureBelowThreshold nothing is asked',
      ),
    marginBand: fraction.default(0.05).describe('The lead may be this far below margin'),
    livenessBand: fraction
      .default(0.3)
      .describe(
        'Fused liveness may be this far below livenessThreshold; below livenessUnsure nothing is asked',
      ),
    compareThreshold: z
      .number()
      .min(0.5)
      .max(1)
      .default(0.8)
      .describe("The cloud's score for the candidate at least"),
    compareLead: fraction
      .default(0.2)
      .describe(
        "For margin: lead of the cloud's score for the candidate over its score for the runner-up, who must also stay below compareThreshold",
      ),
    pictureConsistency: z
      .number()
      .min(0.3)
      .max(1)
      .default(0.5)
      .describe(
        'Cosine of every frame of evidence, when the answer comes, with the picture asked about, at least',
      ),
    deadlineMs: milliseconds(1500, 200, 10_000).describe(
      'Time for all calls together, and for the picture to come',
    ),
    withoutAnswer: z
      .enum(['deny', 'lockOut'])
      .default('deny')
      .describe(
        'What an unsure face gets when no answer comes: deny is a denial after which it may try again, lockOut one that uses up its attempts; nothing is ever opened',
      ),
  })
  .prefault({})
  .describe('When an unsure decision asks the cloud; needs the section cloud and consent to it');
export type EscalationConfig = z.infer<typeof EscalationSchema>;
