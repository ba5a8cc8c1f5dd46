import type { DecisionRecord } from '../record.ts';
import type { EntryRecord } from './input.ts';

/**
 * The record of a face that was recognised, after the rules of entry had their say. A face that opens by itself keeps
 * the reason and the figures of its recognition; in all else the rules of entry decided.
 */
export function joinEntry(record: DecisionRecord, { input, verdict }: EntryRecord): DecisionRecord {
  const entry = { input, verdict };
  if (verdict.verdict === 'grant' && verdict.reason === 'GRANTED_FACE') return { ...record, entry };
  const { reason, rule, detail } = verdict;
  return { ...record, outcome: verdict.verdict, verdict: verdict.verdict, reason, rule, detail, entry };
}
