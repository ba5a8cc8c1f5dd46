import type { Reason } from '../reasons.ts';
import type { EntryInput, EntryVerdict, Holder, Want, Way } from './input.ts';

type Kind = EntryInput['presented']['kind'];

/** What the ways of a door make of the one who stands before it. */
export type WayFound =
  | Pick<EntryVerdict, 'verdict' | 'reason' | 'detail' | 'people' | 'wants' | 'duress' | 'extended'>
  | { readonly verdict: 'deny'; readonly reason: Reason; readonly detail: string };

interface Party {
  readonly people: readonly Holder[];
  readonly kinds: readonly Kind[];
  readonly duress: boolean;
}

const GRANT_REASON: Record<Kind, Reason> = {
  face: 'GRANTED_FACE',
  card: 'GRANTED_CARD',
  qr: 'GRANTED_PASS',
  pin: 'GRANTED_FACTORS',
};
const WANT_REASON: Record<Want, Reason> = {
  pin: 'PIN_WANTED',
  card: 'CARD_WANTED',
  face: 'FACE_WANTED',
  qr: 'PASS_WANTED',
  person: 'PERSON_WANTED',
};

/** The first way that is complete opens the door; else the ways that are begun say what they still want. */
export function findWay(input: EntryInput, person: Holder): WayFound {
  const ways = fitting(input, person);
  if (!Array.isArray(ways)) return ways;
  const wants = new Set<Want>();
  for (const way of ways) {
    const party = complete(way, input, person);
    if (!Array.isArray(party)) return granted(party, way);
    for (const want of party) wants.add(want);
  }
  const [first = 'person'] = wants;
  return {
    verdict: 'wait',
    reason: WANT_REASON[first],
    detail: `${person.name} is known by ${input.presented.kind}; wanted besides: ${[...wants].join(' or ')}`,
    people: [],
    wants: [...wants],
    duress: false,
    extended: false,
  };
}

/** The ways that this credential of this person can be a part of, or why there is none. */
function fitting(input: EntryInput, person: Holder): Way[] | (WayFound & { verdict: 'deny' }) {
  const { presented, direction, door, schedules } = input;
  const deny = (reason: Reason, detail: string) => ({ verdict: 'deny', reason, detail }) as const;
  const theirs = input.ways.filter(
    (way) => isOpenTo(way, person) && [direction, 'both'].includes(way.direction),
  );
  if (theirs.length === 0) {
    return deny('NOT_PERMITTED', `no way ${direction} through door "${door}" is open to ${groupsOf(person)}`);
  }
  const now = theirs.filter(({ when }) => schedules[when] === true);
  if (now.length === 0) {
    const names = [...new Set(theirs.map(({ when }) => when))].join(', ');
    return deny('OUTSIDE_SCHEDULE', `outside of schedule ${names}`);
  }
  const taken = now.filter(({ by }) => by.some((kinds) => kinds.includes(presented.kind)));
  if (taken.length === 0) {
    const wanted = now.flatMap(({ by }) => by.map((kinds) => kinds.join('+'))).join(', ');
    return deny('CREDENTIAL_NOT_ACCEPTED', `door "${door}" takes ${wanted} now`);
  }
  return taken;
}

function isOpenTo({ groups, together }: Way, person: Holder): boolean {
  return together === null ? isOf(groups, person) : together.some((slot) => isOf(slot, person));
}

function isOf(groups: readonly string[], person: Holder): boolean {
  return groups.length === 0 || groups.some((group) => person.groups.includes(group));
}

function groupsOf({ groups, name }: Holder): string {
  return groups.length === 0 ? `${name}, who is in no group` : `${name}, of ${groups.join(', ')}`;
}

/** Who has come together on this way, with all that it asks of them; or what is wanted still. */
function complete(way: Way, input: EntryInput, person: Holder): Party | Want[] {
  const { presented } = input;
  const held = input.held.filter(({ agoMs }) => agoMs <= way.withinMs);
  const own = held.filter((entry) => entry.person.id === person.id);
  const kinds = new Set<Kind>([presented.kind, ...own.map(({ kind }) => kind)]);
  const begun = way.by.filter((needed) => needed.includes(presented.kind));
  const done = begun.find((needed) => needed.every((kind) => kinds.has(kind)));
  if (done === undefined) {
    return begun.flatMap((needed) => needed.filter((kind) => !kinds.has(kind)));
  }
  const duress = presented.duress || own.some((entry) => entry.duress);
  if (way.together === null) return { people: [person], kinds: done, duress };
  const others = readyOthers(way, held, person);
  const people = [person, ...others.map((entry) => entry.person)];
  const seats = seatingWith(person, way.together, people);
  if (seats === null) return ['person'];
  const forced = others.some((entry) => entry.duress && seats.some(({ id }) => id === entry.person.id));
  return { people: seats, kinds: done, duress: duress || forced };
}

/** The others who have presented all that the way asks of each, the last first. */
function readyOthers(
  way: Way,
  held: EntryInput['held'],
  person: Holder,
): { person: Holder; duress: boolean }[] {
  const others = new Map<string, { person: Holder; kinds: Set<Kind>; duress: boolean }>();
  for (const entry of held.toReversed()) {
    if (entry.person.id === person.id) continue;
    const known = others.get(entry.person.id) ?? { person: entry.person, kinds: new Set(), duress: false };
    known.kinds.add(entry.kind);
    others.set(entry.person.id, { ...known, duress: known.duress || entry.duress });
  }
  return [...others.values()].filter(({ kinds }) =>
    way.by.some((needed) => needed.every((kind) => kinds.has(kind))),
  );
}

function seatingWith(
  person: Holder,
  seats: readonly (readonly string[])[],
  people: readonly Holder[],
): Holder[] | null {
  for (const seated of seatings(seats, people)) {
    if (seated.includes(person)) return seated;
  }
  return null;
}

/** All ways to give each seat to another person of its groups. */
function* seatings(
  [groups, ...rest]: readonly (readonly string[])[],
  people: readonly Holder[],
): Generator<Holder[]> {
  if (groups === undefined) {
    yield [];
    return;
  }
  for (const person of people) {
    if (!isOf(groups, person)) continue;
    const others = people.filter((other) => other !== person);
    for (const seated of seatings(rest, others)) yield [person, ...seated];
  }
}

function granted({ people, kinds, duress }: Party, way: Way): WayFound {
  const [kind = 'face'] = kinds;
  const names = people.map(({ name }) => name).join(' and ');
  return {
    verdict: 'grant',
    reason:
      people.length > 1 ? 'GRANTED_TOGETHER' : kinds.length > 1 ? 'GRANTED_FACTORS' : GRANT_REASON[kind],
    detail: `${names} by ${kinds.join(' and ')}, in schedule ${way.when}`,
    people: people.map(({ id }) => id),
    wants: [],
    duress,
    extended: people.some(({ extendedTime }) => extendedTime),
  };
}
