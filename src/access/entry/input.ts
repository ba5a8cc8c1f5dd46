import { z } from 'zod';
import { REASONS, type Reason } from '../reasons.ts';

const ReasonSchema = z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]);
const KindSchema = z.enum(['face', 'card', 'pin', 'qr']);
const DirectionSchema = z.enum(['in', 'out']);

/** Somebody whose credential was read, and what is known of them that the rules ask about. */
const HolderSchema = z.object({
  id: z.string(),
  name: z.string(),
  groups: z.array(z.string()),
  validFrom: z.string().nullable(),
  validUntil: z.string().nullable(),
  antiPassbackExempt: z.boolean(),
  extendedTime: z.boolean(),
});
export type Holder = z.infer<typeof HolderSchema>;

const PresentedSchema = z.object({
  kind: KindSchema,
  person: HolderSchema.nullable().describe('Whose it is; null when it is nobody’s'),
  fault: ReasonSchema.nullable().describe(
    'Why it cannot be used, found when it was looked up; null when it can',
  ),
  duress: z.boolean().describe('A duress PIN'),
  mask: z.enum(['bare', 'worn', 'incorrect']).nullable().describe('Of a face; null when it is not known'),
});

const HeldSchema = z.object({
  kind: KindSchema,
  person: HolderSchema,
  duress: z.boolean(),
  agoMs: z.number().describe('Time since it was presented'),
});

const WaySchema = z.object({
  by: z.array(z.array(KindSchema)).describe('Alternatives; of each, all are needed of one person'),
  when: z.string(),
  direction: z.enum(['in', 'out', 'both']),
  groups: z.array(z.string()),
  together: z.array(z.array(z.string())).nullable().describe('Groups of each of several people'),
  withinMs: z.number(),
});
export type Way = z.infer<typeof WaySchema>;

const ZoneSchema = z.object({
  id: z.string(),
  antiPassback: z.object({ mode: z.enum(['hard', 'soft', 'timed']), forMs: z.number() }).nullable(),
  maxPeople: z.number().nullable(),
  people: z.number().describe('People in it, as far as is known'),
});
export type ZoneState = z.infer<typeof ZoneSchema>;

/**
 * All that the rules of entry look at: plain JSON, kept with the decision, so that it can be judged again. Times are
 * spans up to the moment of the decision; schedules are as they stood then.
 */
export const EntryInputSchema = z.object({
  rules: z.number().int().describe('Version of the rules'),
  at: z.iso.datetime().describe('When it was presented'),
  door: z.string(),
  direction: DirectionSchema,
  presented: PresentedSchema,
  held: z.array(HeldSchema).describe('Presented at this door before and not used yet, oldest first'),
  expired: z.boolean().describe('The time for what else was wanted is over'),
  ways: z.array(WaySchema),
  mask: z.enum(['must', 'remind', 'ignore']),
  schedules: z.record(z.string(), z.boolean()).describe('Whether the schedules that the ways name hold'),
  remainsLocked: z.boolean(),
  lockedOut: z.boolean().describe('Cards and PINs are locked out, of this person or at this door'),
  lockdown: z
    .object({ exempt: z.array(z.string()) })
    .nullable()
    .describe('Ids of people and names of groups that a lockdown lets in; null without a lockdown'),
  interlock: z.string().nullable().describe('Another door of the interlock that is not locked and closed'),
  laneBusy: z.boolean().describe('Somebody is passing the turnstile'),
  entering: ZoneSchema.nullable().describe('The zone that this direction leads to'),
  leaving: ZoneSchema.nullable().describe('The zone that it leads out of'),
  last: z
    .object({ zone: z.string(), agoMs: z.number() })
    .nullable()
    .describe('Where the person was last, and since when'),
  enteredAgoMs: z.number().nullable().describe('Time since the person last entered the zone'),
  alone: z.boolean().describe('Other gates of the site cannot be heard, and the zone is to be soft then'),
});
export type EntryInput = z.infer<typeof EntryInputSchema>;

/** What can be wanted besides: a further credential of this person, or another person. */
export const WANTS = ['face', 'card', 'pin', 'qr', 'person'] as const;
export type Want = (typeof WANTS)[number];

/** What the rules of entry say. */
export const EntryVerdictSchema = z.object({
  verdict: z.enum(['grant', 'deny', 'wait']),
  reason: ReasonSchema,
  rule: z.string(),
  detail: z.string(),
  people: z.array(z.string()).describe('Ids of those who are let in'),
  wants: z.array(z.enum(WANTS)).describe('What is wanted besides'),
  duress: z.boolean(),
  extended: z.boolean().describe('Somebody needs more time to pass'),
  remind: z.boolean().describe('To be reminded to wear a mask'),
  violation: z.string().nullable().describe('What soft anti-passback noted'),
});
export type EntryVerdict = z.infer<typeof EntryVerdictSchema>;

/** The `entry` section of a decision record. */
export const EntryRecordSchema = z.object({ input: EntryInputSchema, verdict: EntryVerdictSchema });
export type EntryRecord = z.infer<typeof EntryRecordSchema>;
