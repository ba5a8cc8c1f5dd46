import { z } from 'zod';
import { id } from './common.ts';

export const SiteSchema = z
  .strictObject({
    id: id.describe('Name of the site, as `menshen site init` was given it'),
    publicKeys: z
      .array(
        z
          .string()
          .regex(/^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/, 'must be the key that `menshen site init` printed'),
      )
      .min(1)
      .max(4)
      .describe('Keys of the administrators of the site: Ed25519, base64 of the SPKI'),
    holdS: z
      .number()
      .int()
      .min(0)
      .max(600)
      .default(30)
      .describe(
        'Seconds after a start for which nobody of the site is let in while it is not known yet whom the site has taken away',
      ),
    offlineHours: z
      .number()
      .int()
      .min(1)
      .max(8784)
      .default(168)
      .describe('Hours without word from the site after which nobody of it is let in any more'),
  })
  .describe(
    'People of a site, published once for all its gates ([fleet](../guides/fleet.md)); without it the gate knows those alone who are enrolled at it',
  );
export type SiteConfig = z.infer<typeof SiteSchema>;
