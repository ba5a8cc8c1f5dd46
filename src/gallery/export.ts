import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { MenshenError, messageOf } from '../common/index.ts';
import type { Gallery } from './gallery.ts';
import { packVector } from './rows.ts';
import { MAGIC, newHeader, RecordSealer, SCRYPT_COST } from './stream-seal.ts';
import type { GalleryFault } from './types.ts';

/**
 * Writes everybody who was enrolled here (people of a site come from there) with references and pictures to one file, encrypted under the passphrase, mode 0600; it appears
 * whole or not at all and replaces an older file. Rows that cannot be used are left out and returned.
 * `cost` is scrypt's N, a power of two from 2^15; it is how much work each guess at the passphrase takes.
 * Throws DATA_DIR_UNUSABLE when the file cannot be written.
 */
export function exportGallery(
  gallery: Gallery,
  path: string,
  passphrase: string,
  cost = SCRYPT_COST,
): { people: number; faults: GalleryFault[] } {
  const staged = `${path}.${process.pid}.tmp`;
  const faults = gallery.faults().filter((fault) => fault.table === 'people');
  try {
    const file = openSync(staged, 'wx', 0o600);
    try {
      const people = writeRecords(gallery, file, newSealer(file, passphrase, cost), faults);
      fsyncSync(file);
      renameSync(staged, path);
      return { people, faults };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(staged, { force: true });
    if (error instanceof MenshenError) throw error;
    throw new MenshenError('DATA_DIR_UNUSABLE', `The export ${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Writes what comes before the records. */
function newSealer(file: number, passphrase: string, cost: number): RecordSealer {
  const header = newHeader(cost);
  const headerBytes = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  writeSync(file, Buffer.concat([Buffer.from(MAGIC, 'latin1'), length, headerBytes]));
  return new RecordSealer(passphrase, header, headerBytes);
}

function writeRecords(gallery: Gallery, file: number, sealer: RecordSealer, faults: GalleryFault[]): number {
  const write = (record: unknown, last = false) => {
    const bytes = sealer.seal(Buffer.from(JSON.stringify(record), 'utf8'), last);
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
  };
  const people = gallery.list().filter(({ site }) => site === null);
  for (const { site: _, ...person } of people) {
    write({ type: 'person', ...person });
    const { pictures, references } = gallery.records(person.id, faults);
    for (const { jpeg, ...picture } of pictures)
      write({ type: 'picture', ...picture, jpeg: Buffer.from(jpeg).toString('base64') });
    for (const { vector, ...reference } of references) {
      write({ type: 'reference', ...reference, vector: packVector(vector).toString('base64') });
    }
  }
  write({ type: 'end', people: people.length }, true);
  return people.length;
}
