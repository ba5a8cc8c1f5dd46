import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { NOT_ENTITLED } from '../../src/gallery/entitlement.ts';
import { Gallery, normaliseName } from '../../src/gallery/index.ts';
import {
  CONSENT,
  filesOf,
  log,
  MODEL,
  near,
  openGallery,
  reference,
  temporaryFolder,
  unit,
} from './helpers.ts';

/** A connection of "somebody else" to the same file. */
function raw(dataDir: string): Database.Database {
  return new Database(join(dataDir, 'gallery.sqlite'));
}

describe('people', () => {
  it('are found again by id and by name, with consent, references and pictures, after opening anew', () => {
    const dataDir = temporaryFolder();
    const picture = Buffer.from('jpeg bytes');
    const first = Gallery.open({ dataDir, log });
    const person = first.addPerson({ name: '  Zoe\u0301 ', consent: CONSENT }, [
      reference(unit(1), { picture }),
      reference(unit(2)),
    ]);
    first.close();
    const gallery = openGallery(dataDir);
    expect(gallery.find('Zo\u00e9')).toEqual(person);
    expect(gallery.find(person.id.toUpperCase())).toEqual({ ...person, name: 'Zo\u00e9', consent: CONSENT });
    expect(gallery.references(person.id)).toMatchObject([
      { model: MODEL, qualityScore: 0.8 },
      { model: MODEL },
    ]);
    expect(gallery.records(person.id).pictures.map(({ jpeg }) => Buffer.from(jpeg))).toEqual([picture]);
    expect(gallery.search({ vector: near(unit(2), 0.7, 3), model: MODEL })[0]).toMatchObject({
      personId: person.id,
      name: 'Zo\u00e9',
    });
    expect(gallery.search({ vector: near(unit(2), 0.7, 3), model: MODEL })[0]?.score).toBeCloseTo(0.7, 2);
  });

  it('may share a name; the name alone names nobody then', () => {
    const gallery = openGallery(temporaryFolder());
    const [a, b] = [1, 2].map(() => gallery.addPerson({ name: '张伟', consent: CONSENT }, []));
    expect(() => gallery.find('张伟')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(b?.id ?? '?') }),
    );
    expect(gallery.find(a?.id ?? '')).toEqual(a);
    expect(() => gallery.find('李娜')).toThrow(expect.objectContaining({ code: 'PERSON_NOT_FOUND' }));
  });

  it('are neither enrolled nor recognised without local consent', () => {
    const gallery = openGallery(temporaryFolder());
    const refused = { name: 'A', consent: { ...CONSENT, local: false } };
    expect(() => gallery.addPerson(refused, [reference(unit(1))])).toThrow(/consent/);
    const { id } = gallery.addPerson({ name: 'A', consent: CONSENT }, [reference(unit(1))]);
    gallery.updatePerson(id, { consent: { ...CONSENT, local: false } });
    expect(gallery.search({ vector: unit(1), model: MODEL })).toEqual([]);
  });

  it('enter whole or not at all', () => {
    const gallery = openGallery(temporaryFolder());
    const broken = reference(new Float32Array(512));
    expect(() => gallery.addPerson({ name: 'A', consent: CONSENT }, [reference(unit(1)), broken])).toThrow(
      /embedding/,
    );
    expect([gallery.list(), gallery.counts().references, gallery.refresh()]).toEqual([[], 0, null]);
  });

  it('count those who need to be enrolled again under another model', () => {
    const gallery = openGallery(temporaryFolder());
    gallery.addPerson({ name: 'A', consent: CONSENT }, [
      reference(unit(1)),
      reference(unit(2), { model: { id: 'embedding', version: '0' } }),
    ]);
    expect(gallery.counts(MODEL)).toEqual({ people: 1, references: 2, needReenrolment: 1 });
    expect(gallery.search({ vector: unit(2), model: MODEL })[0]?.score).toBeLessThan(0.5);
  });
});

describe('names', () => {
  it.each(['', '   ', 'a\nb', 'a\u0000', 'x'.repeat(101), '\u202Eevil', 'a\u2028b', '\uD800'])(
    'refuses %j',
    (name) => {
      expect(() => normaliseName(name)).toThrow(expect.objectContaining({ code: 'PERSON_NAME_INVALID' }));
    },
  );
  it.each([['张伟'], ["O'Neill, Ruairí-Pádraig"], ['👩‍🚀'], ['x'.repeat(100)], ['نسرین']])(
    'keeps %j',
    (name) => {
      expect(normaliseName(` ${name} `)).toBe(name.normalize('NFC'));
    },
  );
});

