import { z } from 'zod';
import { id, milliseconds } from './common.ts';
import { EntrySchema } from './entry.ts';
import { InputLineSchema, OutputLineSchema } from './line.ts';

/** Of a changeover contact; docs/reference/door.md tells which levels mean what. */
export const SecondLineSchema = InputLineSchema.optional().describe(
  'Line of the opposite contact of a changeover contact; with it the wiring is supervised for shorts and cuts',
);

export const DoorSchema = z
  .strictObject({
    id: id.describe('Name of the door in events and topics'),
    relay: z
      .strictObject({
        line: OutputLineSchema,
        activeLow: z.boolean().default(false).describe('The relay is energised by a low level'),
        energised: z
          .enum(['unlocks', 'locks'])
          .default('unlocks')
          .describe('What the energised relay does to the lock'),
        pulseMs: milliseconds(0, 0, 255_000).describe(
          'The relay unlocks for this long at each opening, for a lock that stays unlocked until it has been opened; 0: for the whole unlock time',
        ),
      })
      .describe('The relay that lets the lock go'),
    unlockMs: milliseconds(5000, 200, 255_000).describe('Unlock time: how long the door can be opened'),
    extended: z
      .strictObject({
        unlockMs: milliseconds(15_000, 200, 255_000).describe(
          'Unlock time; never less than the ordinary one',
        ),
        heldOpenMs: milliseconds(60_000, 0, 3_600_000).describe(
          'Held-open time; never less than the ordinary one, and off with it',
        ),
      })
      .prefault({})
      .describe('For people who need more time to pass'),
    relockOnOpen: z
      .boolean()
      .default(true)
      .describe('Lock as soon as the door has opened; if not, when it has closed again'),
    contact: z
      .strictObject({
        line: InputLineSchema,
        second: SecondLineSchema,
        normally: z
          .enum(['open', 'closed'])
          .default('closed')
          .describe('State of the contact while the door is closed'),
        debounceMs: milliseconds(50, 0, 1000).describe(
          'A change counts once the level has held for this long',
        ),
      })
      .optional()
      .describe(
        'Door contact; without one, opening is not seen and there are no held-open and forced-open alarms',
      ),
    rex: z
      .strictObject({
        line: InputLineSchema,
        second: SecondLineSchema,
        normally: z
          .enum(['open', 'closed'])
          .default('open')
          .describe('State of the button while nobody presses it'),
        debounceMs: milliseconds(30, 0, 1000).describe(
          'A press counts once the level has held for this long',
        ),
        stuckMs: milliseconds(60_000, 0, 3_600_000).describe(
          'A button pressed for longer than this is a fault and no longer holds the relay; 0 is off: the relay follows the button',
        ),
      })
      .optional()
      .describe('Request-to-exit button'),
    entry: EntrySchema.prefault({}),
    turnstile: z
      .strictObject({
        lane: id
          .optional()
          .describe(
            'Doors of the same lane let nobody in while somebody passes one of them; by default a lane of its own',
          ),
      })
      .optional()
      .describe(
        'The door is a turnstile: `contact` is its passage sensor, there is one passage for each unlock, and who has not passed in the unlock time must begin again',
      ),
    heldOpenMs: milliseconds(30_000, 0, 3_600_000).describe('An open door alarms after this time; 0 is off'),
    heldOpenWarningMs: z
      .number()
      .int()
      .min(0)
      .max(3_600_000)
      .optional()
      .describe(
        'A warning comes after this time, less than `heldOpenMs`; 0 is off. Without it: after two thirds of `heldOpenMs`',
      ),
    stuckAfter: z
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(10)
      .describe(
        'After so many unlocks in a row in which the contact stayed closed, the next one is a fault; 0 is off',
      ),
  })
  .refine(
    ({ heldOpenMs, heldOpenWarningMs = 0 }) => heldOpenWarningMs === 0 || heldOpenWarningMs < heldOpenMs,
    { path: ['heldOpenWarningMs'], message: 'must be less than heldOpenMs' },
  )
  .refine((door) => door.turnstile === undefined || (door.contact !== undefined && door.relockOnOpen), {
    path: ['turnstile'],
    message: 'needs contact (the passage sensor) and relockOnOpen',
  })
  .describe('A door');
export type DoorConfig = z.infer<typeof DoorSchema>;
