import type { DoorEvent, EmergencyEvent, InputEvent, UnlockCause } from '../door/index.ts';
import type { EventInput } from '../journal/index.ts';

/** What happened at a door, as an event of the journal; an unlock that a decision or a command led to names its event as the cause. */
export function journalEntry(event: DoorEvent, captureToRelayMs: number | null): EventInput {
  const { door } = event;
  switch (event.type) {
    case 'unlocked': {
      const { type: _, door: at, ...data } = event;
      const latency = captureToRelayMs === null ? {} : { captureToRelayMs };
      return { type: 'door.unlocked', door: at, ...ledBy(event.cause), data: { ...data, ...latency } };
    }
    case 'locked':
    case 'opened':
    case 'closed':
    case 'forced_open':
    case 'rex':
    case 'fault_cleared':
      return { type: `door.${event.type}`, door, data: {} };
    case 'held_open_warning':
    case 'held_open':
      return { type: `door.${event.type}`, door, data: { openForMs: event.openForMs } };
    case 'alarm_cleared':
      return { type: 'door.alarm_cleared', door, data: { alarm: event.alarm, by: event.by } };
    case 'hold': {
      const { cause, forMs } = event;
      return { type: 'door.remain_open', door, ...ledBy(cause), data: { cause, forMs } };
    }
    case 'hold_ended':
      return { type: 'door.remain_open_ended', door, data: { kind: event.kind, why: event.why } };
    case 'fault':
      return { type: 'door.fault', door, data: { code: event.code, message: event.message } };
  }
}

function ledBy(cause: UnlockCause): { readonly cause?: string } {
  if ('decisionId' in cause) return { cause: cause.decisionId };
  return cause.kind === 'remote' && cause.command !== undefined ? { cause: cause.command } : {};
}

/** What happened to fire alarm and lockdown, as an event of the journal. */
export function emergencyEntry(event: EmergencyEvent): EventInput {
  switch (event.type) {
    case 'fire':
    case 'fire_cleared':
      return { type: `emergency.${event.type}`, data: { input: event.input } };
    case 'reset':
      return { type: 'emergency.reset', data: { by: event.by, inputs: event.inputs } };
    case 'lockdown':
      return { type: 'emergency.lockdown', data: { by: event.by, exempt: event.exempt } };
    case 'lockdown_ended':
      return { type: 'emergency.lockdown_ended', data: { by: event.by } };
    case 'fault':
      return { type: 'emergency.fault', data: { code: event.code, message: event.message } };
    case 'fault_cleared':
      return { type: 'emergency.fault_cleared', data: {} };
  }
}

/** What happened at an alarm input, as an event of the journal. */
export function inputEntry(event: InputEvent): EventInput {
  const { input } = event;
  const at = event.door === null ? {} : { door: event.door };
  return event.type === 'fault'
    ? { type: 'input.fault', ...at, data: { input, code: event.code, message: event.message } }
    : { type: `input.${event.type}`, ...at, data: { input } };
}