describe('the file', () => {
  it('holds neither names nor embeddings nor pictures in clear', () => {
    const dataDir = temporaryFolder();
    const vector = unit(5);
    openGallery(dataDir).addPerson({ name: 'Ludovico', consent: CONSENT }, [
      reference(vector, { picture: Buffer.from('a picture of Ludovico') }),
    ]);
    const bytes = filesOf(dataDir);
    expect(bytes.includes('Ludovico')).toBe(false);
    expect(bytes.includes(Buffer.from(vector.buffer, 0, 16))).toBe(false);
  });

  it('GALLERY_TOO_NEW when a newer version wrote it', () => {
    const dataDir = temporaryFolder();
    Gallery.open({ dataDir, log }).close();
    const db = raw(dataDir);
    db.pragma('user_version = 99');
    db.close();
    expect(() => openGallery(dataDir)).toThrow(expect.objectContaining({ code: 'GALLERY_TOO_NEW' }));
  });

  it('GALLERY_CORRUPT when it is no database, another database, or damaged', () => {
    const dataDir = temporaryFolder();
    const path = join(dataDir, 'gallery.sqlite');
    writeFileSync(path, 'this is a text of some length, but no database at all');
    expect(() => openGallery(dataDir)).toThrow(expect.objectContaining({ code: 'GALLERY_CORRUPT' }));
    writeFileSync(path, '');
    const db = raw(dataDir);
    db.exec('CREATE TABLE meta (x)');
    db.close();
    expect(() => openGallery(dataDir)).toThrow(expect.objectContaining({ code: 'GALLERY_CORRUPT' }));

    const other = temporaryFolder();
    const gallery = Gallery.open({ dataDir: other, log });
    for (let i = 0; i < 20; i += 1)
      gallery.addPerson({ name: `P${i}`, consent: CONSENT }, [reference(unit(i))]);
    gallery.close();
    const bytes = readFileSync(join(other, 'gallery.sqlite'));
    for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xa5, page, page + 64);
    writeFileSync(join(other, 'gallery.sqlite'), bytes);
    expect(() => openGallery(other)).toThrow(expect.objectContaining({ code: 'GALLERY_CORRUPT' }));
  });

  it('DATA_DIR_UNUSABLE when the folder cannot be made', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => openGallery(join(file, 'data'))).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNUSABLE' }),
    );
  });
});

describe('an altered row', () => {
  const alterations: [string, string, 'people' | 'refs'][] = [
    [
      'a few bytes of an embedding',
      "UPDATE refs SET sealed = CAST(substr(sealed, 1, 100) || x'5a5b5c' || substr(sealed, 104) AS BLOB) WHERE person_id = @a",
      'refs',
    ],
    [
      'an embedding of somebody else',
      'UPDATE refs SET sealed = (SELECT sealed FROM refs WHERE person_id = @b) WHERE person_id = @a',
      'refs',
    ],
    ['a reference given to somebody else', 'UPDATE refs SET person_id = @b WHERE person_id = @a', 'refs'],
    ['another model', "UPDATE refs SET model_version = '2' WHERE person_id = @a", 'refs'],
    ['better quality', 'UPDATE refs SET quality = 1 WHERE person_id = @a', 'refs'],
    ['no embedding', "UPDATE refs SET sealed = x'' WHERE person_id = @a", 'refs'],
    ['no date', "UPDATE refs SET created_at = 'yesterday' WHERE person_id = @a", 'refs'],
    [
      'name and consent of somebody else',
      'UPDATE people SET sealed = (SELECT sealed FROM people WHERE id = @b) WHERE id = @a',
      'people',
    ],
  ];
  it.each(alterations)('%s: is named, never matches, and the rest loads', (_, sql, table) => {
    const dataDir = temporaryFolder();
    const first = Gallery.open({ dataDir, log });
    const [a, b] = [1, 2].map(
      (seed) => first.addPerson({ name: `P${seed}`, consent: CONSENT }, [reference(unit(seed))]).id,
    );
    const referenceId = first.references(a ?? '')[0]?.id;
    const open = openGallery(dataDir);
    const db = raw(dataDir);
    db.prepare(sql).run({ a, ...(sql.includes('@b') ? { b } : {}) });
    db.exec(
      `UPDATE meta SET generation = generation + 1; UPDATE ${table} SET generation = (SELECT generation FROM meta)`,
    );
    db.close();
    first.close();
    const again = openGallery(dataDir);
    open.refresh();
    for (const gallery of [again, open]) {
      expect(gallery.faults()).toMatchObject([{ table, id: table === 'refs' ? referenceId : a }]);
      expect(gallery.faults()[0]?.message).toContain(gallery.faults()[0]?.id);
      expect(gallery.search({ vector: unit(1), model: MODEL }, 1)[0]?.score ?? 0).toBeLessThan(0.5);
      expect(gallery.search({ vector: unit(2), model: MODEL }, 1)[0]?.personId).toBe(b);
    }
    again.removePerson(a ?? '');
    if (!sql.includes('person_id = @b WHERE')) expect(again.faults()).toEqual([]);
  });
});

