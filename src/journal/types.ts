import type { Frozen } from '../common/index.ts';
import type { EventData } from './data.ts';

/** Every type of event, a closed list; docs/reference/events.md documents them one to one. */
export const EVENT_TYPES = {
  'system.started': 'The gate process is up.',
  'system.stopped': 'The gate process was stopped in an orderly way.',
  'access.granted': 'A person was recognised and the door was told to open.',
  'access.denied': 'A sighting was decided and the door stays locked; the reason says why.',
  'access.pending': 'Somebody is known, and the door wants more: a PIN, a card, another person.',
  'access.passed': 'Somebody went through the door after a grant.',
  'access.not_passed': 'Nobody went through the door after a grant; it was given back.',
  'access.duress': 'A duress PIN was used (silent alarm): the door opened as if nothing were wrong.',
  'access.violation': 'Soft anti-passback noted a passage that hard anti-passback would have denied.',
  'access.tailgating': 'Somebody passed a turnstile for whom nothing was unlocked (alarm).',
  'access.reset': 'It was forgotten who is in a zone.',
  'door.unlocked': 'The relay unlocked the door; the cause says why.',
  'door.locked': 'The relay locked the door.',
  'door.opened': 'The door contact opened after an unlock.',
  'door.closed': 'The door contact closed.',
  'door.held_open_warning': 'The door has been open for long; the held-open alarm is near.',
  'door.held_open': 'The door has been open longer than allowed (alarm).',
  'door.forced_open': 'The door contact opened without an unlock (alarm).',
  'door.alarm_cleared': 'The cause of a door alarm is gone, or somebody has seen to it.',
  'door.remain_open': 'The door was told to remain open; the cause says why.',
  'door.remain_open_ended': 'What made the door remain open is over.',
  'door.rex': 'The request-to-exit button was pressed.',
  'door.fault': 'A line of the door does not work.',
  'door.fault_cleared': 'The lines of the door work again.',
  'input.tamper': 'A housing was opened (alarm).',
  'input.tamper_cleared': 'The housing is closed again.',
  'input.power_failed': 'The mains power is gone (alarm).',
  'input.power_restored': 'The mains power is back.',
  'input.battery_low': 'A battery is nearly empty (alarm).',
  'input.battery_ok': 'The battery is charged again.',
  'input.fault': 'An alarm input cannot be read, or its wires are shorted or cut.',
  'input.fault_cleared': 'The alarm input can be read again.',
  'emergency.fire': 'A fire input is active: its doors open and stay open (alarm).',
  'emergency.fire_cleared': 'The fire input is at rest again; the doors stay open until the alarm is reset.',
  'emergency.reset': 'The fire alarm was reset: the doors lock again.',
  'emergency.lockdown': 'A lockdown is in force: nobody is let in but the people named (alarm).',
  'emergency.lockdown_ended': 'The lockdown is over.',
  'emergency.fault': 'The emergency state cannot be read or kept; the code says which.',
  'emergency.fault_cleared': 'The emergency state is on disk again.',
  'camera.up': 'The camera delivers pictures.',
  'camera.down': 'The camera delivers no pictures; the code says why.',
  'camera.injection_suspected':
    'The stream of the camera may have been replaced: it stands still, repeats itself, or is another than before (alarm).',
  'camera.injection_cleared': 'The stream of the camera can be believed again.',
  'reader.up': 'The card reader or keypad works.',
  'reader.down': 'The card reader or keypad does not work; the code says why.',
  'vision.up': 'The vision process is ready.',
  'vision.down': 'The vision process failed or hung and is started again.',
  'access.locked_out': 'Too many failed attempts: nobody is recognised at this door for a while (alarm).',
  'cloud.up': 'The cloud can be asked.',
  'cloud.down':
    'The cloud cannot be asked: its keys or its quota ledger cannot be opened; the code says why.',
  'cloud.quota_low': 'The packages of a cloud API are down to 20 % or to 5 %.',
  'cloud.cap_reached': 'The calls of a cloud API have reached its daily cap; no more are made today.',
  'cloud.clock_skew': "This machine's clock and the cloud's differ by more than allowed, or agree again.",
  'calibration.changed':
    'The thresholds for a match were moved: by people who came or went, or by a calibration.',
  'gallery.changed': 'People or references were added or removed.',
  'site.changed': 'People of the site were added, changed or removed as its administrator published them.',
  'site.complete': 'The gate holds the people of the site as its manifest says.',
  'site.refused': 'What the broker has of the site is not believed; the code says why.',
  'command.accepted': 'A signed command was found to be good and is carried out.',
  'command.done': 'A command was carried out.',
  'command.failed': 'A command was taken up, but without success; the code says why.',
  'command.refused': 'Commands were turned away; the code says why.',
  'config.changed': 'A new configuration was tried and is in force.',
  'config.rolled_back': 'A new configuration did not hold; the one before is in force again.',
  'journal.damaged': 'The journal database was damaged and set aside; a new one was begun.',
  'journal.trimmed':
    'Events that had not been delivered were deleted: the journal has reached its largest size.',
} as const satisfies Record<string, string>;
export type EventType = keyof typeof EVENT_TYPES;

interface EventHead {
  /** The door or the camera it is about, if any. */
  readonly door?: string;
  readonly camera?: string;
  /** Id of the event that caused this one, if any. */
  readonly cause?: string;
  /** Id given by the maker (a UUID), so that other records can name it beforehand; else the journal makes one. */
  readonly id?: string;
}

/** An event of any maker, as the journal takes it. `data` is JSON: no functions, no binary. Rooms hand over an `EventInput`. */
export interface JournalEntry extends EventHead {
  readonly type: EventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a room hands to the journal: `data` is what the type's schema says (data.ts), and nothing else. */
export type EventInput<T extends EventType = EventType> = {
  [K in T]: EventHead & { readonly type: K; readonly data: Frozen<EventData<K>> };
}[T];

/** A numbered entry of the journal. `seq` has no gaps within a gate. */
export interface JournalEvent {
  readonly id: string;
  readonly seq: number;
  /** UTC, ISO 8601 with milliseconds. */
  readonly at: string;
  readonly gate: string;
  readonly type: EventType;
  readonly door: string | null;
  readonly camera: string | null;
  readonly cause: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How long the journal keeps what it holds; `journal` of the configuration. */
export interface Retention {
  /** Events that have left the outbox and are older than this are deleted. */
  readonly retentionDays: number;
  /** The same, sooner, for events of a type (`door.rex`) or a family of types (`camera`). */
  readonly retentionDaysByType?: Readonly<Record<string, number>>;
  /** Pictures older than this are deleted; 0 deletes all. */
  readonly cropRetentionDays: number;
  /** Largest size; beyond it pictures go, then delivered events, then undelivered ones, the oldest of each first. */
  readonly maxMegabytes: number;
}

/** A stretch of the journal: events numbered above `after`, `limit` of them at most. */
export interface Range {
  readonly after: number;
  readonly limit: number;
}
