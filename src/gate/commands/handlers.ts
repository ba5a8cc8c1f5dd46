import { doorHandlers } from './doors.ts';
import { gateHandlers } from './gate.ts';
import type { CommandParts } from './parts.ts';
import { peopleHandlers } from './people.ts';
import type { Handlers } from './runner.ts';
import { visitorHandlers } from './visitors.ts';

/** What each command does. */
export function commandHandlers(parts: CommandParts): Handlers {
  return {
    ...doorHandlers(parts),
    ...peopleHandlers(parts),
    ...visitorHandlers(parts),
    ...gateHandlers(parts),
  };
}
