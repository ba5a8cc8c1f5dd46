import { appendFileSync, createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { QualitySchema } from '../access/index.ts';
import { MenshenError, messageOf } from '../common/index.ts';
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
 * or anything else unreadable, is as if it were not there. Throws DATA_DIR_UNUSABLE where the file cannot be opened.
 */
export async function readLines(file: string, wanted: ReadonlySet<string>): Promise<Map<string, Line>> {
  const known = new Map<string, Line>();
  if (!existsSync(file)) return known;
  try {
    for await (const text of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      const keyed = parsed(text);
      if (keyed === null || !wanted.has(keyed.key)) continue;
      const { key, ...line } = keyed;
      known.set(key, line);
    }
  } catch (error) {
    throw unusable(file, error);
  }
  return known;
}

/** Null for a line that is none: its picture is analysed again. */
function parsed(text: string): z.infer<typeof KeyedSchema> | null {
  try {
    return KeyedSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Adds a line, on a new one should the last have been cut off. Faces are nobody else's to read. Throws DATA_DIR_UNUSABLE. */
export function appendLine(file: string, key: string, line: Line): void {
  try {
    appendFileSync(file, `\n${JSON.stringify({ key, ...line })}`, { mode: 0o600 });
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): MenshenError {
  return new MenshenError(
    'DATA_DIR_UNUSABLE',
    `${file}, in which the judged pictures are kept, cannot be used: ${messageOf(error)}. Make room, or name another folder with --out.`,
    { cause: error },
  );
}
