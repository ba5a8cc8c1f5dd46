import { z } from 'zod';
import { command } from '../definition.ts';
import { FOR_OPERATORS } from '../roles.ts';
import { GroupName, PartId, PersonId } from './common.ts';

const door = PartId.describe('The door');
const DoorResult = z.strictObject({ door, state: z.string().describe('State of the door now') });

export const DOOR_COMMANDS = {
  'door.open': command({
    summary: 'Unlocks a door once, for its unlock time.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ door }),
    result: DoorResult,
    harmless: false,
    keeps: { params: ['door'], result: ['state'] },
    example: { params: { door: 'front' }, result: { door: 'front', state: 'unlocked' } },
  }),
  'door.release': command({
    summary:
      'Ends every unlock and every hold of a door at once, except those of a fire alarm; the door works on.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ door }),
    result: DoorResult,
    harmless: true,
    keeps: { params: ['door'], result: ['state'] },
    example: { params: { door: 'front' }, result: { door: 'front', state: 'locked' } },
  }),
  'door.hold': command({
    summary: 'Makes a door remain open, for a time or until `door.endHold` or `door.release`.',
    roles: FOR_OPERATORS,
    params: z.strictObject({
      door,
      forS: z
        .number()
        .int()
        .min(1)
        .max(7 * 86_400)
        .optional()
        .describe('Seconds after which it locks again by itself; without it, it does not'),
    }),
    result: DoorResult,
    harmless: false,
    keeps: { params: ['door', 'forS'], result: ['state'] },
    example: { params: { door: 'front', forS: 600 }, result: { door: 'front', state: 'remain_open' } },
  }),
  'door.endHold': command({
    summary: 'Ends what `door.hold` began; a schedule or a fire alarm may keep the door open all the same.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ door }),
    result: DoorResult,
    harmless: true,
    keeps: { params: ['door'], result: ['state'] },
    example: { params: { door: 'front' }, result: { door: 'front', state: 'locked' } },
  }),
  'door.clearAlarm': command({
    summary: 'Ends the alarm of a door that was forced or held open; left open, it will alarm again.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ door }),
    result: z.strictObject({ door, cleared: z.boolean().describe('False where there was no alarm') }),
    harmless: false,
    keeps: { params: ['door'], result: ['cleared'] },
    example: { params: { door: 'front' }, result: { door: 'front', cleared: true } },
  }),
  'gate.lockdown': command({
    summary:
      'Locks every door of the gate for everybody but those named; exit buttons and fire alarm work on. It survives a restart.',
    roles: FOR_OPERATORS,
    params: z.strictObject({
      exempt: z
        .array(z.union([PersonId, GroupName]))
        .max(200)
        .default([])
        .describe('Ids of the people, and groups, who may come in all the same'),
    }),
    result: z.strictObject({ lockdown: z.literal(true) }),
    harmless: true,
    keeps: { params: ['exempt'], result: [] },
    example: { params: {}, result: { lockdown: true } },
  }),
  'gate.endLockdown': command({
    summary: 'Ends the lockdown.',
    roles: FOR_OPERATORS,
    params: z.strictObject({}),
    result: z.strictObject({ ended: z.boolean().describe('False where there was none') }),
    harmless: false,
    keeps: { params: [], result: ['ended'] },
    example: { params: {}, result: { ended: true } },
  }),
  'gate.resetFire': command({
    summary: 'Ends the fire alarm: the doors lock again. Refused while a fire input is active.',
    roles: FOR_OPERATORS,
    params: z.strictObject({}),
    result: z.strictObject({ fire: z.literal(false) }),
    harmless: false,
    keeps: { params: [], result: [] },
    example: { params: {}, result: { fire: false } },
  }),
  'zone.reset': command({
    summary: 'Forgets who is in a zone: everybody may come in again, and nobody is counted in it.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ zone: PartId.describe('The zone, by its id in `access.zones`') }),
    result: z.strictObject({ zone: PartId }),
    harmless: false,
    keeps: { params: ['zone'], result: [] },
    example: { params: { zone: 'inside' }, result: { zone: 'inside' } },
  }),
};
