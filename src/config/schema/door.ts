import { z } from 'zod';
import { id, milliseconds } from './common.ts';
import { InputLineSchema, OutputLineSchema } from './line.ts';

export const DoorSchema = z
  .strictObject({
    id: id.describe('Name of the door in events and topics'),
    relay: z
      .strictObject({
        line: OutputLineSchema,
        activeLow: z.boolean().default(false).describe('The relay is energised by a low level'),
      })
      .describe('The relay that lets the lock go'),
    unlockMs: milliseconds(5000, 200, 255_000).describe('How long the relay stays energised'),
    relockOnOpen: z
      .boolean()
      .default(true)
      .describe('Release the relay as soon as the door has opened; if not, when it has closed again'),
    contact: z
      .strictObject({
        line: InputLineSchema,
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
    heldOpenMs: milliseconds(30_000, 0, 3_600_000).describe('An open door alarms after this time; 0 is off'),
  })
  .describe('A door');
export type DoorConfig = z.infer<typeof DoorSchema>;
