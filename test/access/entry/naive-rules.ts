/**
 * What an attentive guard with a notebook would say: everything that was seen stands in the story, and for each
 * question it is read from the beginning. Nothing is counted or kept, and nothing of the rules on test is used.
 */
export type Kind = 'face' | 'card' | 'pin';

export interface Setup {
  /** How each of the two doors opens. */
  readonly ways: readonly ('card' | 'face or card+pin' | 'two people')[];
  readonly antiPassback: 'none' | 'hard' | 'soft' | 'timed';
  /** Of timed anti-passback, and after which hard and soft forget; 0 is never. */
  readonly forMs: number;
  readonly maxPeople: number | null;
  readonly interlock: boolean;
}

export type Seen =
  | {
      readonly type: 'waits';
      readonly at: number;
      readonly who: number;
      readonly kind: Kind;
      readonly door: number;
      readonly way: 'in' | 'out';
    }
  | {
      readonly type: 'granted';
      readonly at: number;
      readonly people: readonly number[];
      readonly door: number;
      readonly way: 'in' | 'out';
      readonly id: string;
    }
  | { readonly type: 'given back'; readonly at: number; readonly id: string }
  | { readonly type: 'failed'; readonly at: number; readonly door: number }
  | { readonly type: 'restart' | 'reset'; readonly at: number };

export interface Question {
  readonly at: number;
  /** Null: a card that nobody has. */
  readonly who: number | null;
  readonly kind: Kind;
  readonly door: number;
  readonly way: 'in' | 'out';
  readonly lockdown: readonly number[] | null;
  readonly otherOpen: boolean;
}

export interface Answer {
  readonly verdict: 'grant' | 'deny' | 'wait';
  readonly reason: string;
  readonly people: readonly number[];
  readonly violation: boolean;
}

/** Person 0 and 1 are of group a, 2 and 3 of group b; 3 is exempt from anti-passback. */
export const groupOf = (who: number) => (who < 2 ? 'a' : 'b');
export const EXEMPT = 3;
export const WITHIN_MS = 8000;
const FAILURES = 5;
const WINDOW_MS = 60_000;
const LOCKED_MS = 30_000;

export function ask(story: readonly Seen[], q: Question, setup: Setup): Answer {
  const deny = (reason: string): Answer => ({ verdict: 'deny', reason, people: [], violation: false });
  if (q.lockdown !== null && (q.who === null || !q.lockdown.includes(q.who))) return deny('LOCKDOWN');
  if (q.kind !== 'face' && lockedOut(story, q)) return deny('LOCKED_OUT');
  if (q.who === null) return deny(q.kind === 'pin' ? 'PIN_UNEXPECTED' : 'CARD_UNKNOWN');
  const person = q.who;
  const come = whoComes(story, q, person, setup.ways[q.door] ?? 'card');
  if (typeof come === 'string' && !come.endsWith('_WANTED')) return deny(come);
  const against = passback(story, q, person, setup);
  if (against !== null && setup.antiPassback !== 'soft') return deny(against);
  const party = typeof come === 'string' ? [person] : come;
  if (q.way === 'in' && setup.maxPeople !== null) {
    const inside = [0, 1, 2, 3].filter((who) => placeOf(story, who)?.zone === 'lab').length;
    const newcomers = party.length - (placeOf(story, person)?.zone === 'lab' ? 1 : 0);
    if (inside + newcomers > setup.maxPeople) return deny('ZONE_FULL');
  }
  if (setup.interlock && q.otherOpen) return deny('INTERLOCK');
  if (typeof come === 'string') return { verdict: 'wait', reason: come, people: [], violation: false };
  const way = setup.ways[q.door];
  const reason =
    come.length > 1
      ? 'GRANTED_TOGETHER'
      : q.kind === 'face' && way === 'face or card+pin'
        ? 'GRANTED_FACE'
        : way === 'face or card+pin'
          ? 'GRANTED_FACTORS'
          : 'GRANTED_CARD';
  return { verdict: 'grant', reason, people: come, violation: against !== null };
}

