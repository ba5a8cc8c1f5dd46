import type { z } from 'zod';
import type { RowCipher, RowIdentity } from './cipher.ts';
import {
  IdRowSchema,
  PassRecordSchema,
  PassRowSchema,
  PersonRecordSchema,
  PersonRowSchema,
  PictureRowSchema,
  parseJson,
  passIdentity,
  personIdentity,
  pictureIdentity,
  ReferenceRowSchema,
  referenceIdentity,
  unpackVector,
} from './rows.ts';
import type { GalleryFault, Pass, Person, Reference } from './types.ts';

export interface StoredReference extends Reference {
  readonly vector: Float32Array;
  readonly pictureId: string | null;
}

export interface StoredPicture {
  readonly id: string;
  readonly personId: string;
  readonly createdAt: string;
  readonly jpeg: Uint8Array;
}

export type Read<T> = { readonly value: T } | { readonly fault: GalleryFault };

/** The rows that can be used; what is wrong with the others goes to `faults`. */
export function usable<T>(rows: Iterable<Read<T>>, faults: GalleryFault[]): T[] {
  const good: T[] = [];
  for (const row of rows) {
    if ('fault' in row) faults.push(row.fault);
    else good.push(row.value);
  }
  return good;
}

/** Opens what is sealed in rows of the gallery and checks them; a row that cannot be used comes out as a fault. */
export class RowReader {
  readonly #cipher: RowCipher;

  constructor(cipher: RowCipher) {
    this.#cipher = cipher;
  }

  person(raw: unknown): Read<Person> {
    return this.#record('people', raw, PersonRowSchema, personIdentity, PersonRecordSchema);
  }

  pass(raw: unknown): Read<Pass> {
    return this.#record('passes', raw, PassRowSchema, passIdentity, PassRecordSchema);
  }

  reference(raw: unknown): Read<StoredReference> {
    const parsed = ReferenceRowSchema.safeParse(raw);
    if (!parsed.success) return malformed('refs', raw, parsed.error);
    const row = parsed.data;
    const plain = this.#cipher.open(referenceIdentity(row), row.sealed);
    const vector = plain === null ? null : unpackVector(plain);
    if (vector === null) return altered('refs', row.id);
    return {
      value: {
        id: row.id,
        personId: row.person_id,
        pictureId: row.picture_id,
        model: { id: row.model_id, version: row.model_version },
        qualityScore: row.quality,
        createdAt: row.created_at,
        vector,
      },
    };
  }

  picture(raw: unknown): Read<StoredPicture> {
    const row = PictureRowSchema.safeParse(raw);
    if (!row.success) return malformed('pictures', raw, row.error);
    const jpeg = this.#cipher.open(pictureIdentity(row.data), row.data.sealed);
    if (jpeg === null) return altered('pictures', row.data.id);
    return { value: { id: row.data.id, personId: row.data.person_id, createdAt: row.data.created_at, jpeg } };
  }

  #record<T extends object>(
    table: 'people' | 'passes',
    raw: unknown,
    rowSchema: typeof PersonRowSchema,
    identity: (id: string) => RowIdentity,
    schema: z.ZodType<T>,
  ): Read<T & { readonly id: string }> {
    const row = rowSchema.safeParse(raw);
    if (!row.success) return malformed(table, raw, row.error);
    const plain = this.#cipher.open(identity(row.data.id), row.data.sealed);
    if (plain === null) return altered(table, row.data.id);
    const record = schema.safeParse(parseJson(plain));
    if (!record.success) return malformed(table, raw, record.error);
    return { value: { id: row.data.id, ...record.data } };
  }
}

function altered(table: GalleryFault['table'], id: string): { fault: GalleryFault } {
  return {
    fault: {
      table,
      id,
      message: `Row ${id} of table "${table}" was altered or damaged and is not used. ${remedy(table)}`,
    },
  };
}

function malformed(table: GalleryFault['table'], raw: unknown, error: z.ZodError): { fault: GalleryFault } {
  const row = IdRowSchema.safeParse(raw);
  const id = row.success ? row.data.id : '(no id)';
  const columns = [...new Set(error.issues.map((issue) => issue.path.join('.')))].join(', ');
  return {
    fault: {
      table,
      id,
      message: `Row ${id} of table "${table}" is malformed (${columns}) and is not used. ${remedy(table)}`,
    },
  };
}

function remedy(table: GalleryFault['table']): string {
  return table === 'passes' ? 'Make another pass.' : 'Remove the person and enrol again.';
}
