import type { EntryRecord } from './entry/input.ts';
import { joinEntry } from './entry/join.ts';
import { authorise, ENTRY_RULES } from './entry/rules.ts';
import type { CarriedOut } from './inputs.ts';
import type { Reason } from './reasons.ts';
import type { CredentialRecord, DecisionRecord } from './record.ts';
import { FACE_RULES, failedAt, judge } from './rules.ts';

/** What a decision comes to. */
export interface Outcome {
  readonly outcome: 'grant' | 'deny' | 'wait';
  readonly reason: Reason;
  readonly rule: string;
  readonly detail: string;
}

export interface Replay {
  readonly recorded: Outcome;
  readonly replayed: Outcome;
  readonly same: boolean;
  /** The record was made by the rules of this very version. */
  readonly sameRules: boolean;
}

/** What became of a grant that did not open the door; null when it did. */
export function afterAll({ frame, passKept, door }: CarriedOut): Omit<Outcome, 'outcome'> | null {
  if (frame !== null && frame.ageMs > frame.maxAgeMs) {
    const detail = `the newest frame was ${frame.ageMs.toFixed(0)} ms old when the record was written, more than ${frame.maxAgeMs} ms`;
    return { reason: 'STALE_FRAME', rule: 'fresh-or-nothing', detail };
  }
  if (!passKept) {
    return { reason: 'PASS_NOT_RECORDED', rule: 'door', detail: 'the disk did not take it in time' };
  }
  return door === null ? null : { reason: 'DOOR_FAILED', rule: 'door', detail: door };
}

/** Judges a recorded decision about a face again. Null for a record of an older version, which does not hold what was judged. */
export function replayFace(record: DecisionRecord): Replay | null {
  const { inputs, entry } = record;
  if (inputs === null) return null;
  const verdict = inputs.failedGate === null ? judge(inputs.case) : failedAt(inputs.failedGate);
  if (verdict === null) return compared(record, null, inputs.rules === FACE_RULES);
  const identified = {
    ...record,
    ...verdict,
    outcome: verdict.verdict === 'grant' ? 'grant' : 'deny',
  } as const;
  const judged =
    entry === null
      ? identified
      : joinEntry(identified, { input: entry.input, verdict: authorise(entry.input) });
  return compared(record, judged, inputs.rules === FACE_RULES && isOfTheseRules(entry));
}

/** Judges a recorded decision about a card, a PIN or a pass again. */
export function replayCredential(record: CredentialRecord): Replay {
  const verdict = authorise(record.entry.input);
  return compared(record, { ...verdict, outcome: verdict.verdict }, isOfTheseRules(record.entry));
}

function isOfTheseRules(entry: EntryRecord | null): boolean {
  return entry === null || entry.input.rules === ENTRY_RULES;
}

function compared(
  record: Outcome & { readonly carriedOut: CarriedOut | null },
  judged: Outcome | null,
  sameRules: boolean,
): Replay {
  const recorded = outcomeOf(record);
  const overruled = record.carriedOut === null ? null : afterAll(record.carriedOut);
  const found = judged === null ? null : outcomeOf(judged);
  const replayed: Outcome =
    found === null
      ? { outcome: 'deny', reason: 'UNSURE', rule: 'none', detail: 'the rules give no verdict on this' }
      : overruled !== null && found.outcome === 'grant'
        ? { outcome: 'deny', ...overruled }
        : found;
  const same = JSON.stringify(replayed) === JSON.stringify(recorded);
  return { recorded, replayed, same, sameRules };
}

function outcomeOf({ outcome, reason, rule, detail }: Outcome): Outcome {
  return { outcome, reason, rule, detail };
}
