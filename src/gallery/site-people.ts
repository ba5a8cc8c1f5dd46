import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { isoNow } from '../common/index.ts';
import type { Arrival, Entry, ModelName, SiteFault, SiteRoster } from '../site/index.ts';
import type { RowCipher } from './cipher.ts';
import { type Db, guarded, openDatabase } from './database.ts';
import { ensureDataDir } from './files.ts';
import { GalleryStore } from './store.ts';
import type { Person } from './types.ts';
import { unlock } from './unlock.ts';
import type { GalleryWriter } from './writer.ts';

const SiteRowSchema = z.object({
  id: z.string(),
  version: z.int(),
  root: z.string(),
  confirmed_at: z.int(),
});
const PersonRowSchema = z.object({
  person_id: z.string(),
  version: z.int(),
  digest: z.string(),
  model: z.string(),
  templates: z.int(),
  faults: z.string(),
});
const FaultsSchema = z.array(z.object({ face: z.int().nullable(), code: z.string() }));

export interface SitePeopleOptions {
  readonly dataDir: string;
  readonly key?: string | undefined;
  /** Id of the site that the gate follows; people of any other are taken away. */
  readonly site: string;
  /** Embedding network of the gate: people whose templates are of another count as not held. */
  readonly model: ModelName;
  readonly busyTimeoutMs?: number;
}

/**
 * The people of a site in the gallery of a gate, beside those enrolled there: written here, by nobody else, and searched
 * by whoever has the same gallery open (`Gallery.refresh`). What is held is known from the rows themselves: a row that
 * was altered or is gone is not held any more, so that following the site repairs it.
 */
export class SitePeople implements SiteRoster {
  readonly #db: Db;
  readonly #path: string;
  readonly #store: GalleryStore;
  readonly #options: SitePeopleOptions;
  readonly #faults = new Map<string, readonly SiteFault[]>();
  #believed: { version: number; root: string };
  #confirmedAt = 0;

  private constructor(db: Db, path: string, cipher: RowCipher, options: SitePeopleOptions) {
    this.#db = db;
    this.#path = path;
    this.#store = new GalleryStore(db, path, cipher);
    this.#options = options;
    this.#believed = this.#begin();
  }

