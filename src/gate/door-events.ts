import type { DoorEvent } from '../door/index.ts';
import type { EventInput, EventType } from '../journal/index.ts';

/** Type of the event in the journal, for each thing that happens at a door. */
const EVENT_OF: Record<DoorEvent['type'], EventType> = {
  unlocked: 'door.unlocked',
  locked: 'door.locked',
  opened: 'door.opened',
  closed: 'door.closed',
  held_open: 'door.held_open',
  forced_open: 'door.forced_open',
  rex: 'door.rex',
  fault: 'door.fault',
  fault_cleared: 'door.fault_cleared',
  alarm_cleared: 'door.alarm_cleared',
};

/** What happened at a door, as an event of the journal; an unlock by a grant names the grant's event as its cause. */
export function journalEntry(event: DoorEvent, captureToRelayMs: number | null): EventInput {
  const { type, door, ...data } = event;
  const cause =
    event.type === 'unlocked' && event.cause.kind === 'grant' ? { cause: event.cause.decisionId } : {};
  const latency = captureToRelayMs === null ? {} : { captureToRelayMs };
  return { type: EVENT_OF[type], door, ...cause, data: { ...data, ...latency } };
}
