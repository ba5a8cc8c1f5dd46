import { z } from 'zod';
import type { HoldCause, PassCause, UnlockCause } from '../../door/index.ts';
import { data, fault, Id } from './common.ts';

const Grant = z.strictObject({ kind: z.literal('grant'), decisionId: Id, personId: Id });
const Rex = z.strictObject({ kind: z.literal('rex') });
const Remote = z.strictObject({
  kind: z.literal('remote'),
  by: z.string().describe('Key that signed the command'),
  command: Id.exactOptional().describe('Id of its event `command.accepted`'),
});
const Schedule = z.strictObject({ kind: z.literal('schedule'), schedule: Id });
const FirstPerson = z.strictObject({ kind: z.literal('firstPerson'), decisionId: Id, personId: Id });
const Emergency = z.strictObject({
  kind: z.literal('emergency'),
  by: z.string().describe('The fire input, or who raised it'),
});

/** Why somebody may pass once. */
export const PassCauseSchema = z
  .discriminatedUnion('kind', [Grant, Rex, Remote])
  .describe('Why somebody may pass once') satisfies z.ZodType<PassCause>;

/** Why a door remains open. */
export const HoldCauseSchema = z
  .discriminatedUnion('kind', [Schedule, Remote, FirstPerson, Emergency])
  .describe('Why a door remains open') satisfies z.ZodType<HoldCause>;

const UnlockCauseSchema = z
  .discriminatedUnion('kind', [Grant, Rex, Remote, Schedule, FirstPerson, Emergency])
  .describe('Why the door was unlocked') satisfies z.ZodType<UnlockCause>;

const openForMs = z.number();

export const DOOR_DATA = {
  'door.unlocked': data({
    cause: UnlockCauseSchema,
    relayMs: z
      .number()
      .nullable()
      .describe('How long the relay unlocks; null while something makes the door remain open'),
    extended: z.boolean().describe('The extended unlock time'),
    relayAt: z.number().describe('When the relay was switched, milliseconds of the monotonic clock'),
    captureToRelayMs: z.number().exactOptional().describe('After a face: from the picture to the relay'),
  }),
  'door.locked': data({}),
  'door.opened': data({}),
  'door.closed': data({}),
  'door.held_open_warning': data({ openForMs }),
  'door.held_open': data({ openForMs }),
  'door.forced_open': data({}),
  'door.alarm_cleared': data({
    alarm: z.enum(['held_open', 'forced_open']),
    by: z.string().nullable().describe('Who cleared it; null when the door was closed'),
  }),
  'door.remain_open': data({
    cause: HoldCauseSchema,
    forMs: z.number().nullable().describe('Null until it is ended'),
  }),
  'door.remain_open_ended': data({
    kind: z.enum(['schedule', 'remote', 'firstPerson', 'emergency']).describe('Of the cause'),
    why: z.enum(['ended', 'time', 'released', 'lockdown']),
  }),
  'door.rex': data({}),
  'door.fault': data(fault),
  'door.fault_cleared': data({}),
};
