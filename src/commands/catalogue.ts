import type { z } from 'zod';
import { DOOR_COMMANDS } from './catalogue/doors.ts';
import { GATE_COMMANDS } from './catalogue/gate.ts';
import { PEOPLE_COMMANDS } from './catalogue/people.ts';
import { VISITOR_COMMANDS } from './catalogue/visitors.ts';
import type { CommandDefinition } from './definition.ts';

/** Every command, a closed list; docs/reference/commands.md is made of it. */
export const COMMANDS = { ...DOOR_COMMANDS, ...PEOPLE_COMMANDS, ...VISITOR_COMMANDS, ...GATE_COMMANDS };
export type CommandName = keyof typeof COMMANDS;

export type Params<N extends CommandName> = z.output<(typeof COMMANDS)[N]['params']>;
export type Result<N extends CommandName> = z.input<(typeof COMMANDS)[N]['result']>;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

export function definitionOf(name: CommandName): CommandDefinition {
  return COMMANDS[name];
}

/** The members of `content` that the journal keeps. */
export function kept(content: unknown, keys: readonly string[]): Record<string, unknown> {
  if (typeof content !== 'object' || content === null) return {};
  return Object.fromEntries(Object.entries(content).filter(([key]) => keys.includes(key)));
}
