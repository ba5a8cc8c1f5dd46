import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { MenshenError } from '../../src/common/index.ts';
import { exportGallery, Gallery, importGallery } from '../../src/gallery/index.ts';
import { MAGIC, newHeader, RecordOpener, RecordSealer } from '../../src/gallery/stream-seal.ts';
import { CONSENT, log, MODEL, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

/** The cheapest that is allowed, so that the tests are quick. */
const COST = 2 ** 15;
const PASSPHRASE = 'correct horse battery staple';

const filled = (dataDir: string) => fill(openGallery(dataDir));

function fill(gallery: Gallery): Gallery {
  for (let i = 0; i < 4; i += 1) {
    gallery.addPerson({ name: `人${i}`, consent: { ...CONSENT, cloud: i % 2 === 0 } }, [
      reference(unit(i), { picture: Buffer.alloc(5000, i + 1) }),
      reference(unit(i + 50)),
    ]);
  }
  return gallery;
}

/** Everything there is, in a form that can be compared. */
function contents(gallery: Gallery) {
  return gallery.list().map((person) => ({ person, ...gallery.records(person.id) }));
}

describe('export and import', () => {
  it('bring everything into another gallery with another key, once', () => {
    const source = filled(temporaryFolder());
    const path = join(temporaryFolder(), 'people.menshen');
    expect(exportGallery(source, path, PASSPHRASE, COST)).toEqual({ people: 4, faults: [] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(path);
    expect([bytes.includes('人1'), bytes.includes(Buffer.alloc(64, 2))]).toEqual([false, false]);
    const target = openGallery(temporaryFolder());
    expect(importGallery(target, path, PASSPHRASE)).toEqual({
      added: 4,
      updated: 0,
      unchanged: 0,
      references: 8,
    });
    expect(contents(target)).toEqual(contents(source));
    expect(target.search({ vector: unit(51), model: MODEL })[0]?.name).toBe('人1');
    expect(importGallery(target, path, PASSPHRASE)).toEqual({
      added: 0,
      updated: 0,
      unchanged: 4,
      references: 0,
    });
  });

  it('merge by person: the newer record stays, references add up, nobody is removed', () => {
    const source = filled(temporaryFolder());
    const folder = temporaryFolder();
    exportGallery(source, join(folder, 'old'), PASSPHRASE, COST);
    const target = openGallery(temporaryFolder());
    importGallery(target, join(folder, 'old'), PASSPHRASE);
    const [a, b] = source.list();
    if (a === undefined || b === undefined) throw new Error('nobody');
    const later = new Date(Date.parse(a.updatedAt) + 5000);
    while (Date.now() <= Date.parse(b.updatedAt)) {
      /* the clock must have gone on */
    }
    source.updatePerson(a.id, { name: 'renamed' });
    target.updatePerson(b.id, { name: 'changed here', consent: { ...CONSENT, at: later.toISOString() } });
    source.addReferences(a.id, [reference(unit(99))]);
    const only = target.addPerson({ name: 'only here', consent: CONSENT }, []);
    exportGallery(source, join(folder, 'new'), PASSPHRASE, COST);
    expect(importGallery(target, join(folder, 'new'), PASSPHRASE)).toEqual({
      added: 0,
      updated: 1,
      unchanged: 3,
      references: 1,
    });
    expect([target.get(a.id)?.name, target.get(b.id)?.name, target.get(only.id)?.name]).toEqual([
      'renamed',
      'changed here',
      'only here',
    ]);
    expect(target.search({ vector: unit(99), model: MODEL })[0]?.personId).toBe(a.id);
  });

  it('the passphrase may be typed on any keyboard (NFC or NFD)', () => {
    const source = filled(temporaryFolder());
    const path = join(temporaryFolder(), 'x');
    exportGallery(source, path, 'un été à la mer'.normalize('NFC'), COST);
    expect(
      importGallery(openGallery(temporaryFolder()), path, 'un été à la mer'.normalize('NFD')).added,
    ).toBe(4);
  });

  it('leave nothing behind when the file cannot be written', () => {
    const folder = temporaryFolder();
    expect(() => exportGallery(filled(temporaryFolder()), join(folder, 'no', 'x'), PASSPHRASE, COST)).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNUSABLE' }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('EXPORT_INVALID, and nothing imported:', () => {
  let bytes: Buffer = Buffer.alloc(0);
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'menshen-export-'));
    const gallery = fill(Gallery.open({ dataDir: folder, log }));
    exportGallery(gallery, join(folder, 'x'), PASSPHRASE, COST);
    gallery.close();
    bytes = readFileSync(join(folder, 'x'));
    rmSync(folder, { recursive: true });
  });

  const records = () => {
    const headerEnd = MAGIC.length + 4 + bytes.readUInt32BE(MAGIC.length);
    const found: Buffer[] = [];
    for (let at = headerEnd; at < bytes.length; ) {
      const end = at + 4 + bytes.readUInt32BE(at);
      found.push(bytes.subarray(at, end));
      at = end;
    }
    return { head: bytes.subarray(0, headerEnd), found };
  };

  const refuse = (file: Buffer, passphrase = PASSPHRASE) => {
    const path = join(temporaryFolder(), 'x');
    writeFileSync(path, file);
    const target = openGallery(temporaryFolder());
    expect(() => importGallery(target, path, passphrase)).toThrow(
      expect.objectContaining({ code: 'EXPORT_INVALID' }),
    );
    expect([target.list(), target.counts().references]).toEqual([[], 0]);
  };

  it('a wrong passphrase', () => refuse(bytes, `${PASSPHRASE}!`));
  it('no such file, a folder, an empty file, another file', () => {
    const target = openGallery(temporaryFolder());
    for (const path of ['/nonexistent', temporaryFolder()]) {
      expect(() => importGallery(target, path, PASSPHRASE)).toThrow(
        expect.objectContaining({ code: 'EXPORT_INVALID' }),
      );
    }
    refuse(Buffer.alloc(0));
    refuse(Buffer.from('PK\u0003\u0004 some zip file of a certain length that is no export at all'));
  });
  it('records left out at the end, in the middle, exchanged, or added', () => {
    const { head, found } = records();
    const [first, second, third, ...rest] = found;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('too few records');
    refuse(Buffer.concat([head, ...found.slice(0, -1)]));
    refuse(Buffer.concat([head, first, second, ...rest]));
    refuse(Buffer.concat([head, first, third, second, ...rest]));
    refuse(Buffer.concat([bytes, first]));
  });
  it('a header that asks for endless work', () => {
    const header = Buffer.from(
      JSON.stringify({ ...newHeader(2 ** 15), kdf: { name: 'scrypt', N: 2 ** 30, r: 8, p: 1 } }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.length);
    const start = performance.now();
    refuse(Buffer.concat([Buffer.from(MAGIC), length, header, Buffer.alloc(100)]));
    expect(performance.now() - start).toBeLessThan(300);
  });
});

describe('sealed records', () => {
  const cheap = { ...newHeader(2 ** 15), kdf: { name: 'scrypt' as const, N: 2, r: 8, p: 1 } };
  const headerBytes = Buffer.from(JSON.stringify(cheap));

  it('open in order and whole only, whatever bit is flipped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (plain, flip) => {
          const sealer = new RecordSealer('p', cheap, headerBytes);
          const sealed = plain.map((record, i) => sealer.seal(record, i === plain.length - 1).subarray(4));
          const open = (bodies: Buffer[]) => {
            const opener = new RecordOpener('p', cheap, headerBytes);
            return bodies.map((body, i) => opener.open(body, i === bodies.length - 1));
          };
          expect(open(sealed).map((record) => record && new Uint8Array(record))).toEqual(plain);
          const victim = flip % sealed.length;
          const broken = sealed.map((body, i) => {
            const copy = Buffer.from(body);
            if (i === victim)
              copy.writeUInt8((copy[flip % copy.length] ?? 0) ^ (1 << (flip % 8)), flip % copy.length);
            return copy;
          });
          expect(open(broken)[victim]).toBe(null);
          if (plain.length > 1) expect(open(sealed.slice(0, -1)).at(-1)).toBe(null);
          const other = new RecordOpener('p', cheap, Buffer.concat([headerBytes, Buffer.of(32)]));
          expect(other.open(sealed[0] ?? Buffer.alloc(0), plain.length === 1)).toBe(null);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('any damage to a whole file is refused by the catalogue', () => {
    const path = join(temporaryFolder(), 'x');
    const gallery = openGallery(temporaryFolder());
    gallery.addPerson({ name: 'A', consent: CONSENT }, [reference(unit(1))]);
    exportGallery(gallery, path, PASSPHRASE, COST);
    const bytes = readFileSync(path);
    const target = openGallery(temporaryFolder());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const copy = Buffer.from(bytes);
        copy.writeUInt8((copy[at] ?? 0) ^ mask, at);
        writeFileSync(path, copy);
        try {
          importGallery(target, path, PASSPHRASE);
          expect.unreachable();
        } catch (error) {
          expect(error instanceof MenshenError && error.code).toBe('EXPORT_INVALID');
        }
      }),
      { numRuns: 5 },
    );
    expect(target.list()).toEqual([]);
  });
});
