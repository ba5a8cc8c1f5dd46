import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { bundleRows, Gallery } from '../../src/gallery/index.ts';
import { CONSENT, filesOf, log, MODEL, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

/** More than one range of 256 row numbers, which begin at 1. */
const PEOPLE = 300;

/** A gallery of so many, closed: their ids. */
function crowd(dataDir: string): string[] {
  const gallery = Gallery.open({ dataDir, log });
  const { id: first, ...person } = gallery.addPerson({ name: 'P0', consent: CONSENT }, [reference(unit(0))]);
  const ids = [first];
  const [{ id: _, ...own }] = gallery.records(first).references;
  gallery.transact((writer) => {
    for (let n = 1; n < PEOPLE; n += 1) {
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      ids.push(id);
      writer.putPerson({ ...person, id, name: `P${n}` });
      writer.addReference({ ...own, id: id.replace('-4000-', '-4001-'), personId: id, vector: unit(n) });
    }
  });
  gallery.close();
  return ids;
}

function bundled(): { dataDir: string; ids: string[] } {
  const dataDir = temporaryFolder();
  const ids = crowd(dataDir);
  expect(bundleRows({ dataDir }, 60_000)).toBe(false);
  return { dataDir, ids };
}

function withDatabase<T>(dataDir: string, work: (db: Database.Database) => T): T {
  const db = new Database(join(dataDir, 'gallery.sqlite'));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const bundles = (dataDir: string) =>
  withDatabase(dataDir, (db) =>
    ['people', 'refs'].map((table) => db.prepare(`SELECT range FROM ${table}_bundles`).pluck().all()),
  );

/** What a gallery says of everybody: the people, and whom probes of some find with what score. */
function all(gallery: Gallery) {
  const hits = Array.from({ length: PEOPLE / 10 }, (_, n) =>
    gallery.search({ vector: unit(10 * n), model: MODEL }, 1),
  );
  return { people: gallery.list(), hits, counts: gallery.counts(), faults: gallery.faults() };
}

/** Opened by bundles where there are any, and by the rows alone. */
function both(dataDir: string): [Gallery, Gallery] {
  const quick = openGallery(dataDir);
  withDatabase(dataDir, (db) => db.exec('DELETE FROM people_bundles; DELETE FROM refs_bundles'));
  return [quick, openGallery(dataDir)];
}

describe('a bundled gallery', () => {
  it('is opened by its bundles, and is the same as by its rows', async () => {
    const { dataDir } = bundled();
    const inSlices = await Gallery.openInSlices({ dataDir, log }, new AbortController().signal);
    const [quick, byRows] = both(dataDir);
    expect([inSlices.alone, quick.alone, byRows.alone]).toEqual([0, 0, PEOPLE]);
    expect(all(quick)).toEqual(all(byRows));
    expect(all(inSlices)).toEqual(all(byRows));
    inSlices.close();
  });

  it('loses the bundle of whatever is changed, with it, and is the same all the while', () => {
    const { dataDir, ids } = bundled();
    const gallery = Gallery.open({ dataDir, log });
    gallery.removePerson(ids[3]);
    gallery.updatePerson(ids[280], { name: 'Another name' });
    gallery.close();
    expect(bundles(dataDir)).toEqual([[], [1]]);
    expect(bundleRows({ dataDir }, 60_000)).toBe(false);
    const writer = Gallery.open({ dataDir, log });
    const { id } = writer.addPerson({ name: 'New', consent: CONSENT }, [reference(unit(9999))]);
    writer.close();
    expect(bundles(dataDir)).toEqual([[0], [0]]);
    const [quick, byRows] = both(dataDir);
    expect(quick.alone).toBe(PEOPLE - 255 + 1);
    expect(all(quick)).toEqual(all(byRows));
    expect([quick.get(ids[3]), quick.find(ids[280]).name]).toEqual([null, 'Another name']);
    expect(quick.search({ vector: unit(9999), model: MODEL }, 1)[0]?.personId).toBe(id);
  });

  it('keeps nothing of a person who was removed in any file', () => {
    const { dataDir, ids } = bundled();
    const sealed = withDatabase(dataDir, (db) =>
      ['people', 'refs'].map((table) =>
        db.prepare(`SELECT sealed FROM ${table}_bundles WHERE range = 0`).pluck().get(),
      ),
    );
    const gallery = openGallery(dataDir);
    gallery.removePerson(ids[3]);
    const files = filesOf(dataDir);
    for (const bundle of sealed) {
      if (!Buffer.isBuffer(bundle)) throw new Error('there is no bundle');
      for (let at = 0; at + 64 <= bundle.length; at += 2048)
        expect(files.includes(bundle.subarray(at, at + 64))).toBe(false);
    }
  });

  it('goes by the rows where a bundle was altered or exchanged', () => {
    const { dataDir } = bundled();
    withDatabase(dataDir, (db) => {
      db.exec('UPDATE people_bundles SET sealed = zeroblob(100) WHERE range = 0');
      db.exec('UPDATE refs_bundles SET range = 1 - range + 10; UPDATE refs_bundles SET range = range - 10');
    });
    const [quick, byRows] = both(dataDir);
    expect(quick.alone).toBe(PEOPLE);
    expect(all(quick)).toEqual(all(byRows));
  });

  it('does not bring somebody back by an old bundle', () => {
    const { dataDir, ids } = bundled();
    const old = withDatabase(dataDir, (db) => db.prepare('SELECT * FROM people_bundles').all());
    const refs = withDatabase(dataDir, (db) => db.prepare('SELECT * FROM refs_bundles').all());
    const gallery = Gallery.open({ dataDir, log });
    gallery.removePerson(ids[3]);
    gallery.close();
    withDatabase(dataDir, (db) => {
      for (const row of old)
        db.prepare('INSERT OR REPLACE INTO people_bundles VALUES (@range, @sealed)').run(row);
      for (const row of refs)
        db.prepare('INSERT OR REPLACE INTO refs_bundles VALUES (@range, @sealed)').run(row);
    });
    const again = openGallery(dataDir);
    expect([again.get(ids[3]), again.counts().people, again.alone]).toEqual([null, PEOPLE - 1, PEOPLE - 1]);
    expect(again.search({ vector: unit(3), model: MODEL }, 1)[0]?.score).toBeLessThan(0.5);
  });

  it('is whole after its rows were numbered anew', () => {
    const { dataDir, ids } = bundled();
    const gallery = Gallery.open({ dataDir, log });
    for (const id of ids.slice(10, 60)) gallery.removePerson(id);
    gallery.close();
    bundleRows({ dataDir }, 60_000);
    withDatabase(dataDir, (db) => db.exec('VACUUM'));
    const [quick, byRows] = both(dataDir);
    expect(quick.counts().people).toBe(PEOPLE - 50);
    expect(all(quick)).toEqual(all(byRows));
  });

  it('tells of a row that cannot be used at every opening', () => {
    const { dataDir, ids } = bundled();
    withDatabase(dataDir, (db) => db.prepare("UPDATE people SET sealed = x'00' WHERE id = ?").run(ids[3]));
    expect(bundleRows({ dataDir }, 60_000)).toBe(false);
    const gallery = openGallery(dataDir);
    expect(gallery.faults()).toMatchObject([{ table: 'people', id: ids[3] }]);
    expect([gallery.counts().people, gallery.get(ids[3])]).toEqual([PEOPLE - 1, null]);
  });

  it('is bundled as far as there is time', () => {
    const dataDir = temporaryFolder();
    crowd(dataDir);
    expect(bundleRows({ dataDir }, 0)).toBe(true);
    expect(bundles(dataDir)).toEqual([[], []]);
  });
});