  /** Throws as `Gallery.open` does. */
  static open(options: SitePeopleOptions): SitePeople {
    const { dataDir, key, busyTimeoutMs = 5000 } = options;
    ensureDataDir(dataDir);
    const path = join(dataDir, 'gallery.sqlite');
    const db = openDatabase(path, dataDir, busyTimeoutMs);
    try {
      return new SitePeople(db, path, unlock(db, path, dataDir, key).cipher, options);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get believed(): { readonly version: number; readonly root: string } {
    return this.#believed;
  }

  /** When the gate last knew that it holds nobody the site has taken away; milliseconds since 1970, 0 for never. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** What is held in full, by rows that open; people of whom a photo was missing are to be fetched again. */
  *entries(): Generator<Entry> {
    const model = nameOf(this.#options.model);
    for (const row of this.#rows()) {
      const faults = faultsOf(row);
      this.#faults.set(row.person_id, faults);
      const sound = row.model === model && !faults.some(({ code }) => code === 'SITE_PHOTO_MISSING');
      if (sound && this.#isWhole(row)) {
        yield { id: row.person_id, version: row.version, digest: row.digest };
      }
    }
  }

  believe(version: number, root: string): void {
    if (version === this.#believed.version) return;
    guarded(this.#path, () => this.#db.prepare('UPDATE site SET version = ?, root = ?').run(version, root));
    this.#believed = { version, root };
  }

  /** @param at milliseconds since 1970 */
  confirm(at: number): void {
    guarded(this.#path, () => this.#db.prepare('UPDATE site SET confirmed_at = ?').run(at));
    this.#confirmedAt = at;
  }

  /** Erases them, with all references; whoever was enrolled at the gate stays. */
  remove(ids: readonly string[]): readonly string[] {
    const removed = this.#store.write((writer) => ids.filter((id) => this.#remove(writer, id)));
    for (const id of ids) this.#faults.delete(id);
    if (removed.length > 0) this.#store.emptyLog();
    return removed;
  }

  apply(arrivals: readonly Arrival[]): { added: string[]; updated: string[] } {
    const added: string[] = [];
    const updated: string[] = [];
    this.#store.write((writer) => {
      for (const arrival of arrivals) {
        const outcome = this.#put(writer, arrival);
        if (outcome !== 'local') (outcome === 'added' ? added : updated).push(arrival.person.id);
      }
    });
    return { added, updated };
  }

  faults(): readonly SiteFault[] {
    return [...this.#faults.values()].flat();
  }

  close(): void {
    this.#store.close();
  }

  #begin(): { version: number; root: string } {
    const { site } = this.#options;
    return this.#store.write((writer) => {
      const row = SiteRowSchema.safeParse(this.#db.prepare('SELECT * FROM site').get()).data;
      if (row?.id === site) {
        this.#confirmedAt = row.confirmed_at;
        return { version: row.version, root: row.root };
      }
      for (const { person_id } of this.#rows()) this.#remove(writer, person_id);
      this.#db.prepare('INSERT OR REPLACE INTO site VALUES (1, ?, 0, ?, 0)').run(site, '');
      return { version: 0, root: '' };
    });
  }

  #rows(): z.output<typeof PersonRowSchema>[] {
    const rows = guarded(this.#path, () => this.#db.prepare('SELECT * FROM site_people').all());
    return rows.flatMap((row) => PersonRowSchema.safeParse(row).data ?? []);
  }

  #isWhole({ person_id: id, templates }: z.output<typeof PersonRowSchema>): boolean {
    if (this.#isTaken(id)) return true;
    return this.#store.person(id)?.site != null && this.#store.references(id).length === templates;
  }

  #isTaken(id: string): boolean {
    return this.#faults.get(id)?.some(({ code }) => code === 'SITE_ID_TAKEN') === true;
  }

  #isListed(id: string): boolean {
    return this.#db.prepare('SELECT 1 FROM site_people WHERE person_id = ?').get(id) !== undefined;
  }

  /** By the sealed record. One that does not open is of nobody here: the row of the site decides. */
  #isLocal(id: string): boolean {
    return this.#store.person(id)?.site === null;
  }

  #remove(writer: GalleryWriter, id: string): boolean {
    if (!this.#isListed(id)) return false;
    if (!this.#isLocal(id)) return writer.removePerson(id);
    this.#db.prepare('DELETE FROM site_people WHERE person_id = ?').run(id);
    return false;
  }

  #put(writer: GalleryWriter, arrival: Arrival): 'added' | 'updated' | 'local' {
    const { id } = arrival.person;
    const known = writer.has('people', id);
    if (known && (!this.#isListed(id) || this.#isLocal(id))) {
      this.#note(arrival, 0, [{ id, face: null, code: 'SITE_ID_TAKEN' }]);
      return 'local';
    }
    writer.putPerson(this.#personOf(arrival));
    if (known) writer.dropReferences(id);
    addReferences(writer, id, arrival.templates);
    this.#note(arrival, arrival.templates.length, arrival.faults);
    return known ? 'updated' : 'added';
  }

  #note({ person, version, digest }: Arrival, templates: number, faults: readonly SiteFault[]): void {
    const stored = JSON.stringify(faults.map(({ face, code }) => ({ face, code })));
    this.#db
      .prepare('INSERT OR REPLACE INTO site_people VALUES (?, ?, ?, ?, ?, ?)')
      .run(person.id, version, digest, nameOf(this.#options.model), templates, stored);
    this.#faults.set(person.id, faults);
  }

  #personOf({ person }: Arrival): Person {
    const { salt: _, faces: __, ...fields } = person;
    const now = isoNow();
    const createdAt = this.#store.person(person.id)?.createdAt ?? now;
    return { ...fields, idNumberHash: null, site: this.#options.site, createdAt, updatedAt: now };
  }
}

/** Without pictures: those stay where the site is published from. */
function addReferences(writer: GalleryWriter, personId: string, templates: Arrival['templates']): void {
  for (const { vector, model, qualityScore } of templates) {
    const id = randomUUID();
    const createdAt = isoNow();
    writer.addReference({ id, personId, pictureId: null, model, qualityScore, createdAt, vector });
  }
}

function faultsOf({ person_id, faults }: z.output<typeof PersonRowSchema>): SiteFault[] {
  try {
    return FaultsSchema.parse(JSON.parse(faults)).map((fault) => ({ id: person_id, ...fault }));
  } catch {
    return [];
  }
}

function nameOf({ id, version }: ModelName): string {
  return `${id} ${version}`;
}
