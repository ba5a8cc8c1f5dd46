import { z } from 'zod';
import { normaliseIdNumber, normaliseName } from '../../cloud/index.ts';
import type { Db } from './database.ts';
import type { Keyring } from './keyring.ts';

/** Who the local register knows: name and ID number as keyed hashes only, the face as a sealed embedding. */
export interface RegisterEntry {
  readonly name: string;
  readonly idNumber: string;
  readonly face: { readonly model: string; readonly vector: Float32Array } | null;
}

/** What the register says of a name and an ID number. */
export type Finding =
  /** Unknown ID number, or another name. */
  | { readonly known: false }
  /** `face` is null when no portrait was imported, or one by another network. */
  | { readonly known: true; readonly face: Float32Array | null };

const row = z.object({
  name_hash: z.instanceof(Buffer),
  model: z.string().nullable(),
  sealed_embedding: z.instanceof(Buffer).nullable(),
});

/** The authority's register of real-name authentication, on this machine. */
export class Register {
  readonly #db: Db;
  readonly #keyring: Keyring;

  constructor(db: Db, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /** Enters people, replacing entries of the same ID number; all or none. Throws InputRefused for a name or ID number that is none. */
  put(entries: readonly RegisterEntry[], now: Date): void {
    const insert = this.#db.prepare('INSERT OR REPLACE INTO register VALUES (?, ?, ?, ?, ?)');
    this.#db
      .transaction(() => {
        for (const { name, idNumber, face } of entries) {
          const id = this.#keyring.hash('id', normaliseIdNumber(idNumber, now));
          insert.run(
            id,
            this.#keyring.hash('name', normaliseName(name)),
            face?.model ?? null,
            face === null ? null : this.#keyring.seal(bytesOf(face.vector), aboutFace(id)),
            now.toISOString(),
          );
        }
      })
      .immediate();
  }

  /** `idNumber` and `name` in their normal form; `model` names the network that will compare. */
  find(name: string, idNumber: string, model: string): Finding {
    const id = this.#keyring.hash('id', idNumber);
    const found = this.#db
      .prepare('SELECT name_hash, model, sealed_embedding FROM register WHERE id_hash = ?')
      .get(id);
    if (found === undefined) return { known: false };
    const entry = row.parse(found);
    if (!entry.name_hash.equals(this.#keyring.hash('name', name))) return { known: false };
    if (entry.sealed_embedding === null || entry.model !== model) return { known: true, face: null };
    return { known: true, face: vectorOf(this.#keyring.open(entry.sealed_embedding, aboutFace(id))) };
  }

  get size(): number {
    return z
      .object({ count: z.number() })
      .parse(this.#db.prepare('SELECT COUNT(*) AS count FROM register').get()).count;
  }

  /** Takes everybody out. */
  clear(): void {
    this.#db.prepare('DELETE FROM register').run();
  }
}

function aboutFace(id: Buffer): string {
  return `register ${id.toString('hex')}`;
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

function vectorOf(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
