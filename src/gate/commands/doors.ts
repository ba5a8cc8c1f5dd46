import { COMMANDS } from '../../commands/index.ts';
import { MenshenError } from '../../common/index.ts';
import type { Door } from '../../door/index.ts';
import type { CommandParts } from './parts.ts';
import { bind } from './runner.ts';

export function doorHandlers({ loaded, doors, emergency, resetZone }: CommandParts) {
  const find = (id: string): Door => {
    const door = doors.get(id);
    if (door === undefined) throw new MenshenError('COMMAND_NO_SUCH_PART', `there is no door "${id}"`);
    return door;
  };
  const told = (door: Door) => ({ door: door.id, state: door.status().state });
  return {
    'door.open': bind(COMMANDS['door.open'], async (params, { command }) => {
      const door = find(params.door);
      if (door.status().lockdown) {
        throw new MenshenError('DOOR_LOCKDOWN', `door "${door.id}" does not open: there is a lockdown`);
      }
      const outcome = await door.unlock({ kind: 'remote', by: command.key, command: command.id });
      if (!outcome.ok) throw new MenshenError(outcome.code, outcome.message);
      return told(door);
    }),
    'door.release': bind(COMMANDS['door.release'], (params) => {
      const door = find(params.door);
      door.release();
      return told(door);
    }),
    'door.hold': bind(COMMANDS['door.hold'], ({ door: id, forS }, { command }) => {
      const door = find(id);
      const cause = { kind: 'remote', by: command.key, command: command.id } as const;
      const outcome = door.hold(cause, { forMs: forS === undefined ? null : forS * 1000 });
      if (!outcome.ok) throw new MenshenError(outcome.code, outcome.message);
      return told(door);
    }),
    'door.endHold': bind(COMMANDS['door.endHold'], (params) => {
      const door = find(params.door);
      door.endHold('remote');
      return told(door);
    }),
    'door.clearAlarm': bind(COMMANDS['door.clearAlarm'], (params, { command }) => {
      const door = find(params.door);
      return { door: door.id, cleared: door.clearAlarm(command.key) };
    }),
    'gate.lockdown': bind(COMMANDS['gate.lockdown'], ({ exempt }, { command }) => {
      emergency.lockDown(command.key, exempt);
      return { lockdown: true as const };
    }),
    'gate.endLockdown': bind(COMMANDS['gate.endLockdown'], (_, { command }) => ({
      ended: emergency.endLockdown(command.key),
    })),
    'gate.resetFire': bind(COMMANDS['gate.resetFire'], (_, { command }) => {
      const outcome = emergency.reset(command.key);
      if (!outcome.ok) throw new MenshenError(outcome.code, outcome.message);
      return { fire: false as const };
    }),
    'zone.reset': bind(COMMANDS['zone.reset'], ({ zone }, { command }) => {
      if (!loaded.config.access.zones.some(({ id }) => id === zone)) {
        throw new MenshenError('COMMAND_NO_SUCH_PART', `there is no zone "${zone}"`);
      }
      resetZone(zone, command.key);
      return { zone };
    }),
  };
}
