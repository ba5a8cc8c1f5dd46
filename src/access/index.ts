/**
 * The decision: may this face open this door now? Pure rules over the evidence of a track; no I/O and no
 * clock, so that every decision can be judged again from its record.
 *
 * What a track needs to be known before it can be concluded, and only the outside can find out, is an inquiry
 * (inquiry.ts): the gate carries it out while sightings go on, and its answer is evidence like any other.
 *
 * `Access` is the way of a track through all of it: its evidence (track.ts) and what the door remembers (door-memory.ts)
 * become a case (case-of.ts), which the ordered list of rules judges (rules.ts), unless further evidence is awaited
 * (further-evidence.ts). `reasons.ts` is the closed catalogue of reasons.
 */
export { Access } from './access.ts';
export { type ActionInquiry, asksCloud } from './action.ts';
export { Calendar, wallClock } from './calendar/index.ts';
export type { Comparison } from './case-of.ts';
export * from './entry/index.ts';
export { conditionOf, cosine, surelyWorn } from './evidence.ts';
export type { CalibrationRecord, ProbeCondition } from './figures.ts';
export type { CarriedOut } from './inputs.ts';
export type { CloudInquiry, Inquiry } from './inquiry.ts';
export { Lockout } from './lockout.ts';
export { REASONS, type Reason } from './reasons.ts';
export {
  type CloudReport,
  type CredentialRecord,
  CredentialRecordSchema,
  type DecisionRecord,
  DecisionRecordSchema,
  PublicCredentialRecordSchema,
  type PublicDecisionRecord,
  PublicDecisionRecordSchema,
  QualitySchema,
} from './record.ts';
export type { ActionRecord, ActionReport } from './record-action.ts';
export { afterAll, type Outcome, type Replay, replayCredential, replayFace } from './replay.ts';
export { GATE_REASONS, judge } from './rules.ts';
export type { Probe } from './track.ts';
export type {
  ActionPolicy,
  Case,
  CloudEvidence,
  Decision,
  DecisionContext,
  EscalationPolicy,
  Evidence,
  Match,
  Verdict,
} from './types.ts';
