import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { RowCipher } from '../../src/gallery/cipher.ts';
import { MIGRATIONS, openDatabase } from '../../src/gallery/database.ts';
import { exportGallery, hashPin, importGallery, isPin } from '../../src/gallery/index.ts';
import { createKeyFile, keyFile } from '../../src/gallery/key.ts';
import { personIdentity } from '../../src/gallery/rows.ts';
import { CONSENT, filesOf, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const ID = 'aaaaaaaa-0000-4000-8000-000000000001';

describe('groups and credentials of a person', () => {
  it('are kept, changed by what is named, and brought along by export and import', async () => {
    const folder = temporaryFolder();
    const gallery = openGallery(folder);
    const pin = await hashPin('2468');
    const person = gallery.addPerson(
      { name: 'Li', consent: CONSENT, groups: ['staff', 'night', 'staff'], cards: ['0012345678'], pin },
      [reference(unit(1))],
    );
    expect(person).toMatchObject({ groups: ['night', 'staff'], cards: ['12345678'], duressPin: null });
    gallery.updatePerson(person.id, { validUntil: '2026-03-01T08:00:00+08:00', extendedTime: true });
    const other = openGallery(folder);
    expect(other.get(person.id)).toMatchObject({
      groups: ['night', 'staff'],
      cards: ['12345678'],
      pin,
      validUntil: '2026-03-01T00:00:00.000Z',
      extendedTime: true,
      antiPassbackExempt: false,
    });
    const file = join(temporaryFolder(), 'people');
    exportGallery(gallery, file, 'correct horse battery staple', 2 ** 15);
    const target = openGallery(temporaryFolder());
    importGallery(target, file, 'correct horse battery staple');
    expect(target.list()).toEqual(gallery.list());
  });

  it('find a person by card, and give a card to one person alone', () => {
    const gallery = openGallery(temporaryFolder());
    const ann = gallery.addPerson({ name: 'Ann', consent: CONSENT, cards: ['100', '200'] }, []);
    expect(gallery.byCard('200').map(({ id }) => id)).toEqual([ann.id]);
    expect(() => gallery.addPerson({ name: 'Bea', consent: CONSENT, cards: ['00200'] }, [])).toThrow(
      code('CREDENTIAL_TAKEN'),
    );
    expect(gallery.list()).toHaveLength(1);
    gallery.updatePerson(ann.id, { cards: ['100'] });
    expect(gallery.byCard('200')).toEqual([]);
    gallery.removePerson(ann.id);
    expect(gallery.byCard('100')).toEqual([]);
  });

  it('let somebody in without a face who never agreed to being recognised', () => {
    const gallery = openGallery(temporaryFolder());
    const consent = { ...CONSENT, local: false };
    expect(gallery.addPerson({ name: 'Card only', consent, cards: ['7'] }, []).consent.local).toBe(false);
    expect(() => gallery.addPerson({ name: 'Face', consent }, [reference(unit(1))])).toThrow(code('USAGE'));
  });

  it.each([
    [{ groups: ['Night Shift'] }],
    [{ cards: ['0'] }],
    [{ cards: ['12AB'] }],
    [{ validFrom: '2026-03-01T08:00:00' }],
    [{ validFrom: '2026-03-02T00:00:00Z', validUntil: '2026-03-01T00:00:00Z' }],
  ])('refuse %j', (given) => {
    const gallery = openGallery(temporaryFolder());
    expect(() => gallery.addPerson({ name: 'X', consent: CONSENT, ...given }, [])).toThrow(
      code('CREDENTIAL_INVALID'),
    );
  });

  it('are none for a person who was enrolled by an older version', () => {
    const folder = temporaryFolder();
    const cipher = new RowCipher(createKeyFile(keyFile(folder)));
    const db = openDatabase(join(folder, 'gallery.sqlite'), folder, 100, MIGRATIONS.slice(0, 1));
    db.prepare('UPDATE meta SET key_check = ?').run(cipher.keyCheck);
    const old = { name: 'Old', consent: CONSENT, createdAt: CONSENT.at, updatedAt: CONSENT.at };
    const sealed = cipher.seal(personIdentity(ID), Buffer.from(JSON.stringify(old)));
    db.prepare('INSERT INTO people (id, generation, sealed) VALUES (?, 1, ?)').run(ID, sealed);
    db.close();
    const gallery = openGallery(folder);
    expect(gallery.get(ID)).toEqual({
      id: ID,
      idNumberHash: null,
      site: null,
      ...old,
      groups: [],
      validFrom: null,
      validUntil: null,
      cards: [],
      pin: null,
      duressPin: null,
      antiPassbackExempt: false,
      extendedTime: false,
    });
    expect(gallery.passes()).toEqual([]);
  });
});

describe('a PIN', () => {
  it('is kept salted and hashed, and only its own digits are it', async () => {
    const [one, two] = await Promise.all([hashPin('13579'), hashPin('13579')]);
    expect(one.hash).not.toBe(two.hash);
    expect(await isPin('13579', one)).toBe(true);
    expect(await Promise.all(['1357', '135790', '', '13578'].map((digits) => isPin(digits, one)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(JSON.stringify(one)).not.toContain('13579');
  });

  it.each(['123', '1234567890123', '12a4', '7777'])('cannot be %s', async (digits) => {
    await expect(hashPin(digits)).rejects.toEqual(code('CREDENTIAL_INVALID'));
  });
});

describe('a pass', () => {
  const span = { validFrom: '2030-03-01T08:00:00+08:00', validUntil: '2030-03-01T18:00:00+08:00' };

  it('is found by its token alone, in every process, and its token stands in no file', () => {
    const folder = temporaryFolder();
    const daemon = openGallery(folder);
    const gallery = openGallery(folder);
    const { pass, token } = gallery.addPass({
      name: '访客',
      doors: ['front'],
      groups: ['visitors'],
      ...span,
    });
    daemon.refresh();
    expect(daemon.passOf(token)).toEqual(pass);
    expect(pass).toMatchObject({ doors: ['front'], validUntil: '2030-03-01T10:00:00.000Z' });
    expect(daemon.passOf(`${token}x`)).toBeNull();
    expect(token.length).toBeGreaterThan(30);
    expect(filesOf(folder).includes(token)).toBe(false);
    gallery.removePass(pass.id);
    daemon.refresh();
    expect(daemon.passOf(token)).toBeNull();
    expect(() => gallery.removePass(pass.id)).toThrow(code('PASS_NOT_FOUND'));
  });

  it('goes an hour after its end, and the name of the visitor with it', () => {
    const folder = temporaryFolder();
    const gallery = openGallery(folder);
    const end = Date.now() + 60_000;
    const request = {
      name: 'Wang Fang',
      doors: ['front'],
      groups: [],
      validFrom: new Date().toISOString(),
      validUntil: new Date(end).toISOString(),
    };
    const { token } = gallery.addPass(request);
    expect(gallery.dropOldPasses(new Date(end + 3_599_000).toISOString())).toBe(0);
    expect(gallery.passOf(token)?.name).toBe('Wang Fang');
    expect(gallery.dropOldPasses(new Date(end + 3_601_000).toISOString())).toBe(1);
    expect(gallery.passOf(token)).toBeNull();
    expect(openGallery(folder).passes()).toEqual([]);
  });

  it('that was altered in the file opens nothing and is named', () => {
    const folder = temporaryFolder();
    const gallery = openGallery(folder);
    const { pass, token } = gallery.addPass({ name: 'V', doors: ['front'], groups: [], ...span });
    const db = new Database(join(folder, 'gallery.sqlite'));
    db.prepare('UPDATE passes SET sealed = zeroblob(80), generation = generation + 1').run();
    db.exec('UPDATE meta SET generation = generation + 1');
    db.close();
    gallery.refresh();
    expect(gallery.passOf(token)).toBeNull();
    expect(gallery.faults()).toMatchObject([{ table: 'passes', id: pass.id }]);
  });

  it.each([
    [{ ...span, doors: [] }],
    [{ ...span, validUntil: span.validFrom, doors: ['front'] }],
    [{ validFrom: '2020-01-01T00:00:00Z', validUntil: '2020-01-02T00:00:00Z', doors: ['front'] }],
  ])('cannot be %j', (request) => {
    const gallery = openGallery(temporaryFolder());
    expect(() => gallery.addPass({ name: 'V', groups: [], ...request })).toThrow(code('CREDENTIAL_INVALID'));
  });
});
