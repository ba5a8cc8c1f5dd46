/**
 * The gate's memory: every decision, door change and alarm as a numbered, append-only event in SQLite, on disk
 * before anything else is told of it. The outbox lives here too: an event leaves it only when the broker has
 * acknowledged it. Each record is linked to the one before it by a hash, and the chain signed by the device (chain.ts,
 * verify.ts). What each type of event holds is a schema (data.ts, another face: the gate needs its types alone).
 * Pictures are kept beside their events, encrypted. `Journal` is for the gate process, the only writer;
 * `JournalReader` is for everybody else.
 */
export type { EventData } from './data.ts';
export { type DiskFault, diskFaultOf } from './faults.ts';
export { Journal, type JournalOptions } from './journal.ts';
export { JournalReader } from './reader.ts';
export type { Pruned } from './retention.ts';
export { JournalEventSchema } from './schema.ts';
export {
  EVENT_TYPES,
  type EventInput,
  type EventType,
  type JournalEntry,
  type JournalEvent,
  type Range,
  type Retention,
} from './types.ts';
export type { Finding, FindingKind, Verification } from './verify.ts';
