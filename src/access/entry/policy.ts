import type { AccessConfig, DoorConfig } from '../../config/index.ts';
import type { Way } from './input.ts';

/** The rules of a door in the form in which they are judged. */
export interface DoorPolicy {
  readonly door: string;
  readonly ways: readonly Way[];
  /** Schedules that the ways name. */
  readonly schedules: readonly string[];
  /** Longest time for which something presented is held. */
  readonly heldMs: number;
  readonly outside: string;
  /** Null: nothing is kept of who is where. */
  readonly inside: string | null;
  readonly remainOpen: string | null;
  readonly remainLocked: string | null;
  readonly firstPerson: {
    readonly groups: readonly string[];
    readonly when: string;
    readonly openMs: number;
  } | null;
  readonly mask: 'must' | 'remind' | 'ignore';
  /** Doors of the same interlocks. */
  readonly interlocked: readonly string[];
}

export interface ZonePolicy {
  readonly id: string;
  readonly antiPassback: {
    readonly mode: 'hard' | 'soft' | 'timed';
    readonly forMs: number;
    readonly resetAt: string | null;
    readonly alone: 'last' | 'soft';
  } | null;
  readonly maxPeople: number | null;
}

export interface EntryPolicy {
  readonly doors: ReadonlyMap<string, DoorPolicy>;
  readonly zones: ReadonlyMap<string, ZonePolicy>;
}

/** The rules of entry out of the configuration. */
export function entryPolicy(
  doors: readonly Pick<DoorConfig, 'id' | 'entry'>[],
  access: AccessConfig,
): EntryPolicy {
  return {
    doors: new Map(doors.map((door) => [door.id, doorPolicy(door, access)])),
    zones: new Map(
      access.zones.map(({ id, antiPassback, maxPeople }) => [
        id,
        {
          id,
          antiPassback:
            antiPassback === undefined ? null : { ...antiPassback, resetAt: antiPassback.resetAt ?? null },
          maxPeople: maxPeople ?? null,
        },
      ]),
    ),
  };
}

function doorPolicy({ id, entry }: Pick<DoorConfig, 'id' | 'entry'>, access: AccessConfig): DoorPolicy {
  const ways = entry.ways.map(({ by, together, when, direction, groups, withinMs }) => ({
    by: by.map((kinds) => kinds.split('+').map(kindOf)),
    together: together?.map((seat) => seat.groups) ?? null,
    when,
    direction,
    groups,
    withinMs,
  }));
  const others = access.interlocks.filter(({ doors }) => doors.includes(id)).flatMap(({ doors }) => doors);
  return {
    door: id,
    ways,
    schedules: [...new Set(ways.map(({ when }) => when))],
    heldMs: Math.max(...ways.map(({ withinMs }) => withinMs)),
    outside: entry.outside,
    inside: entry.inside ?? null,
    remainOpen: entry.remainOpen ?? null,
    remainLocked: entry.remainLocked ?? null,
    firstPerson: entry.firstPerson ?? null,
    mask: entry.mask,
    interlocked: [...new Set(others)].filter((other) => other !== id),
  };
}

function kindOf(text: string): Way['by'][number][number] {
  return text === 'card' || text === 'pin' || text === 'qr' ? text : 'face';
}
