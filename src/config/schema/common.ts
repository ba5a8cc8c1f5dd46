import { z } from 'zod';

/** A name in topics and file names. */
export const id = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'use 1 to 63 of a-z, 0-9, "-" and "_", beginning with a letter or digit',
  );

/** Whole milliseconds with a default and bounds. */
export const milliseconds = (fallback: number, min: number, max: number) =>
  z.number().int().min(min).max(max).default(fallback);

/**
 * Path of a file or folder. The loader makes it absolute, reckoned from the folder of the configuration file;
 * the mark `x-path` (in the JSON Schema) is what it goes by.
 */
export const filePath = z.string().min(1).meta({ 'x-path': true });

/** A secret: never in clear in a record or a log. Read from a file, a systemd credential or the environment; a literal is allowed for trying things out. */
export const SecretSchema = z
  .union([
    z.strictObject({ file: filePath.describe('Path of a file holding the secret') }),
    z.strictObject({
      credential: z.string().min(1).describe('Name of a systemd credential (LoadCredential=)'),
    }),
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable') }),
    z.strictObject({ value: z.string().min(1).describe('The secret itself; only for trying things out') }),
  ])
  .meta({ 'x-secret': true })
  .describe('Where a secret comes from');
export type SecretSource = z.infer<typeof SecretSchema>;

/** A part of a whole, or a score, 0..1. */
export const fraction = z.number().min(0).max(1);