/** Everybody who comes in now; or what is wanted, or what is wrong. */
function whoComes(
  story: readonly Seen[],
  q: Question,
  who: number,
  way: Setup['ways'][number],
): number[] | string {
  if (way === 'card') return q.kind === 'card' ? [who] : 'CREDENTIAL_NOT_ACCEPTED';
  if (way === 'face or card+pin') {
    if (q.kind === 'face') return [who];
    const other = q.kind === 'card' ? 'pin' : 'card';
    if (shownBefore(story, q, who, other)) return [who];
    return other === 'pin' ? 'PIN_WANTED' : 'CARD_WANTED';
  }
  if (q.kind !== 'card') return 'CREDENTIAL_NOT_ACCEPTED';
  const partners = [0, 1, 2, 3].filter(
    (other) => groupOf(other) !== groupOf(who) && shownBefore(story, q, other, 'card'),
  );
  // The one who came last goes first.
  const last = partners.sort((a, b) => shownAt(story, q, b) - shownAt(story, q, a))[0];
  return last === undefined ? 'PERSON_WANTED' : [who, last];
}

function shownAt(story: readonly Seen[], q: Question, who: number): number {
  return story.findLastIndex(
    (s) => s.type === 'waits' && s.who === who && s.door === q.door && s.way === q.way,
  );
}

/** Shown at this door, this way, not long ago, and not used since. */
export function shownBefore(story: readonly Seen[], q: Question, who: number, kind: Kind): boolean {
  return story.some(
    (seen, index) =>
      seen.type === 'waits' &&
      seen.who === who &&
      seen.kind === kind &&
      seen.door === q.door &&
      seen.way === q.way &&
      q.at - seen.at <= WITHIN_MS &&
      !story
        .slice(index)
        .some(
          (later) =>
            later.type === 'restart' ||
            (later.type === 'granted' && later.door === q.door && later.people.includes(who)),
        ),
  );
}

/** Grants that were not given back, since everything was forgotten. */
function moves(story: readonly Seen[], who: number) {
  const back = new Set(story.flatMap((seen) => (seen.type === 'given back' ? [seen.id] : [])));
  let list: { zone: string; at: number }[] = [];
  for (const seen of story) {
    if (seen.type === 'reset') {
      list = list.at(-1)?.zone === 'lab' ? [] : list.filter(({ zone }) => zone !== 'lab');
    }
    if (seen.type === 'granted' && seen.people.includes(who) && !back.has(seen.id)) {
      list.push({ zone: seen.way === 'in' ? 'lab' : 'outside', at: seen.at });
    }
  }
  return list;
}

function placeOf(story: readonly Seen[], who: number) {
  return moves(story, who).at(-1) ?? null;
}

function passback(story: readonly Seen[], q: Question, who: number, setup: Setup): string | null {
  const { antiPassback, forMs } = setup;
  if (antiPassback === 'none' || who === EXEMPT) return null;
  if (antiPassback === 'timed') {
    const entered = moves(story, who).findLast(({ zone }) => zone === 'lab');
    return q.way === 'in' && entered !== undefined && q.at - entered.at < forMs ? 'ANTI_PASSBACK_TIME' : null;
  }
  const place = placeOf(story, who);
  if (place === null || (forMs > 0 && q.at - place.at >= forMs)) return null;
  const inside = place.zone === 'lab';
  return inside === (q.way === 'in') ? 'ANTI_PASSBACK' : null;
}

/** Five unknown cards at a door within a minute, and no card or PIN counts there for half a minute. */
function lockedOut(story: readonly Seen[], q: Question): boolean {
  let failures: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  for (const seen of story) {
    if (seen.type === 'restart') {
      failures = [];
      until = Number.NEGATIVE_INFINITY;
    }
    if (seen.type !== 'failed' || seen.door !== q.door || seen.at < until) continue;
    failures = [...failures.filter((at) => seen.at - at < WINDOW_MS), seen.at];
    if (failures.length >= FAILURES) {
      failures = [];
      until = seen.at + LOCKED_MS;
    }
  }
  return q.at < until;
}
