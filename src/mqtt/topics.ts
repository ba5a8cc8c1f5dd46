import type { EventType } from '../journal/index.ts';
import type { StateKind } from './report.ts';

/** Every topic of a gate; docs/reference/mqtt.md describes them. */
export interface Topics {
  /** Retained: whether the gate is there. */
  readonly status: string;
  /** Not retained: the events, `access.granted` under `events/access/granted`. */
  event(type: EventType): string;
  /** Retained: the present state of a door, a camera or an alarm input. */
  state(kind: StateKind, id: string): string;
  /** Not retained: what a person at the door is asked or told. */
  prompt(door: string): string;
}

/** The topics of one gate under `prefix` (`mqtt.topic` of the configuration). */
export function topicsOf(prefix: string, gate: string): Topics {
  const root = `${prefix}/${gate}`;
  return {
    status: `${root}/status`,
    event: (type) => `${root}/events/${type.replace('.', '/')}`,
    state: (kind, id) => `${root}/${kind}/${id}/state`,
    prompt: (door) => `${root}/doors/${door}/prompt`,
  };
}
