import { z } from 'zod';
import { VisionSchema } from '../../config/index.ts';

const Consent = z.strictObject({
  local: z.boolean(),
  cloud: z.boolean(),
  at: z.string(),
  version: z.string(),
});

const Model = z.strictObject({ id: z.string(), version: z.string() });

/** Where bundling goes on. */
const Place = z.strictObject({ table: z.enum(['people', 'refs']), range: z.int().min(0) });

/** Somebody new, or somebody enrolled who gets more references. */
const Who = z.union([
  z.strictObject({ name: z.string(), consent: Consent, id: z.string().exactOptional() }),
  z.strictObject({ enrolled: z.string(), consent: Consent.exactOptional() }),
]);
export type Who = z.infer<typeof Who>;

/** What is to be done to the people, once. Bytes are base64. */
export const PeopleTaskSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('upsert'),
    id: z.string(),
    name: z.string().exactOptional(),
    consent: Consent.exactOptional(),
    entitlement: z.strictObject({
      groups: z.array(z.string()).exactOptional(),
      cards: z.array(z.string()).exactOptional(),
      validFrom: z.string().nullable().exactOptional(),
      validUntil: z.string().nullable().exactOptional(),
      antiPassbackExempt: z.boolean().exactOptional(),
      extendedTime: z.boolean().exactOptional(),
    }),
  }),
  z.strictObject({ kind: z.literal('remove'), id: z.string() }),
  z.strictObject({
    kind: z.literal('pass'),
    name: z.string(),
    doors: z.array(z.string()),
    groups: z.array(z.string()),
    validFrom: z.string(),
    validUntil: z.string(),
  }),
  // The picture follows the request.
  z.strictObject({
    kind: z.literal('photo'),
    who: Who,
    allowDuplicate: z.boolean(),
    vision: VisionSchema,
  }),
  // Makes templates of photos and changes nobody.
  z.strictObject({ kind: z.literal('look'), jpegs: z.array(z.string()), vision: VisionSchema }),
  // Changes nobody either: the next opening of the gallery is quicker for it.
  z.strictObject({ kind: z.literal('bundle'), limitMs: z.number(), from: Place.exactOptional() }),
  z.strictObject({
    kind: z.literal('face'),
    who: Who,
    allowDuplicate: z.boolean(),
    vision: VisionSchema,
    vector: z.string(),
    model: Model,
    qualityScore: z.number(),
    picture: z.string(),
  }),
]);
export type PeopleTask = z.infer<typeof PeopleTaskSchema>;

/** What the process is told, on the first line of its stdin; the bytes of a photo may follow. */
export const PeopleRequestSchema = z.strictObject({
  dataDir: z.string(),
  /** The gallery's key, where the configuration has one. */
  key: z.string().optional(),
  task: PeopleTaskSchema,
});
export type PeopleRequest = z.infer<typeof PeopleRequestSchema>;

/** What came of it, on its stdout. */
export const PeopleAnswerSchema = z.union([
  z.strictObject({
    ok: z.literal(true),
    id: z.string(),
    created: z.boolean(),
    qualityScore: z.number(),
    /** Of a pass. */
    token: z.string().exactOptional(),
    /** Of bundling: where there is more to be done. */
    next: Place.exactOptional(),
    /** Of photos that were looked at. */
    looked: z
      .array(
        z.union([
          z.strictObject({ vector: z.string(), model: Model, qualityScore: z.number() }),
          z.strictObject({ code: z.string() }),
        ]),
      )
      .exactOptional(),
  }),
  z.strictObject({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type PeopleAnswer = z.infer<typeof PeopleAnswerSchema>;
