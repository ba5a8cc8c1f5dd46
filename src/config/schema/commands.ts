import { z } from 'zod';
import { id } from './common.ts';

export const CommandsSchema = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: id.describe('Name of the key; commands name it, the journal records it'),
          role: z
            .enum(['operator', 'administrator', 'auditor'])
            .describe(
              'What it may do: work the doors; change people and settings as well; look at records only',
            ),
          publicKey: z
            .string()
            .regex(
              /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/,
              'must be the public key that `menshen command keygen` printed',
            )
            .describe(
              'Public half of an Ed25519 key, base64 of its SPKI, as `menshen command keygen` prints it',
            ),
        }),
      )
      .min(1)
      .max(64)
      .describe('Who may send commands'),
    maxAgeS: z
      .number()
      .int()
      .min(5)
      .max(3600)
      .default(60)
      .describe('Seconds for which a command may be valid; older ones are refused'),
    maxClockSkewS: z
      .number()
      .int()
      .min(0)
      .max(300)
      .default(10)
      .describe(
        'Seconds by which the clock of a sender may be ahead; for as long after its first start the gate takes no command',
      ),
  })
  .superRefine(({ keys }, context) => {
    for (const member of ['id', 'publicKey'] as const) {
      const values = keys.map((key) => key[member]);
      for (const [index, value] of values.entries()) {
        if (values.indexOf(value) < index) {
          context.addIssue({ code: 'custom', path: ['keys', index, member], message: 'is there twice' });
        }
      }
    }
  })
  .describe('Commands over MQTT; without it the gate takes none');
export type CommandsConfig = z.infer<typeof CommandsSchema>;
