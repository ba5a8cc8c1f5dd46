import type { DoorEvent, EmergencyEvent, InputEvent, UnlockCause } from '../door/index.ts';
import type { EventInput, EventType } from '../journal/index.ts';

/** Type of the event in the journal, for each thing that happens at a door. */
const EVENT_OF: Record<DoorEvent['type'], EventType> = {
  unlocked: 'door.unlocked',
  locked: 'door.locked',
  opened: 'door.opened',
  closed: 'door.closed',
  held_open_warning: 'door.held_open_warning',
  held_open: 'door.held_open',
  forced_open: 'door.forced_open',
  hold: 'door.remain_open',
  hold_ended: 'door.remain_open_ended',
  rex: 'door.rex',
  fault: 'door.fault',
  fault_cleared: 'door.fault_cleared',
  alarm_cleared: 'door.alarm_cleared',
};

/** What happened at a door, as an event of the journal; an unlock that a decision or a command led to names its event as the cause. */
export function journalEntry(event: DoorEvent, captureToRelayMs: number | null): EventInput {
  const { type, door, ...data } = event;
  const led = 'cause' in event ? causeOf(event.cause) : undefined;
  const decision = led === undefined ? {} : { cause: led };
  const latency = captureToRelayMs === null ? {} : { captureToRelayMs };
  return { type: EVENT_OF[type], door, ...decision, data: { ...data, ...latency } };
}

function causeOf(cause: UnlockCause): string | undefined {
  if ('decisionId' in cause) return cause.decisionId;
  return cause.kind === 'remote' ? cause.command : undefined;
}

/** What happened to fire alarm and lockdown, as an event of the journal. */
export function emergencyEntry({ type, ...data }: EmergencyEvent): EventInput {
  return { type: `emergency.${type}`, data };
}

/** What happened at an alarm input, as an event of the journal. */
export function inputEntry({ type, door, ...data }: InputEvent): EventInput {
  return { type: `input.${type}`, ...(door === null ? {} : { door }), data };
}
