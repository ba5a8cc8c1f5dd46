/**
 * The decision: may this face open this door now? Pure rules over the evidence of a track; no I/O and no
 * clock, so that every decision can be judged again from its record.
 *
 * `Access` holds what a door remembers (tracks, attempts, lock-out, who was let in when), `rules.ts` is the
 * ordered list of rules, `reasons.ts` the closed catalogue of reasons.
 */
export { Access, type Comparison, type DecisionContext, type Probe } from './access.ts';
export { Calendar } from './calendar/index.ts';
export { cosine } from './evidence.ts';
export { REASONS, type Reason } from './reasons.ts';
export {
  type DecisionRecord,
  DecisionRecordSchema,
  type PublicDecisionRecord,
  PublicDecisionRecordSchema,
} from './record.ts';
export { judge } from './rules.ts';
export type { Case, Decision, Evidence, Verdict } from './types.ts';
