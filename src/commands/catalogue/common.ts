import { z } from 'zod';

/** Id of a door or a camera, as in the configuration. */
export const PartId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);

/** Standard base64 of so many bytes at most. */
export function base64(maxBytes: number) {
  return z
    .base64()
    .min(4)
    .max(Math.ceil(maxBytes / 3) * 4);
}

/** A JPEG within one message: 256 KiB of JSON hold some 180,000 bytes of it. */
export const MAX_JPEG_BYTES = 180_000;

export const Consent = z
  .strictObject({
    local: z.literal(true).describe('Recognition at the device; nobody is enrolled without it'),
    cloud: z.boolean().default(false).describe('Pictures may be sent to the cloud when the gate is unsure'),
    version: z.string().trim().min(1).max(200).describe('Version of the text that was agreed to'),
  })
  .describe('What the person agreed to; the gate records the date');

export const PersonId = z.uuid().toLowerCase();
export const PersonName = z.string().trim().min(1).max(200);

/** A group of people, as `menshen people groups` sets it. */
export const GroupName = z.string().trim().min(1).max(63);
