import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exportGallery, importGallery, SitePeople } from '../../src/gallery/index.ts';
import type { Arrival } from '../../src/site/index.ts';
import { person } from '../site/support.ts';
import { CONSENT, MODEL, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

const [ALICE, BOB] = ['8f14e45f-ceea-467f-a9cf-1b2c3d4e5f60', '1c383cd3-0b7c-498a-b1d5-2b3c4d5e6f70'];
const code = (wanted: string) => expect.objectContaining({ code: wanted });

function open(dataDir: string, site = 'hq', model = MODEL): SitePeople {
  const people = SitePeople.open({ dataDir, site, model });
  onTestFinished(() => people.close());
  return people;
}

function arrival(id: string, seed: number, version = 1): Arrival {
  const templates = [{ vector: unit(seed), model: MODEL, qualityScore: 0.9 }];
  const digest = `digest${id.slice(0, 8)}${version}`.padEnd(22, 'x');
  return { person: person(id), version, digest, templates, faults: [] };
}

describe('people of a site in the gallery', () => {
  it('are found like those enrolled here, survive a restart, and go with the site alone', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    const local = gallery.addPerson({ name: 'Local', consent: CONSENT }, [reference(unit(1))]);
    let site = open(dataDir);
    expect(site.apply([arrival(ALICE, 2), arrival(BOB, 3)])).toEqual({ added: [ALICE, BOB], updated: [] });
    expect(gallery.refresh()?.added).toEqual(expect.arrayContaining([ALICE, BOB]));
    expect(gallery.search({ vector: unit(2), model: MODEL })[0]).toMatchObject({ personId: ALICE });
    expect(gallery.get(ALICE)?.site).toBe('hq');
    expect(site.apply([arrival(ALICE, 4, 2)])).toEqual({ added: [], updated: [ALICE] });
    gallery.refresh();
    expect(gallery.search({ vector: unit(4), model: MODEL })[0]?.personId).toBe(ALICE);
    expect(gallery.compare(ALICE, { vector: unit(2), model: MODEL })).toBeLessThan(0.9);
    site.believe(7, 'root');
    site.confirm(1234);
    site.close();
    site = open(dataDir);
    expect(site.believed).toEqual({ version: 7, root: 'root' });
    expect(site.confirmedAt).toBe(1234);
    expect([...site.entries()].map(({ id, version }) => [id, version]).sort()).toEqual(
      [
        [ALICE, 2],
        [BOB, 1],
      ].sort(),
    );
    expect(site.remove([ALICE, local.id])).toEqual([ALICE]);
    expect(gallery.refresh()).toMatchObject({ removed: [ALICE] });
    expect(
      gallery
        .list()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([local.id, BOB].sort());
  });

  it('are changed by the site alone, and are in no export', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    open(dataDir).apply([arrival(ALICE, 2)]);
    gallery.refresh();
    expect(() => gallery.removePerson(ALICE)).toThrow(code('PERSON_OF_SITE'));
    expect(() => gallery.updatePerson(ALICE, { name: 'X' })).toThrow(code('PERSON_OF_SITE'));
    expect(() => gallery.addReferences(ALICE, [])).toThrow(code('PERSON_OF_SITE'));
    gallery.addPerson({ name: 'Local', consent: CONSENT }, []);
    const file = join(dataDir, 'export');
    exportGallery(gallery, file, 'passphrase', 2 ** 15);
    const other = openGallery(temporaryFolder());
    importGallery(other, file, 'passphrase');
    expect(other.list().map(({ name }) => name)).toEqual(['Local']);
  });

  it('give way to somebody enrolled here with the same id, who stays when the site takes theirs away', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    gallery.addPerson({ id: ALICE, name: 'Local', consent: CONSENT }, []);
    const site = open(dataDir);
    expect(site.apply([arrival(ALICE, 2)])).toEqual({ added: [], updated: [] });
    expect(site.faults()).toEqual([{ id: ALICE, face: null, code: 'SITE_ID_TAKEN' }]);
    expect([...site.entries()]).toHaveLength(1);
    site.remove([ALICE]);
    gallery.refresh();
    expect(gallery.get(ALICE)).toMatchObject({ name: 'Local', site: null });
  });

  it('leave somebody enrolled here alone whatever the unsealed rows of the gallery say', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    gallery.addPerson({ id: ALICE, name: 'Local', consent: CONSENT }, []);
    open(dataDir).apply([arrival(ALICE, 2)]);
    const db = new Database(join(dataDir, 'gallery.sqlite'));
    db.prepare("UPDATE site_people SET faults = '[]'").run();
    db.close();
    const site = open(dataDir);
    expect([...site.entries()]).toEqual([]);
    expect(site.apply([arrival(ALICE, 3, 2)])).toEqual({ added: [], updated: [] });
    expect(site.remove([ALICE])).toEqual([]);
    gallery.refresh();
    expect(gallery.get(ALICE)).toMatchObject({ name: 'Local', site: null });
  });

  it("stay the site's when they come while an import waits for its turn to write", () => {
    const other = openGallery(temporaryFolder());
    other.addPerson({ id: ALICE, name: 'Import', consent: CONSENT }, [reference(unit(9))]);
    const file = join(temporaryFolder(), 'export');
    exportGallery(other, file, 'passphrase', 2 ** 15);
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    const site = open(dataDir);
    const transact = gallery.transact.bind(gallery);
    gallery.transact = (action) => {
      site.apply([arrival(ALICE, 2)]);
      return transact(action);
    };
    expect(importGallery(gallery, file, 'passphrase')).toMatchObject({ added: 0, updated: 0, references: 0 });
    expect(gallery.get(ALICE)).toMatchObject({ site: 'hq' });
    expect(gallery.referenceCount(ALICE)).toBe(1);
  });

  it('are not held any more when a row of theirs was altered or the network is another, and are made whole again', () => {
    const dataDir = temporaryFolder();
    open(dataDir).apply([arrival(ALICE, 2), arrival(BOB, 3)]);
    const db = new Database(join(dataDir, 'gallery.sqlite'));
    db.prepare('UPDATE refs SET quality = 0.1 WHERE person_id = ?').run(ALICE);
    db.close();
    const site = open(dataDir);
    expect([...site.entries()].map(({ id }) => id)).toEqual([BOB]);
    site.apply([arrival(ALICE, 2)]);
    expect([...open(dataDir).entries()]).toHaveLength(2);
    expect([...open(dataDir, 'hq', { id: 'embedding', version: '2' }).entries()]).toEqual([]);
  });

  it('go when the gate follows another site', () => {
    const dataDir = temporaryFolder();
    const gallery = openGallery(dataDir);
    const local = gallery.addPerson({ name: 'Local', consent: CONSENT }, []);
    open(dataDir).apply([arrival(ALICE, 2)]);
    expect(open(dataDir, 'other').believed).toEqual({ version: 0, root: '' });
    gallery.refresh();
    expect(gallery.list().map(({ id }) => id)).toEqual([local.id]);
  });
});
