import { randomUUID } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import type { RowCipher } from './cipher.ts';
import type { Db } from './database.ts';
import {
  isUnit,
  type PersonRecord,
  packVector,
  passIdentity,
  personIdentity,
  pictureIdentity,
  referenceIdentity,
} from './rows.ts';
import type { NewReference, Pass, Person, Reference } from './types.ts';

/** The writing half of one transaction; made by `GalleryStore.write`, of no use after it. */
export class GalleryWriter {
  readonly #db: Db;
  readonly #cipher: RowCipher;
  #generation: number | null = null;

  constructor(db: Db, cipher: RowCipher) {
    this.#db = db;
    this.#cipher = cipher;
  }

  has(table: 'people' | 'refs' | 'pictures' | 'passes', id: string): boolean {
    return this.#db.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id) !== undefined;
  }

  /** Adds the person, or writes the record anew when the id is there already. */
  putPerson(person: Person): void {
    const { id, ...fields } = person;
    const record = fields satisfies Readonly<Record<keyof PersonRecord, unknown>>;
    const sealed = this.#cipher.seal(personIdentity(id), Buffer.from(JSON.stringify(record), 'utf8'));
    this.#db
      .prepare(
        `INSERT INTO people (id, generation, sealed) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, sealed = excluded.sealed`,
      )
      .run(id, this.#nextGeneration(), sealed);
  }

  addPicture(picture: { id: string; personId: string; createdAt: string; jpeg: Uint8Array }): void {
    const row = { id: picture.id, person_id: picture.personId, created_at: picture.createdAt };
    this.#db
      .prepare('INSERT INTO pictures (id, person_id, created_at, sealed) VALUES (?, ?, ?, ?)')
      .run(row.id, row.person_id, row.created_at, this.#cipher.seal(pictureIdentity(row), picture.jpeg));
  }

  addReference(reference: Reference & { vector: Float32Array; pictureId: string | null }): void {
    const row = {
      id: reference.id,
      person_id: reference.personId,
      picture_id: reference.pictureId,
      model_id: reference.model.id,
      model_version: reference.model.version,
      quality: reference.qualityScore,
      created_at: reference.createdAt,
    };
    this.#db
      .prepare(
        `INSERT INTO refs (id, person_id, picture_id, model_id, model_version, quality, created_at, generation, sealed)
         VALUES (@id, @person_id, @picture_id, @model_id, @model_version, @quality, @created_at, @generation, @sealed)`,
      )
      .run({
        ...row,
        generation: this.#nextGeneration(),
        sealed: this.#cipher.seal(referenceIdentity(row), packVector(reference.vector)),
      });
  }

  /** Adds new references of a person with their pictures. `now`: UTC, ISO 8601. Throws INTERNAL for what is no embedding. */
  enrol(personId: string, references: readonly NewReference[], now: string): void {
    for (const { embedding, qualityScore, picture } of references) {
      const { vector, model } = embedding;
      if (!isUnit(vector))
        throw new MenshenError(
          'INTERNAL',
          'An embedding to enrol is not a vector of 512 numbers and norm 1.',
        );
      const pictureId = picture === null ? null : randomUUID();
      if (picture !== null && pictureId !== null)
        this.addPicture({ id: pictureId, personId, createdAt: now, jpeg: picture });
      const id = randomUUID();
      this.addReference({ id, personId, pictureId, model, qualityScore, createdAt: now, vector });
    }
  }

  addPass({ id, ...record }: Pass): void {
    const sealed = this.#cipher.seal(passIdentity(id), Buffer.from(JSON.stringify(record), 'utf8'));
    this.#db
      .prepare('INSERT INTO passes (id, generation, sealed) VALUES (?, ?, ?)')
      .run(id, this.#nextGeneration(), sealed);
  }

  /** False when there is no pass of this id. */
  removePass(id: string): boolean {
    return this.#remove('passes', id);
  }

  /** Takes the person away with all references and pictures. False when there is nobody of this id. */
  removePerson(id: string): boolean {
    return this.#remove('people', id);
  }

  /** Takes all references and pictures of a person away. */
  dropReferences(personId: string): void {
    const dropped = this.#db.prepare('DELETE FROM refs WHERE person_id = ?').run(personId).changes;
    this.#db.prepare('DELETE FROM pictures WHERE person_id = ?').run(personId);
    if (dropped > 0) this.#db.prepare('UPDATE meta SET removals = removals + 1').run();
  }

  #remove(table: 'people' | 'passes', id: string): boolean {
    if (this.#db.prepare(`DELETE FROM ${table} WHERE id = ?`).run(id).changes === 0) return false;
    this.#nextGeneration();
    this.#db.prepare('UPDATE meta SET removals = removals + 1').run();
    return true;
  }

  /** One generation a transaction, counted when the first row is written. */
  #nextGeneration(): number {
    if (this.#generation === null) {
      const row = this.#db
        .prepare('UPDATE meta SET generation = generation + 1 RETURNING generation')
        .pluck()
        .get();
      this.#generation = Number(row);
    }
    return this.#generation;
  }
}
