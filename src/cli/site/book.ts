import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { MenshenError, messageOf } from '../../common/index.ts';
import { KEY_BYTES, seal, unseal } from '../../site/index.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS site (
    one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, photos INTEGER NOT NULL,
    version INTEGER NOT NULL, epoch INTEGER NOT NULL, published_epoch INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS keys (epoch INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS people (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, digest TEXT NOT NULL, salt TEXT NOT NULL,
    stamp TEXT NOT NULL, photos TEXT NOT NULL, gone INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS gates (id TEXT PRIMARY KEY, device TEXT NOT NULL, encryption_key TEXT NOT NULL) STRICT;`;

const SiteSchema = z.object({
  id: z.string(),
  photos: z.number(),
  version: z.number(),
  epoch: z.number(),
  published_epoch: z.number(),
});
const KeySchema = z.object({ epoch: z.number(), sealed: z.instanceof(Uint8Array) });
const PersonSchema = z.object({
  id: z.string(),
  version: z.number(),
  digest: z.string(),
  salt: z.string(),
  stamp: z.string(),
  photos: z.string(),
  gone: z.number(),
});
const GateSchema = z.object({ id: z.string(), device: z.string(), encryption_key: z.string() });

/** A person as they were published last. */
export interface BookEntry {
  readonly id: string;
  readonly version: number;
  readonly digest: string;
  /** 16 bytes, base64. */
  readonly salt: string;
  /** By what it is known that the gallery has nothing new of them. */
  readonly stamp: string;
  /** Names of the photos on the broker. */
  readonly photos: readonly string[];
  /** Taken away, but perhaps not yet off the broker. */
  readonly gone: boolean;
}

export interface BookGate {
  readonly id: string;
  /** Public key of the device, base64 of its SPKI. */
  readonly device: string;
  /** X25519 key, base64. */
  readonly encryptionKey: string;
}

/**
 * What the workstation of a site remembers of what it has published, in `site.sqlite` beside the gallery: versions, so
 * that none is ever signed twice, the content keys, sealed under the gallery's key, and the gates.
 */
export class SiteBook {
  readonly #db: Database.Database;
  readonly #key: Uint8Array;

  private constructor(db: Database.Database, key: Uint8Array) {
    this.#db = db;
    this.#key = key;
  }

  /**
   * Opens the book of a data directory, for this process alone until it is closed: two that publish at a time would take
   * each other's messages away. `create` makes it. `key`: the gallery's.
   * @throws MenshenError SITE_BOOK_UNUSABLE
   */
  static open(
    dataDir: string,
    key: Uint8Array,
    create?: { site: string; photos: boolean },
    busyTimeoutMs = 5000,
  ): SiteBook {
    const path = join(dataDir, 'site.sqlite');
    if (create === undefined && !existsSync(path)) {
      throw new MenshenError('SITE_BOOK_UNUSABLE', `${path} is not there. Begin with \`menshen site init\`.`);
    }
    if (create !== undefined && existsSync(path)) {
      throw new MenshenError(
        'SITE_BOOK_UNUSABLE',
        `${path} is there already: a site is published from here.`,
      );
    }
    try {
      const db = new Database(path, { timeout: busyTimeoutMs });
      chmodSync(path, 0o600);
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.exec(SCHEMA);
      const book = new SiteBook(
        db,
        new Uint8Array(hkdfSync('sha256', key, '', 'menshen site book', KEY_BYTES)),
      );
      if (create !== undefined) {
        const { site, photos } = create;
        db.prepare('INSERT INTO site VALUES (1, ?, ?, 0, 0, 0)').run(site, photos ? 1 : 0);
        book.rotate();
      }
      book.site;
      return book;
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      const why = busy ? 'another `menshen site` command is at work on it' : messageOf(error);
      throw new MenshenError('SITE_BOOK_UNUSABLE', `${path} cannot be used: ${why}`, { cause: error });
    }
  }

  get site(): { id: string; photos: boolean; version: number; epoch: number; publishedEpoch: number } {
    const row = SiteSchema.parse(this.#db.prepare('SELECT * FROM site').get());
    return { ...row, photos: row.photos === 1, publishedEpoch: row.published_epoch };
  }

  /** The content keys, the newest last. @throws MenshenError SITE_KEY_UNUSABLE */
  keys(): { epoch: number; key: Buffer }[] {
    const rows = z.array(KeySchema).parse(this.#db.prepare('SELECT * FROM keys ORDER BY epoch').all());
    try {
      return rows.map(({ epoch, sealed }) => ({ epoch, key: unseal(this.#key, ['book', epoch], sealed) }));
    } catch (error) {
      const why = 'The content keys in site.sqlite do not open with the key of this gallery.';
      throw new MenshenError('SITE_KEY_UNUSABLE', why, { cause: error });
    }
  }

  /** A new content key: what was published under the old one is to be published again. */
  rotate(): void {
    const epoch = this.site.epoch + 1;
    this.#db.transaction(() => {
      const sealed = seal(this.#key, ['book', epoch], randomBytes(KEY_BYTES));
      this.#db.prepare('INSERT INTO keys VALUES (?, ?)').run(epoch, sealed);
      this.#db.prepare('UPDATE site SET epoch = ?').run(epoch);
    })();
  }

  /** A version above all before, never to be given again. */
  nextVersion(above: number): number {
    const next = this.#db.prepare('UPDATE site SET version = max(version, ?) + 1 RETURNING version');
    return z.int().parse(next.pluck().get(above));
  }

  people(): BookEntry[] {
    const rows = z.array(PersonSchema).parse(this.#db.prepare('SELECT * FROM people').all());
    return rows.map((row) => ({
      ...row,
      photos: row.photos.split(' ').filter(Boolean),
      gone: row.gone === 1,
    }));
  }

  /** Everything is on the broker as these say; what was gone before stays so until `cleared`. */
  published(entries: readonly BookEntry[], epoch: number): void {
    this.#db.transaction(() => {
      const put = this.#db.prepare('INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const { id, version, digest, salt, stamp, photos, gone } of entries) {
        put.run(id, version, digest, salt, stamp, photos.join(' '), gone ? 1 : 0);
      }
      this.#db.prepare('UPDATE site SET published_epoch = ?').run(epoch);
      this.#db.prepare('DELETE FROM keys WHERE epoch < ?').run(epoch);
    })();
  }

  /** Nothing of them is on the broker any more. */
  cleared(ids: readonly string[]): void {
    const drop = this.#db.prepare('DELETE FROM people WHERE id = ? AND gone = 1');
    this.#db.transaction(() => {
      for (const id of ids) drop.run(id);
    })();
  }

  gates(): BookGate[] {
    const rows = z.array(GateSchema).parse(this.#db.prepare('SELECT * FROM gates ORDER BY id').all());
    return rows.map(({ id, device, encryption_key }) => ({ id, device, encryptionKey: encryption_key }));
  }

  putGate({ id, device, encryptionKey }: BookGate): void {
    this.#db.prepare('INSERT OR REPLACE INTO gates VALUES (?, ?, ?)').run(id, device, encryptionKey);
  }

  /** False when there is none of this id. */
  removeGate(id: string): boolean {
    return this.#db.prepare('DELETE FROM gates WHERE id = ?').run(id).changes > 0;
  }

  close(): void {
    this.#db.close();
  }
}
