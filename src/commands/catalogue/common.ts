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

/** The most of a photo in parts. 20 megapixels, the most that enrolling takes, are 56 MiB as JPEG of white noise at the best quality. */
export const MAX_PHOTO_BYTES = 64 * 1024 * 1024;
export const MAX_PHOTO_PARTS = 1000;

/** SHA-256 of a photo. */
export const PhotoHash = z.string().regex(/^[0-9a-f]{64}$/);

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