describe('refresh', () => {
  it('tells what another process changed, and only that', () => {
    const dataDir = temporaryFolder();
    const daemon = openGallery(dataDir);
    const command = openGallery(dataDir);
    expect(daemon.refresh()).toBe(null);
    const a = command.addPerson({ name: 'A', consent: CONSENT }, [reference(unit(1))]);
    const b = command.addPerson({ name: 'B', consent: CONSENT }, [reference(unit(2))]);
    expect(daemon.search({ vector: unit(1), model: MODEL })).toEqual([]);
    expect(daemon.refresh()).toEqual({ added: [a.id, b.id], updated: [], removed: [] });
    expect(daemon.refresh()).toBe(null);
    expect(daemon.search({ vector: unit(1), model: MODEL })[0]?.personId).toBe(a.id);
    command.addReferences(a.id, [reference(unit(3))]);
    command.removePerson(b.id);
    expect(daemon.refresh()).toEqual({ added: [], updated: [a.id], removed: [b.id] });
    expect(daemon.search({ vector: unit(3), model: MODEL })[0]?.personId).toBe(a.id);
    expect(daemon.search({ vector: unit(2), model: MODEL }).map((candidate) => candidate.personId)).toEqual([
      a.id,
    ]);
    const gone = command.addPerson({ name: 'C', consent: CONSENT }, []);
    command.removePerson(gone.id);
    expect(daemon.refresh()).toBe(null);
    expect(command.refresh()).toEqual({ added: [a.id], updated: [], removed: [] });
  });

  it('takes over an older file put in its place', () => {
    const dataDir = temporaryFolder();
    const daemon = openGallery(dataDir);
    const kept = daemon.addPerson({ name: 'kept', consent: CONSENT }, [reference(unit(1))]);
    const lost = daemon.addPerson({ name: 'lost', consent: CONSENT }, [reference(unit(2))]);
    daemon.refresh();
    const db = raw(dataDir);
    db.exec(
      `DELETE FROM refs WHERE person_id = '${lost.id}'; DELETE FROM people WHERE id = '${lost.id}'; UPDATE meta SET generation = 1`,
    );
    db.close();
    expect(daemon.refresh()).toMatchObject({ removed: [lost.id], added: [] });
    expect(daemon.list().map((person) => person.id)).toEqual([kept.id]);
  });

  it('costs next to nothing when nothing changed', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    gallery.transact((writer) => {
      for (let i = 0; i < 2000; i += 1) {
        writer.putPerson({
          ...NOT_ENTITLED,
          id: crypto.randomUUID(),
          name: `P${i}`,
          consent: CONSENT,
          idNumberHash: null,
          site: null,
          createdAt: CONSENT.at,
          updatedAt: CONSENT.at,
        });
      }
    });
    gallery.refresh();
    const start = performance.now();
    for (let i = 0; i < 1000; i += 1) gallery.refresh();
    expect((performance.now() - start) / 1000, 'ms a call').toBeLessThan(0.5);
  });
});

