import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Bundles } from '../../src/gallery/bundles.ts';
import { bundleRows, Gallery, type Person } from '../../src/gallery/index.ts';
import { unlock } from '../../src/gallery/unlock.ts';
import { CONSENT, filesOf, log, MODEL, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

/** More than one range of 256 row numbers, which begin at 1. */
const PEOPLE = 300;

/** Some have what others lack. */
function varied(n: number): Pick<Person, 'cards' | 'groups' | 'validUntil' | 'consent' | 'site'> {
  return {
    cards: n % 7 === 0 ? [String(7000 + n), '1'] : [],
    groups: n % 5 === 0 ? ['staff'] : [],
    validUntil: n % 3 === 0 ? '2030-01-01T00:00:00.000Z' : null,
    consent: { ...CONSENT, local: n % 11 !== 0 },
    site: n === 290 ? 'headquarters' : null,
  };
}

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
      writer.putPerson({ ...person, id, name: `P${n}`, ...varied(n) });
      writer.addReference({ ...own, id: id.replace('-4000-', '-4001-'), personId: id, vector: unit(n) });
    }
  });
  gallery.close();
  return ids;
}

function bundled(): { dataDir: string; ids: string[] } {
  const dataDir = temporaryFolder();
  const ids = crowd(dataDir);
  expect(bundleRows({ dataDir }, 60_000)).toBeNull();
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

function withBundles(dataDir: string, work: (bundles: Bundles) => void): void {
  withDatabase(dataDir, (db) => {
    const path = join(dataDir, 'gallery.sqlite');
    work(new Bundles(db, unlock(db, path, dataDir, undefined).cipher));
  });
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
  const cards = ['1', '7007', '7008'].map((card) => gallery.byCard(card).map(({ id }) => id));
  const sample = gallery.sample(MODEL, 50);
  return { people: gallery.list(), hits, cards, sample, counts: gallery.counts(), faults: gallery.faults() };
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
    expect(bundleRows({ dataDir }, 60_000)).toBeNull();
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

  it('goes by the rows where a bundle was altered or exchanged, until it is made anew', () => {
    const { dataDir } = bundled();
    withDatabase(dataDir, (db) => {
      db.exec('UPDATE people_bundles SET sealed = zeroblob(100) WHERE range = 0');
      db.exec('UPDATE refs_bundles SET range = 1 - range + 10; UPDATE refs_bundles SET range = range - 10');
    });
    const [quick, byRows] = both(dataDir);
    expect(quick.alone).toBe(PEOPLE);
    expect(all(quick)).toEqual(all(byRows));
    expect(bundleRows({ dataDir }, 60_000)).toBeNull();
    withDatabase(dataDir, (db) =>
      db.exec(
        'UPDATE refs_bundles SET sealed = zeroblob(100); UPDATE people_bundles SET sealed = zeroblob(0)',
      ),
    );
    expect(bundleRows({ dataDir }, 60_000)).toBeNull();
    expect(openGallery(dataDir).alone).toBe(0);
  });

  it('goes by the rows where somebody is in two bundles', () => {
    const { dataDir, ids } = bundled();
    const gallery = openGallery(dataDir);
    const twice = gallery.list().find(({ id }) => id === ids[280]);
    const first = ids.slice(0, 255).map((id) => gallery.find(id));
    if (twice === undefined) throw new Error('nobody is there');
    withBundles(dataDir, (bundles) => bundles.putPeople(0, [...first.slice(1), twice]));
    const [quick, byRows] = both(dataDir);
    expect(quick.alone).toBe(PEOPLE);
    expect(all(quick)).toEqual(all(byRows));
  });

  it('goes by the row of somebody whose record in a bundle cannot be used', () => {
    const { dataDir, ids } = bundled();
    const gallery = openGallery(dataDir);
    const first = ids.slice(0, 255).map((id) => gallery.find(id));
    withBundles(dataDir, (bundles) =>
      bundles.putPeople(
        0,
        first.map((person, n) => (n === 7 ? { ...person, name: '' } : person)),
      ),
    );
    const [quick, byRows] = both(dataDir);
    expect(quick.alone).toBe(0);
    expect(quick.get(ids[7])?.name).toBe('P7');
    expect(all(quick)).toEqual(all(byRows));
  });

  it('follows what becomes of its people and their cards', () => {
    const { dataDir, ids } = bundled();
    const gallery = openGallery(dataDir);
    const having = (card: string) => gallery.byCard(card).map(({ id }) => id);
    expect(having('7007')).toEqual([ids[7]]);
    gallery.updatePerson(ids[7], { cards: ['5'], consent: { ...CONSENT, local: false } });
    gallery.removePerson(ids[14]);
    expect([having('7007'), having('5'), having('7014')]).toEqual([[], [ids[7]], []]);
    expect(having('1')).not.toContain(ids[14]);
    expect(gallery.search({ vector: unit(7), model: MODEL }, 1)[0]?.score).toBeLessThan(0.5);
    const { id } = gallery.addPerson({ name: 'New', consent: CONSENT, cards: ['7014'] }, []);
    expect(having('7014')).toEqual([id]);
    expect(all(openGallery(dataDir))).toEqual(all(gallery));
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
    expect(bundleRows({ dataDir }, 60_000)).toBeNull();
    const gallery = openGallery(dataDir);
    expect(gallery.faults()).toMatchObject([{ table: 'people', id: ids[3] }]);
    expect([gallery.counts().people, gallery.get(ids[3])]).toEqual([PEOPLE - 1, null]);
  });

  it('is bundled as far as there is time', () => {
    const dataDir = temporaryFolder();
    crowd(dataDir);
    expect(bundleRows({ dataDir }, 0)).toEqual({ table: 'people', range: 0 });
    expect(bundles(dataDir)).toEqual([[], []]);
  });

  it('is bundled from where it was left, without another look at what comes before', () => {
    const dataDir = temporaryFolder();
    crowd(dataDir);
    const place = { table: 'people', range: 1 } as const;
    expect(bundleRows({ dataDir }, 0, place)).toEqual(place);
    expect(bundleRows({ dataDir }, 60_000, place)).toBeNull();
    expect(bundles(dataDir)).toEqual([[1], [0, 1]]);
  });
});
