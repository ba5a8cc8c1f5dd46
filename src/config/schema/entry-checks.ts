import { BUILT_IN_SCHEDULES } from './calendar.ts';
import type { AccessConfig, EntryConfig } from './entry.ts';

/** What of a configuration the checks look at. */
interface Parts {
  readonly access: AccessConfig;
  readonly mqtt?: unknown;
  readonly calendar: { readonly schedules: readonly { readonly id: string }[] };
  readonly cameras: readonly { readonly door: string }[];
  readonly doors: readonly { readonly id: string; readonly entry: EntryConfig }[];
  readonly readers: readonly {
    readonly door: string;
    readonly card: { readonly enabled: boolean };
    readonly keypad: { readonly enabled: boolean };
  }[];
}
interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}
type Way = EntryConfig['ways'][number];

/** What is wrong with the rules of entry of a whole configuration. */
export function entryProblems(parts: Parts): Problem[] {
  return [
    ...parts.doors.flatMap((door, index) =>
      [...unknownNames(parts, door.entry), ...missingReaders(parts, door), ...faceOnly(parts, door)].map(
        ({ path, message }) => ({ path: ['doors', index, ...path], message }),
      ),
    ),
    ...unknownInterlocked(parts),
    ...(parts.access.site !== undefined && parts.mqtt === undefined
      ? [{ path: ['access', 'site'], message: 'needs the section mqtt' }]
      : []),
  ];
}

function unknownNames({ calendar, access }: Parts, entry: EntryConfig): Problem[] {
  const schedules = new Set<string>([...BUILT_IN_SCHEDULES, ...calendar.schedules.map(({ id }) => id)]);
  const zones = new Set(['outside', ...access.zones.map(({ id }) => id)]);
  const schedule = (path: (string | number)[], name: string | undefined): Problem[] =>
    name === undefined || schedules.has(name)
      ? []
      : [{ path: ['entry', ...path], message: `there is no schedule "${name}" in calendar.schedules` }];
  const zone = (key: string, name: string | undefined): Problem[] =>
    name === undefined || zones.has(name)
      ? []
      : [{ path: ['entry', key], message: `there is no zone "${name}" in access.zones` }];
  return [
    ...entry.ways.flatMap(({ when }, index) => schedule(['ways', index, 'when'], when)),
    ...schedule(['remainOpen'], entry.remainOpen),
    ...schedule(['remainLocked'], entry.remainLocked),
    ...schedule(['firstPerson', 'when'], entry.firstPerson?.when),
    ...zone('outside', entry.outside),
    ...zone('inside', entry.inside),
  ];
}

/** A way that needs a card or a PIN at a door where none can be read would be a way that never opens. */
function missingReaders({ readers }: Parts, { id, entry }: Parts['doors'][number]): Problem[] {
  const here = readers.filter(({ door }) => door === id);
  return entry.ways.flatMap(({ by }, index) => {
    const kinds = new Set(by.flatMap((combination) => combination.split('+')));
    const path = ['entry', 'ways', index, 'by'];
    if (kinds.has('card') && !here.some(({ card }) => card.enabled)) {
      return [{ path, message: `no reader at door "${id}" reads cards` }];
    }
    if (kinds.has('pin') && !here.some(({ keypad }) => keypad.enabled)) {
      return [{ path, message: `no reader at door "${id}" has a keypad (keypad.enabled)` }];
    }
    return [];
  });
}

function faceOnly({ access, cameras }: Parts, { id, entry }: Parts['doors'][number]): Problem[] {
  if (access.faceOnly === 'accepted' || !cameras.some(({ door }) => door === id)) return [];
  const index = entry.ways.findIndex(
    (way) => needsFace(way) && !entry.ways.some((other) => spares(other, way)),
  );
  if (index < 0) return [];
  const message =
    'a face is the only way in here; offer a card as well (ways, readers), or say in words that this is wanted: access: { faceOnly: accepted }';
  return [{ path: entry.ways.length > 1 ? ['entry', 'ways', index] : [], message }];
}

function needsFace({ by }: Way): boolean {
  return by.some((combination) => combination.split('+').includes('face'));
}

/** Whether `other` lets everybody in without a face whom `way` lets in, whenever it does. */
function spares(other: Way, way: Way): boolean {
  return (
    other.by.some(
      (combination) => combination === 'card' || combination === 'card+pin' || combination === 'pin+card',
    ) &&
    (other.together === undefined || other === way) &&
    (other.when === 'always' || other.when === way.when) &&
    (other.direction === 'both' || other.direction === way.direction) &&
    (other === way ||
      other.groups.length === 0 ||
      (way.groups.length > 0 && way.groups.every((group) => other.groups.includes(group))))
  );
}

function unknownInterlocked({ access, doors }: Parts): Problem[] {
  const known = new Set(doors.map(({ id }) => id));
  return access.interlocks.flatMap((interlock, index) =>
    interlock.doors.flatMap((door, at) =>
      known.has(door)
        ? []
        : [{ path: ['access', 'interlocks', index, 'doors', at], message: `there is no door "${door}"` }],
    ),
  );
}
