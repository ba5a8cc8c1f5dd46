import { z } from 'zod';
import { id, milliseconds, SecretSchema } from './common.ts';

/** Kinds of credentials that can be presented at a door. */
export const CREDENTIALS = ['face', 'card', 'pin', 'qr'] as const;
export type CredentialKind = (typeof CREDENTIALS)[number];

/** The zone that nothing is kept of. */
export const OUTSIDE = 'outside';

const COMBINATION = /^(face|card|pin|qr)(\+(face|card|pin|qr))*$/;

const combination = z
  .string()
  .regex(COMBINATION, 'use face, card, pin and qr, joined by "+" where one person needs several')
  .refine((text) => new Set(text.split('+')).size === text.split('+').length, 'names a credential twice')
  .refine((text) => text !== 'pin', 'a PIN confirms a face or a card; it is no credential by itself');

const groups = z.array(id).max(32);

const WaySchema = z
  .strictObject({
    by: z
      .array(combination)
      .min(1)
      .max(16)
      .describe('Credentials, any of these: face, card, qr, face+pin, card+pin, face+card and so on'),
    when: id.default('always').describe('Schedule in which this way is open'),
    direction: z.enum(['in', 'out', 'both']).default('both').describe('Direction that it leads to'),
    groups: groups.default([]).describe('Groups of people it is open to; an empty list is everybody'),
    together: z
      .array(
        z.strictObject({ groups: groups.describe('One person of these groups; an empty list is anybody') }),
      )
      .min(2)
      .max(4)
      .optional()
      .describe('So many different people, in any order, each with a credential of `by`'),
    withinMs: milliseconds(10_000, 500, 300_000).describe(
      'Time within which the further credentials, or people, must follow',
    ),
  })
  .refine((way) => way.together === undefined || way.groups.length === 0, {
    message: 'a way of several people names their groups in together',
    path: ['groups'],
  })
  .describe('A way to open the door');

export const EntrySchema = z
  .strictObject({
    ways: z
      .array(WaySchema)
      .min(1)
      .max(64)
      .default([{ by: ['face'], when: 'always', direction: 'both', groups: [], withinMs: 10_000 }])
      .describe('What opens the door; any of these'),
    outside: id
      .default(OUTSIDE)
      .describe('Zone that people come from when they go in; "outside" is built in'),
    inside: id.optional().describe('Zone that they come to; without it nothing is kept of who is where'),
    remainOpen: id.optional().describe('Schedule in which the door is unlocked for everybody'),
    remainLocked: id
      .optional()
      .describe(
        'Schedule in which the door stays locked whoever comes; exit button and fire open it all the same',
      ),
    firstPerson: z
      .strictObject({
        groups: groups.default([]).describe('Groups the first person must be of; an empty list is anybody'),
        when: id.default('always').describe('Schedule in which this holds'),
        openMs: milliseconds(3_600_000, 1000, 86_400_000).describe(
          'Time for which the door then remains open',
        ),
      })
      .optional()
      .describe('The first person who is let in unlocks the door for everybody'),
    mask: z
      .enum(['must', 'remind', 'ignore'])
      .default('ignore')
      .describe('Who shows a face must wear a mask, is reminded to, or may do as they like'),
  })
  .describe('What opens the door, when, and for whom');
export type EntryConfig = z.infer<typeof EntrySchema>;

const AntiPassbackSchema = z
  .strictObject({
    mode: z
      .enum(['hard', 'soft', 'timed'])
      .describe(
        'hard: nobody enters who is inside or leaves who is not; soft: that is noted and nothing more; timed: nobody enters again within forMs',
      ),
    forMs: milliseconds(0, 0, 604_800_000).describe(
      'timed: how long; hard and soft: after this time it is forgotten where somebody was last; 0 is never',
    ),
    resetAt: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use HH:MM')
      .optional()
      .describe('Local time at which the zone counts as empty again, every day'),
    alone: z
      .enum(['last', 'soft'])
      .default('last')
      .describe('While this gate cannot hear the others of its site: go by what it knew last, or only note'),
  })
  .refine((rule) => rule.mode !== 'timed' || rule.forMs > 0, { message: 'timed needs it', path: ['forMs'] });

export const AccessSchema = z
  .strictObject({
    faceOnly: z
      .literal('accepted')
      .optional()
      .describe(
        'Says in words that at some door a face is the only way in. Laws forbid that in many places: offer a card, or a card and a PIN, and leave this out',
      ),
    zones: z
      .array(
        z.strictObject({
          id: id.refine((name) => name !== OUTSIDE, 'is built in').describe('Name of the zone'),
          antiPassback: AntiPassbackSchema.optional().describe('Nobody enters twice, or hands a card back'),
          maxPeople: z
            .number()
            .int()
            .min(1)
            .max(100_000)
            .optional()
            .describe('People in it at a time at most'),
        }),
      )
      .max(256)
      .default([])
      .describe('Zones behind the doors'),
    site: z
      .strictObject({
        id: id.describe('Name of the site; the same at each of its gates'),
        key: SecretSchema.describe('Secret that the gates of the site share, by which they know each other'),
      })
      .optional()
      .describe('Shares who is where with the other gates of the site, over the broker'),
    interlocks: z
      .array(
        z.strictObject({
          doors: z.array(id).min(2).describe('Of these only one is open or unlocked at a time'),
        }),
      )
      .default([])
      .describe('Airlocks'),
  })
  .describe('Rules that hold over several doors');
export type AccessConfig = z.infer<typeof AccessSchema>;
