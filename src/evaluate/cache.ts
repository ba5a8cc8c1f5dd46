import { appendFileSync, createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { QualitySchema } from '../access/index.ts';
import { MASK_STATES } from '../vision/types.ts';

/** What the chain made of a picture; `fault` says why it made nothing. */
export const LineSchema = z.object({
  fault: z.string().nullable(),
  /** The file could not be read as a picture: nothing was looked at. */
  unreadable: z.boolean(),
  /** SHA-256 of the file, to tell copies by; null when it could not be opened. */
  digest: z.string().nullable(),
  /** Faces found. */
  faces: z.int(),
  quality: QualitySchema.nullable(),
  /** Null where the catalogue of models names no network for it. */
  mask: z.object({ state: z.enum(MASK_STATES), score: z.number() }).nullable(),
  liveness: z.number().nullable(),
  /** As at the door, and as at enrolment (averaged with the mirror image); base64 of float32. */
  probe: z.string().nullable(),
  reference: z.string().nullable(),
});
export type Line = z.infer<typeof LineSchema>;

const KeyedSchema = LineSchema.extend({ key: z.string() });

/**
 * The lines of these keys that a file has, read line by line: it may be larger than memory. A last line cut off by a kill,
 * or anything else unreadable, is as if it were not there.
 */
export async function readLines(file: string, wanted: ReadonlySet<string>): Promise<Map<string, Line>> {
  const known = new Map<string, Line>();
  if (!existsSync(file)) return known;
  for await (const text of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    try {
      const { key, ...line } = KeyedSchema.parse(JSON.parse(text));
      if (wanted.has(key)) known.set(key, line);
    } catch {
      // Analysed again.
    }
  }
  return known;
}

/** Adds a line, on a new one should the last have been cut off. Faces are nobody else's to read. */
export function appendLine(file: string, key: string, line: Line): void {
  appendFileSync(file, `\n${JSON.stringify({ key, ...line })}`, { mode: 0o600 });
}
