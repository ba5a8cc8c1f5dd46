import type { Reason } from '../reasons.ts';
import { violation } from './anti-passback.ts';
import type { EntryInput, EntryVerdict } from './input.ts';
import { findWay, type WayFound } from './ways.ts';

/**
 * Version of the rules of entry, kept in every record: raised whenever the same input could get another verdict, so that a
 * record is never judged again by rules it was not made by without saying so.
 */
export const ENTRY_RULES = 1;

interface Denial {
  readonly reason: Reason;
  readonly detail: string;
}

/** A rule looks at the input and denies, or leaves it to the next. */
interface Rule {
  readonly name: string;
  readonly deny: (input: EntryInput) => Denial | null;
}

/** The rules in their order; the first that denies decides. They hold for each credential that is presented, the last of several as well. */
const RULES: readonly Rule[] = [
  {
    name: 'lockdown',
    deny: ({ lockdown, presented: { person } }) => {
      if (lockdown === null) return null;
      const named =
        person !== null && [person.id, ...person.groups].some((name) => lockdown.exempt.includes(name));
      return named
        ? null
        : { reason: 'LOCKDOWN', detail: 'a lockdown is in force and does not name this person' };
    },
  },
  {
    name: 'lock-out',
    deny: ({ lockedOut, presented }) =>
      lockedOut && presented.kind !== 'face'
        ? { reason: 'LOCKED_OUT', detail: 'cards and PINs are locked out after many failed attempts' }
        : null,
  },
  {
    name: 'credential',
    deny: ({ presented: { kind, person, fault } }) => {
      if (fault !== null) return { reason: fault, detail: `the ${kind} cannot be used` };
      return person === null ? { reason: 'NOT_PERMITTED', detail: `the ${kind} is nobody's` } : null;
    },
  },
  {
    name: 'validity',
    deny: ({ at, presented: { person } }) => {
      if (person?.validFrom != null && at < person.validFrom) {
        return { reason: 'NOT_YET_VALID', detail: `valid from ${person.validFrom}` };
      }
      if (person?.validUntil != null && at >= person.validUntil) {
        return { reason: 'NO_LONGER_VALID', detail: `valid until ${person.validUntil}` };
      }
      return null;
    },
  },
  {
    name: 'completeness',
    deny: ({ expired }) =>
      expired ? { reason: 'NOT_COMPLETED', detail: 'what else was wanted did not come in time' } : null,
  },
  {
    name: 'remain-locked',
    deny: ({ remainsLocked, door }) =>
      remainsLocked
        ? { reason: 'REMAINS_LOCKED', detail: `door "${door}" remains locked by its schedule` }
        : null,
  },
  {
    name: 'mask',
    deny: ({ mask, presented }) =>
      mask === 'must' && presented.kind === 'face' && presented.mask !== 'worn'
        ? {
            reason: 'MASK_WANTED',
            detail: `the mask is ${presented.mask ?? 'not seen'}, and one must be worn`,
          }
        : null,
  },
  {
    name: 'way',
    deny: (input) => {
      const found = wayOf(input);
      return found.verdict === 'deny' ? { reason: found.reason, detail: found.detail } : null;
    },
  },
  {
    name: 'anti-passback',
    deny: (input) => {
      const found = violation(input);
      if (found === null || found.soft) return null;
      return { reason: found.timed ? 'ANTI_PASSBACK_TIME' : 'ANTI_PASSBACK', detail: found.detail };
    },
  },
  {
    name: 'occupancy',
    deny: (input) => {
      const { entering, last } = input;
      if (entering?.maxPeople == null) return null;
      const party = partySize(wayOf(input));
      const newcomers = last?.zone === entering.id ? party - 1 : party;
      return entering.people + newcomers <= entering.maxPeople
        ? null
        : {
            reason: 'ZONE_FULL',
            detail: `${entering.people} of at most ${entering.maxPeople} people are in zone "${entering.id}"`,
          };
    },
  },
  {
    name: 'interlock',
    deny: ({ interlock }) =>
      interlock === null
        ? null
        : { reason: 'INTERLOCK', detail: `door "${interlock}" is not locked and closed yet` },
  },
  {
    name: 'lane',
    deny: ({ laneBusy }) =>
      laneBusy ? { reason: 'LANE_BUSY', detail: 'somebody is passing the lane' } : null,
  },
];

/** Judges what was presented at a door. Pure: the same input always gets the same verdict. */
export function authorise(input: EntryInput): EntryVerdict {
  const remind =
    input.mask === 'remind' && input.presented.kind === 'face' && input.presented.mask !== 'worn';
  const nothing = { people: [], wants: [], duress: false, extended: false, remind, violation: null };
  for (const { name, deny } of RULES) {
    const denial = deny(input);
    if (denial !== null) return { verdict: 'deny', rule: name, ...nothing, ...denial };
  }
  const found = wayOf(input);
  const noted = found.verdict === 'grant' ? violation(input) : null;
  return { rule: 'way', ...nothing, ...found, violation: noted?.detail ?? null };
}

function wayOf(input: EntryInput): WayFound {
  const { person } = input.presented;
  return person === null
    ? { verdict: 'deny', reason: 'NOT_PERMITTED', detail: 'nobody is known by it' }
    : findWay(input, person);
}

function partySize(found: WayFound): number {
  return found.verdict === 'grant' ? found.people.length : 1;
}
