import { z } from 'zod';
import { EntryRecordSchema } from './entry/input.ts';
import { CalibrationSchema, CandidateSchema, GateSchema, MASK_STATES, ThresholdsSchema } from './figures.ts';
import { CarriedOutSchema, FaceInputsSchema } from './inputs.ts';
import { REASONS, type Reason } from './reasons.ts';
import { ActionRecordSchema } from './record-action.ts';

const ReasonSchema = z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]);

/** As `QualityReport` of vision has it. */
export const QualitySchema = z.object({
  eyeDistance: z.number(),
  margin: z.number(),
  yaw: z.number(),
  pitch: z.number(),
  roll: z.number(),
  sharpness: z.number(),
  brightness: z.number(),
  contrast: z.number(),
  noise: z.number().nullable().default(null).describe('Of the colours; null in records of older versions'),
  score: z.number(),
  failed: z.array(GateSchema),
});

const ModelRefSchema = z.object({ id: z.string(), version: z.string() });

/** The quality gate's limits in force (`vision.quality` of the configuration), for the reader of the record. */
const QualityLimitsSchema = z.object({
  minEyeDistance: z.number(),
  minMargin: z.number(),
  maxYaw: z.number(),
  maxPitch: z.number(),
  maxRoll: z.number(),
  minSharpness: z.number(),
  minBrightness: z.number(),
  maxBrightness: z.number(),
  minContrast: z.number(),
  maxNoise: z.number().nullable().default(null).describe('Null in records of older versions'),
});

const CallSchema = z.object({
  ms: z.number().describe('Time the call took'),
  requestId: z.string().nullable().describe('Request id, for the operator of the service'),
  code: z
    .string()
    .nullable()
    .describe('Why there is no answer: a code of cloud-errors.md; null with an answer'),
});
const LivenessCallSchema = CallSchema.extend({
  verdict: z.enum(['live', 'attack', 'unclear']).nullable(),
});
const CompareCallSchema = CallSchema.extend({
  score: z.number().nullable().describe("The cloud's confidence that both are one person, 0..1"),
});

/** What came of a question to the cloud; what was not called is null. */
export interface CloudReport {
  /** `frame.seq` of the picture asked about; null when none was sent. */
  readonly seq: number | null;
  /** Why nothing was sent; null when something was. */
  readonly failure: string | null;
  readonly liveness: z.infer<typeof LivenessCallSchema> | null;
  readonly compare: z.infer<typeof CompareCallSchema> | null;
  readonly runnerUp: z.infer<typeof CompareCallSchema> | null;
}

const CloudRecordSchema = z.object({
  asked: z.boolean().describe('A picture was sent, or was about to be'),
  why: z.string(),
  inquiry: z
    .object({
      reasons: z.array(z.string()).describe('What was in doubt'),
      picture: z
        .object({
          seq: z.number().describe('Frame whose picture was asked about'),
          ageMs: z.number().describe('Its age when the decision was made'),
          consistency: z.number().nullable().describe('Lowest cosine of a frame fused with it'),
        })
        .nullable(),
      liveness: LivenessCallSchema.nullable().describe('Silent liveness of that picture'),
      compare: CompareCallSchema.nullable().describe('That picture and the stored one of the best candidate'),
      runnerUp: CompareCallSchema.nullable().describe('That picture and the stored one of the runner-up'),
      ms: z.number().describe('Time from the question to the answer, or to the decision without one'),
      rule: z.string().describe('The rule that joined the answer with the evidence of the device'),
      thresholds: z.object({
        compare: z.number(),
        compareLead: z.number(),
        pictureConsistency: z.number(),
        scoreBand: z.number(),
        marginBand: z.number(),
        livenessBand: z.number(),
        deadlineMs: z.number(),
      }),
    })
    .nullish()
    .describe('The question of this attempt and its answers; none when nothing was asked'),
});
export type CloudRecord = z.infer<typeof CloudRecordSchema>;

/**
 * Everything that led to a decision. It is the `data` of `access.granted` and `access.denied` events, and what
 * `menshen events explain` prints. Candidates below the threshold stay in here: they are evidence, no identity.
 */
