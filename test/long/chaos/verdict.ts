import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { JournalEvent } from '../../../src/journal/index.ts';
import { publicEvent } from '../../../src/mqtt/index.ts';
import { type Arrival, CARD_RELAY, DOOR_OF, type Life } from './house.ts';
import type { Edge } from './lines.ts';

const UnlockedSchema = z.object({ relayAt: z.number() });

export interface Verdict {
  readonly events: number;
  readonly replayed: number;
  /** Numbers in the journal that the subscriber did not get, or got otherwise than they were recorded. */
  readonly missing: readonly number[];
  /** Ids that came and are not in the journal. */
  readonly invented: readonly string[];
  /** Numbers that the journal lacks. */
  readonly gaps: readonly number[];
  /** Numbers that came behind a higher one of the same stream. */
  readonly disordered: readonly number[];
  /** Messages with an id that had come before. */
  readonly duplicates: number;
  /** Numbers that came under more than one id. */
  readonly doubled: number;
  /** Relay on, as the line saw it. */
  readonly unlocks: number;
  /** Relay on without an event, though the daemon went on and recorded what the same door did later. */
  readonly unrecorded: number;
  /** Of those for a card: relay on without the grant on disk, though the disk was not said to be late. */
  readonly unfounded: readonly Unfounded[];
  /** The same where the gate had said that the disk was late, and was killed before it answered. */
  readonly late: number;
  /** Relay on by the button in the last moment before a kill, with its event not on disk yet. */
  readonly cutOff: number;
}

/** Where it was: milliseconds since the first and to the last edge of a life. */
interface Unfounded {
  readonly life: number;
  readonly sinceFirstMs: number;
  readonly toLastMs: number;
}

/** Holds what the subscriber got, up to number `due`, and what the lines did, against the journal. */
export function judge(
  journal: readonly JournalEvent[],
  due: number,
  arrivals: readonly Arrival[],
  lives: readonly Life[],
): Verdict {
  const first = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    if (!first.has(arrival.event.id)) first.set(arrival.event.id, arrival);
  }
  const recorded = new Set(journal.map(({ id }) => id));
  const stream = (replayed: boolean) =>
    [...first.values()].filter((one) => one.replayed === replayed).map(({ event }) => event.seq);
  const numbers = new Set(journal.map(({ seq }) => seq));
  const last = journal.at(-1)?.seq ?? 0;
  return {
    events: journal.length,
    replayed: stream(true).length,
    missing: journal
      .filter((event) => event.seq <= due && !same(first.get(event.id)?.event, event))
      .map(({ seq }) => seq),
    invented: [...first.keys()].filter((id) => !recorded.has(id)),
    gaps: Array.from({ length: last }, (_, n) => n + 1).filter((seq) => !numbers.has(seq)),
    disordered: [...behind(stream(false)), ...behind(stream(true))],
    duplicates: arrivals.length - first.size,
    doubled: first.size - new Set([...first.values()].map(({ event }) => event.seq)).size,
    ...unlocks(journal, lives),
  };
}

function same(sent: JournalEvent | undefined, event: JournalEvent): boolean {
  return isDeepStrictEqual(sent, publicEvent(event));
}

function behind(numbers: readonly number[]): number[] {
  let highest = 0;
  return numbers.filter((seq) => {
    const isBehind = seq < highest;
    highest = Math.max(highest, seq);
    return isBehind;
  });
}

type Unlocks = Pick<Verdict, 'unlocks' | 'unrecorded' | 'unfounded' | 'late' | 'cutOff'>;

function unlocks(journal: readonly JournalEvent[], lives: readonly Life[]): Unlocks {
  const recorded = recordedEdges(journal, lives);
  const granted = new Map(
    journal.filter(({ type }) => type === 'access.granted').map((one) => [one.id, one]),
  );
  // Grants whose unlock was not recorded: a relay may have moved for each, right before the end.
  for (const { type, cause } of journal)
    if (type === 'door.unlocked' && cause !== null) granted.delete(cause);
  const result = { unlocks: 0, unrecorded: 0, late: 0, cutOff: 0 };
  const unfounded: Unfounded[] = [];
  let spareGrants = granted.size;
  for (const [life, { edges, lateRecords }] of lives.entries()) {
    let excuses = lateRecords;
    const on = edges.filter(({ level }) => level === 1);
    result.unlocks += on.length;
    for (const edge of on) {
      const { line, at } = edge;
      if (recorded.has(edge)) continue;
      if (on.some((later) => later.line === line && later.at > at && recorded.has(later)))
        result.unrecorded += 1;
      else if (line !== CARD_RELAY) result.cutOff += 1;
      else if (spareGrants > 0) spareGrants -= 1;
      else if (excuses > 0) {
        excuses -= 1;
        result.late += 1;
      } else {
        const [first, last] = [edges[0], edges[edges.length - 1]];
        const [sinceFirstMs, toLastMs] = [at - first.at, last.at - at].map(Math.round);
        unfounded.push({ life, sinceFirstMs, toLastMs });
      }
    }
  }
  return { ...result, unfounded };
}

/** The edges whose unlocks are in the journal: an unlock is told after its relay was switched, and before it is again. */
function recordedEdges(journal: readonly JournalEvent[], lives: readonly Life[]): Set<Edge> {
  const on = lives.flatMap(({ edges }) => edges.filter(({ level }) => level === 1));
  const found = journal
    .filter(({ type }) => type === 'door.unlocked')
    .map(({ door, data }) => {
      const { relayAt } = UnlockedSchema.parse(data);
      return on.findLast(({ line, at }) => DOOR_OF.get(line) === door && at <= relayAt);
    });
  return new Set(found.filter((edge) => edge !== undefined));
}

/** Worst times from the moment an event could be delivered to its arrival, in ms: of the live and of the replayed. */
export function delays(arrivals: readonly Arrival[], wholeAt: readonly number[]) {
  const seen = new Set<string>();
  const worst = { live: 0, replayed: 0 };
  for (const { event, replayed, at } of arrivals) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const mended = wholeAt.findLast((time) => time <= at) ?? 0;
    const kind = replayed ? 'replayed' : 'live';
    worst[kind] = Math.max(worst[kind], at - Math.max(mended, Date.parse(event.at)));
  }
  return worst;
}
