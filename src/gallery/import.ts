import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { MenshenError, messageOf } from '../common/index.ts';
import type { Gallery } from './gallery.ts';
import { normaliseName } from './names.ts';
import { HeaderSchema, type PortableRecord, RecordSchema } from './portable.ts';
import { parseJson, unpackVector } from './rows.ts';
import { type Header, MAGIC, MAX_RECORD_BYTES, RecordOpener } from './stream-seal.ts';
import type { GalleryWriter } from './writer.ts';

export interface ImportResult {
  readonly added: number;
  /** Known people whose record in the file is newer, or who got references or pictures out of it. */
  readonly updated: number;
  readonly unchanged: number;
  readonly references: number;
}

/**
 * Merges an export into the gallery, in one transaction: people unknown here are added; of known ones (by id) the
 * newer record stays, and references and pictures not here yet are added; nothing is taken away. People of a site stay as
 * the site has them.
 * Throws EXPORT_INVALID when the file is no export, damaged in any place, or the passphrase wrong; nothing is imported then.
 */
export function importGallery(gallery: Gallery, path: string, passphrase: string): ImportResult {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new MenshenError('EXPORT_INVALID', `${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    if (!fstatSync(file).isFile()) throw invalid(path, 'it is no file');
    return gallery.transact((writer) => {
      // Within the transaction, in which nobody else writes: who is here, and whose they are, stays so to its end.
      gallery.follow();
      return new Merge(gallery, writer, path).run(readRecords(file, path, passphrase));
    });
  } finally {
    closeSync(file);
  }
}

class Merge {
  readonly #gallery: Gallery;
  readonly #writer: GalleryWriter;
  readonly #path: string;
  readonly #seen = new Set<string>();
  readonly #added = new Set<string>();
  readonly #updated = new Set<string>();
  #references = 0;

  constructor(gallery: Gallery, writer: GalleryWriter, path: string) {
    this.#gallery = gallery;
    this.#writer = writer;
    this.#path = path;
  }

  run(records: Iterable<PortableRecord>): ImportResult {
    for (const record of records) this.#take(record);
    return {
      added: this.#added.size,
      updated: this.#updated.size,
      unchanged: this.#seen.size - this.#added.size - this.#updated.size,
      references: this.#references,
    };
  }

  #take(record: PortableRecord): void {
    if (record.type === 'person') this.#takePerson(record);
    else if (record.type === 'end') {
      if (record.people !== this.#seen.size) throw invalid(this.#path, 'people are missing in it');
    } else if (!this.#seen.has(record.personId))
      throw invalid(this.#path, 'a record in it belongs to nobody');
    else if (record.type === 'picture') this.#takePicture(record);
    else this.#takeReference(record);
  }

  #takePerson({ type: _, ...record }: PortableRecord & { type: 'person' }): void {
    const known = this.#gallery.get(record.id);
    this.#seen.add(record.id);
    if (known !== null && (known.site !== null || known.updatedAt >= record.updatedAt)) return;
    this.#writer.putPerson({ ...record, site: null, name: normaliseName(record.name) });
    (known === null ? this.#added : this.#updated).add(record.id);
  }

  #takePicture({ type: _, ...record }: PortableRecord & { type: 'picture' }): void {
    if (this.#writer.has('pictures', record.id) || this.#isOfSite(record.personId)) return;
    this.#writer.addPicture(record);
    this.#touched(record.personId);
  }

  #takeReference({ type: _, ...record }: PortableRecord & { type: 'reference' }): void {
    const vector = unpackVector(record.vector);
    if (vector === null) throw invalid(this.#path, 'a reference in it is no embedding');
    if (this.#writer.has('refs', record.id) || this.#isOfSite(record.personId)) return;
    const pictureId =
      record.pictureId !== null && this.#writer.has('pictures', record.pictureId) ? record.pictureId : null;
    this.#writer.addReference({ ...record, pictureId, vector });
    this.#references += 1;
    this.#touched(record.personId);
  }

  #isOfSite(personId: string): boolean {
    return this.#gallery.get(personId)?.site != null;
  }

  #touched(personId: string): void {
    if (!this.#added.has(personId)) this.#updated.add(personId);
  }
}

/** Each record is authenticated before it is looked at; the last one must be where the file ends. */
function* readRecords(file: number, path: string, passphrase: string): Generator<PortableRecord> {
  const reader = new Reader(file, path);
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC)
    throw invalid(path, 'it is no export of people');
  const headerBytes = reader.takeSized(1024);
  const opener = new RecordOpener(passphrase, parseHeader(headerBytes, path), headerBytes);
  for (let last = false; !last; ) {
    const body = reader.takeSized(MAX_RECORD_BYTES + 16);
    last = reader.atEnd();
    const plain = opener.open(body, last);
    if (plain === null) throw invalid(path, 'the passphrase is wrong, or the file is damaged');
    const record = RecordSchema.safeParse(parseJson(plain));
    if (!record.success || (record.data.type === 'end') !== last)
      throw invalid(path, 'a record in it is malformed');
    yield record.data;
  }
}

function parseHeader(bytes: Uint8Array, path: string): Header {
  const header = HeaderSchema.safeParse(parseJson(bytes));
  if (!header.success)
    throw invalid(path, 'its header is damaged, or it was written by a newer version of Menshen');
  const { version, kdf, salt } = header.data;
  return { version, kdf, salt };
}

class Reader {
  readonly #file: number;
  readonly #path: string;
  readonly #size: number;
  #offset = 0;

  constructor(file: number, path: string) {
    this.#file = file;
    this.#path = path;
    this.#size = fstatSync(file).size;
  }

  take(length: number): Buffer {
    const bytes = Buffer.alloc(length > this.#size - this.#offset ? 0 : length);
    if (bytes.length !== length || readSync(this.#file, bytes, 0, length, this.#offset) !== length) {
      throw invalid(this.#path, 'it is truncated');
    }
    this.#offset += length;
    return bytes;
  }

  takeSized(max: number): Buffer {
    const length = this.take(4).readUInt32BE();
    if (length > max) throw invalid(this.#path, 'it is damaged');
    return this.take(length);
  }

  atEnd(): boolean {
    return this.#offset === this.#size;
  }
}

function invalid(path: string, why: string): MenshenError {
  return new MenshenError('EXPORT_INVALID', `${path} cannot be imported: ${why}. Nothing was imported.`);
}