export const DecisionRecordSchema = z.object({
  decision: z.uuid(),
  door: z.string(),
  camera: z.string(),
  track: z.string(),
  outcome: z
    .enum(['grant', 'deny', 'wait'])
    .describe('What the door was told; with wait nothing, since more is wanted'),
  verdict: z.enum(['grant', 'deny', 'unsure', 'wait']).describe('What the rules found; unsure is denied'),
  reason: ReasonSchema,
  rule: z.string().describe('Name of the rule that decided'),
  detail: z.string().describe('The rule’s figures in one sentence'),
  person: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .describe('Who was recognised; null unless the face was known for certain'),
  attempt: z
    .number()
    .int()
    .describe(
      'Which attempt of this track this was, from 1; a denial that uses up none has the number before',
    ),
  frames: z
    .array(
      z.object({
        seq: z.number(),
        ageMs: z.number().describe('Age of the frame when the decision was made'),
        liveness: z.number().nullable(),
        score: z.number().nullable().describe('Cosine of this frame by itself with the best candidate'),
        enclosure: z
          .number()
          .nullable()
          .default(null)
          .describe('How much of a rectangle around the face is straight edge, as of a screen or a sheet'),
        quality: QualitySchema,
      }),
    )
    .describe('The frames fused, oldest first; liveness and match come from these and no others'),
  frameSize: z.object({ width: z.number(), height: z.number() }),
  box: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  liveness: z.object({ fused: z.number(), lowest: z.number() }).nullable(),
  candidates: z.object({
    best: CandidateSchema.nullable(),
    second: CandidateSchema.nullable(),
    lead: z.number().nullable().describe('Score of the best less score of the second'),
  }),
  calibration: CalibrationSchema.nullable()
    .default(null)
    .describe(
      'What the match threshold follows from, and what the score is worth; null in records of older versions',
    ),
  consistency: z.number().nullable().describe('Lowest cosine of a frame with the fusion of those before it'),
  mask: z
    .object({ state: z.enum(MASK_STATES), score: z.number().describe('Mean probability of that state') })
    .nullable()
    .describe('What most of the frames show over mouth and nose; null where it was not looked for'),
  cloud: CloudRecordSchema,
  action: ActionRecordSchema.nullish().describe('The action demanded in this attempt; none where none was'),
  thresholds: ThresholdsSchema,
  qualityLimits: QualityLimitsSchema,
  timings: z.record(z.string(), z.number()).describe('Milliseconds spent in each step'),
  versions: z.object({ software: z.string(), config: z.string(), models: z.array(ModelRefSchema) }),
  entry: EntryRecordSchema.nullable()
    .default(null)
    .describe('What the rules of entry made of somebody who was recognised; null of everybody else'),
  inputs: FaceInputsSchema.nullable()
    .default(null)
    .describe('What the rules of a face judged; null in records of older versions'),
  carriedOut: CarriedOutSchema.nullable().default(null).describe('Of a grant that did not open the door'),
});
export type DecisionRecord = z.infer<typeof DecisionRecordSchema>;

/**
 * Everything that led to a decision about a card, a PIN or a pass; `data` of the same events. The credential itself
 * is in no record.
 */
export const CredentialRecordSchema = z.object({
  decision: z.uuid(),
  door: z.string(),
  reader: z
    .string()
    .nullable()
    .describe('Reader, or the camera that saw the code; null where a wait came to its end'),
  kind: z.enum(['face', 'card', 'pin', 'qr']),
  shown: z.string().nullable().describe('The last digits of a card number'),
  outcome: z.enum(['grant', 'deny', 'wait']),
  verdict: z.enum(['grant', 'deny', 'wait']),
  reason: ReasonSchema,
  rule: z.string(),
  detail: z.string(),
  person: z.object({ id: z.string(), name: z.string() }).nullable().describe('Whose credential it is'),
  entry: EntryRecordSchema,
  carriedOut: CarriedOutSchema.nullable().default(null).describe('Of a grant that did not open the door'),
  versions: z.object({ software: z.string(), config: z.string() }),
});
export type CredentialRecord = z.infer<typeof CredentialRecordSchema>;

const ScoreSchema = z.object({ score: z.number() });

/** The record as it leaves the device over MQTT: of those merely considered, only the scores. */
export const PublicDecisionRecordSchema = DecisionRecordSchema.omit({ inputs: true }).extend({
  candidates: z.object({
    best: ScoreSchema.nullable(),
    second: ScoreSchema.nullable(),
    lead: z.number().nullable(),
  }),
  entry: EntryRecordSchema.omit({ input: true }).nullable().default(null),
});
export type PublicDecisionRecord = z.infer<typeof PublicDecisionRecordSchema>;

/** The same of a card, a PIN or a pass: of the rules of entry what they found, not what they looked at. */
export const PublicCredentialRecordSchema = CredentialRecordSchema.extend({
  entry: EntryRecordSchema.omit({ input: true }),
});
