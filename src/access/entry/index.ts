/**
 * Authorisation: may the people who have shown who they are open this door now? What identifies them (a face by
 * src/access, a card, a PIN or a pass by the gate) comes in as presentations; what is granted comes out.
 *
 * `rules.ts` is the ordered list of rules, pure over the plain JSON of `input.ts`, so that every decision can be judged
 * again from its record. `ways.ts` finds out whether what was presented is enough, `anti-passback.ts` whether the person
 * comes from where they must. `desk.ts` keeps what a gate remembers between two decisions. Start at rules.ts;
 * docs/reference/rules.md has every rule with an example.
 */
export { type EntryDecision, EntryDesk, type Moment, type Presentation, type Situation } from './desk.ts';
export {
  type EntryInput,
  EntryInputSchema,
  type EntryRecord,
  EntryRecordSchema,
  type EntryVerdict,
  type Holder,
  type Want,
} from './input.ts';
export { joinEntry } from './join.ts';
export type { Kept, OpenByFirst } from './memory.ts';
export type { Passage } from './passages.ts';
export { type Place, PlaceSchema, Places } from './places.ts';
export { type DoorPolicy, type EntryPolicy, entryPolicy } from './policy.ts';
export { authorise, ENTRY_RULES } from './rules.ts';
