import { z } from 'zod';
import { id, milliseconds } from './common.ts';
import { SecondLineSchema } from './door.ts';
import { InputLineSchema } from './line.ts';

/** An alarm input: something of the house that the gate must know of. */
export const InputSchema = z
  .strictObject({
    id: id.describe('Name of the input in events and topics'),
    kind: z
      .enum(['fire', 'fire_reset', 'tamper', 'power_fail', 'battery_low'])
      .describe(
        'What it means when it is active: fire alarm (doors open and stay open), key switch that resets the fire alarm, housing opened, mains power gone, battery nearly empty',
      ),
    line: InputLineSchema,
    second: SecondLineSchema,
    normally: z
      .enum(['open', 'closed'])
      .optional()
      .describe(
        'State of the contact while nothing is wrong. Without it: `closed`, so that a cut wire is an alarm; for `fire_reset`: `open`',
      ),
    debounceMs: milliseconds(30, 0, 1000).describe('A change counts once the level has held for this long'),
    door: id.optional().describe('The door it belongs to, for its events; not for `fire`'),
    doors: z
      .array(id)
      .min(1)
      .optional()
      .describe('Only for `fire`: the doors that it opens. Without it: all doors'),
    reset: z
      .enum(['manual', 'automatic'])
      .optional()
      .describe(
        'Only for `fire`: the doors lock again when the input has cleared and somebody resets the alarm, or as soon as it has cleared. Without it: `manual`',
      ),
  })
  .superRefine(({ kind, doors, reset, door }, context) => {
    const only = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (kind === 'fire') {
      if (door !== undefined) only('door', 'is not for fire inputs; name the doors that it opens in doors');
      return;
    }
    if (doors !== undefined) only('doors', 'is for fire inputs only');
    if (reset !== undefined) only('reset', 'is for fire inputs only');
  })
  .describe('An alarm input');
export type InputConfig = z.infer<typeof InputSchema>;