describe('removal', () => {
  it('leaves nothing of what was sealed in any file, though another process has the gallery open', () => {
    const dataDir = temporaryFolder();
    const daemon = openGallery(dataDir);
    const gallery = openGallery(dataDir);
    const people = Array.from({ length: 60 }, (_, i) =>
      gallery.addPerson({ name: `P${i}`, consent: CONSENT }, [
        reference(unit(i), { picture: Buffer.alloc(300 + i * 997, i) }),
        reference(unit(i + 100)),
      ]),
    );
    daemon.refresh();
    const victims = people.filter((_, i) => i % 3 === 0);
    const db = raw(dataDir);
    const sealed = victims.flatMap(({ id }) =>
      db
        .prepare(
          'SELECT sealed FROM people WHERE id = @id UNION ALL SELECT sealed FROM refs WHERE person_id = @id UNION ALL SELECT sealed FROM pictures WHERE person_id = @id',
        )
        .pluck()
        .all({ id })
        .filter((value) => Buffer.isBuffer(value)),
    );
    db.close();
    expect(sealed.length).toBe(victims.length * 4);
    /** Sixteen bytes out of the middle and the end of each: whatever piece is left is found. */
    const pieces = sealed.flatMap((bytes) => [bytes.subarray(29, 45), bytes.subarray(bytes.length - 16)]);
    const present = (bytes: Buffer) => pieces.filter((piece) => bytes.includes(piece)).length;
    expect(present(filesOf(dataDir)), 'before').toBe(pieces.length);
    for (const { id } of victims) expect(gallery.removePerson(id)).toEqual({ logEmptied: true });
    expect(present(filesOf(dataDir)), 'after').toBe(0);
    expect(
      victims.some(({ id }) => filesOf(dataDir).includes(id)),
      'ids',
    ).toBe(false);
    expect(gallery.list().length).toBe(40);
    expect(daemon.refresh()?.removed.length).toBe(20);
    for (const { id } of victims) expect(daemon.get(id)).toBe(null);
  });

  it('says when a reader holds the log, and empties it at the next occasion', () => {
    const dataDir = temporaryFolder();
    const gallery = Gallery.open({ dataDir, log, busyTimeoutMs: 50 });
    const { id } = gallery.addPerson({ name: 'A', consent: CONSENT }, [reference(unit(1))]);
    const other = gallery.addPerson({ name: 'B', consent: CONSENT }, []);
    const reader = raw(dataDir);
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM people').get();
    expect(gallery.removePerson(id)).toEqual({ logEmptied: false });
    reader.exec('COMMIT');
    reader.close();
    expect(gallery.removePerson(other.id)).toEqual({ logEmptied: true });
    gallery.close();
  });
});

describe('the room', () => {
  it('loads neither ONNX Runtime nor libvips: the gate process imports it', () => {
    const script = `
      const { Gallery } = await import('./src/gallery/index.ts');
      const { createLogger } = await import('./src/common/index.ts');
      Gallery.open({ dataDir: process.argv[1], log: createLogger('t', 'silent') }).close();
      console.log(JSON.stringify(process.report.getReport().sharedObjects));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script, temporaryFolder()];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(child.stdout).toContain('better_sqlite3');
    expect(child.stdout).not.toMatch(/onnxruntime|vips|sharp/);
  });
});

describe('ID numbers', () => {
  const NUMBER = '11010519491231002X';

  it('are kept as a hash under the key of the gate, for one person, and go with the person', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    const first = gallery.addPerson({ name: 'A', consent: CONSENT, idNumber: NUMBER }, []);
    const other = openGallery(temporaryFolder()).addPerson(
      { name: 'A', consent: CONSENT, idNumber: NUMBER },
      [],
    );
    expect(first.idNumberHash).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(other.idNumberHash, 'by another key').not.toBe(first.idNumberHash);
    expect(() => gallery.addPerson({ name: 'B', consent: CONSENT, idNumber: NUMBER }, [])).toThrow(
      expect.objectContaining({ code: 'ID_NUMBER_TAKEN', message: expect.not.stringContaining(NUMBER) }),
    );
    const second = gallery.addPerson({ name: 'B', consent: CONSENT }, []);
    expect(() => gallery.addReferences(second.id, [], { idNumber: NUMBER })).toThrow(/A is enrolled/);
    expect(gallery.addReferences(first.id, [], { idNumber: NUMBER }).idNumberHash).toBe(first.idNumberHash);
    expect(openGallery(dataDir).byIdNumber(NUMBER)?.id).toBe(first.id);
    gallery.removePerson(first.id);
    expect(gallery.addReferences(second.id, [], { idNumber: NUMBER }).idNumberHash).toBe(first.idNumberHash);
  });
});
