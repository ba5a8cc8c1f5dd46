import { z } from 'zod';
import { id, milliseconds } from './common.ts';

/** Rates that `stty` sets on every driver we know of. */
const BAUD_RATES = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200] as const;
const EVDEV_ONLY = ['grab', 'burstGapMs'] as const;
const SERIAL_ONLY = ['baud', 'heartbeatMs'] as const;

const CardSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Cards are read'),
  format: z
    .enum(['decimal', 'hex', 'facility'])
    .default('decimal')
    .describe(
      'What a reader that appears as a keyboard types: decimal (0012345678), hex (00BC614E), or facility,number (188,24910, or 3 and 5 digits in one); on a serial line the frame says so itself',
    ),
  bits: z
    .number()
    .int()
    .min(16)
    .max(80)
    .default(80)
    .describe(
      'Lowest bits of a card that count: 24 where a site has a 26-bit Wiegand reader among others, so that a card is the same at each',
    ),
  reversed: z
    .boolean()
    .default(false)
    .describe('The reader gives the bytes of a card backwards, the lowest first'),
  minLength: z
    .number()
    .int()
    .min(4)
    .max(20)
    .default(6)
    .describe('Fewer characters than this, however fast, are no card (keyboards only)'),
  repeatMs: milliseconds(2000, 0, 60_000).describe(
    'A card held before the reader is told again only after it was gone for this long',
  ),
});

const KeypadSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe('Digits that a person types are taken: a PIN. The reader has keys'),
  length: z
    .number()
    .int()
    .min(0)
    .max(16)
    .default(0)
    .describe('An entry is complete with this many digits; 0: with Enter or #'),
  maxLength: z.number().int().min(4).max(16).default(12).describe('Longer entries are thrown away'),
  timeoutMs: milliseconds(10_000, 1000, 60_000).describe(
    'An entry is thrown away when no key follows for this long',
  ),
});

/** A card reader or keypad, see docs/reference/readers.md. */
export const ReaderSchema = z
  .strictObject({
    id: id.describe('Name of the reader in events'),
    door: id.describe('The door it stands at'),
    direction: z.enum(['in', 'out']).default('in').describe('Which way through the door it lets people'),
    kind: z
      .enum(['evdev', 'serial'])
      .describe('evdev: a reader that appears as a keyboard; serial: a Wiegand converter on a serial line'),
    device: z
      .string()
      .regex(/^(\/.+|[^/\s]+)$/, 'use an absolute path, or a name in /dev/input/by-id or /dev/serial/by-id')
      .describe(
        'Absolute path, or a name in /dev/input/by-id or /dev/serial/by-id, which survives replugging',
      ),
    grab: z
      .boolean()
      .optional()
      .describe(
        'evdev: take the device for Menshen alone, so that card numbers reach no console; true by default',
      ),
    burstGapMs: z
      .number()
      .int()
      .min(5)
      .max(200)
      .optional()
      .describe(
        'evdev: keys that follow one another within this time come from a card, not a person; 40 by default',
      ),
    baud: z
      .literal(BAUD_RATES)
      .optional()
      .describe('serial: bits a second, with 8 data bits, no parity, 1 stop bit; 9600 by default'),
    heartbeatMs: z
      .number()
      .int()
      .min(0)
      .max(600_000)
      .optional()
      .describe(
        'serial: a converter that says nothing for this long is told as down; 0, the default, is off',
      ),
    card: CardSchema.prefault({}).describe('Cards'),
    keypad: KeypadSchema.prefault({}).describe('Keys'),
  })
  .superRefine((reader, context) => {
    const foreign = reader.kind === 'evdev' ? SERIAL_ONLY : EVDEV_ONLY;
    for (const key of foreign) {
      if (reader[key] !== undefined) {
        context.addIssue({ code: 'custom', path: [key], message: `does not belong to kind ${reader.kind}` });
      }
    }
    if (!reader.card.enabled && !reader.keypad.enabled) {
      context.addIssue({
        code: 'custom',
        path: ['card', 'enabled'],
        message: 'a reader without cards needs keypad.enabled',
      });
    }
    if (reader.keypad.length > reader.keypad.maxLength) {
      context.addIssue({
        code: 'custom',
        path: ['keypad', 'length'],
        message: 'must not be above keypad.maxLength',
      });
    }
  })
  .describe('A card reader or keypad');
export type ReaderConfig = z.infer<typeof ReaderSchema>;
