import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOT_ENTITLED } from '../../src/gallery/entitlement.ts';
import type { Person } from '../../src/gallery/index.ts';
import { People } from '../../src/gallery/people.ts';
import { packPeople, unpackPeople } from '../../src/gallery/people-pack.ts';
import { packReferences, unpackReferences } from '../../src/gallery/reference-pack.ts';
import { RowsMemory } from '../../src/gallery/rows-memory.ts';
import { ReferenceIndex } from '../../src/gallery/search.ts';
import { CONSENT, MODEL, unit } from './helpers.ts';

const idOf = (n: number) => `0000000${n % 10}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const at = '2026-01-02T03:04:05.678Z';
const nobody = () => null;

const somebody: fc.Arbitrary<Omit<Person, 'id'>> = fc.record({
  name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  consent: fc.record({
    local: fc.boolean(),
    cloud: fc.boolean(),
    at: fc.constant(at),
    version: fc.constant('v1'),
  }),
  ...{ groups: fc.uniqueArray(fc.constantFrom('staff', 'night', 'a-b'), { maxLength: 3 }) },
  ...{ validFrom: fc.constantFrom(null, at), validUntil: fc.constantFrom(null, at) },
  cards: fc.uniqueArray(fc.constantFrom('1', '22', '333'), { maxLength: 3 }),
  pin: fc.constantFrom(null, { salt: `${'A'.repeat(22)}==`, hash: `${'B'.repeat(43)}=`, cost: 16384 }),
  duressPin: fc.constant(null),
  ...{ antiPassbackExempt: fc.boolean(), extendedTime: fc.boolean() },
  idNumberHash: fc.constantFrom(null, `${'C'.repeat(43)}=`),
  site: fc.constantFrom(null, 'headquarters'),
  ...{ createdAt: fc.constant(at), updatedAt: fc.constant(at) },
});
const crowds = fc
  .array(somebody, { maxLength: 20 })
  .map((all) => all.map((one, n) => ({ id: idOf(n), ...one })));

function packed(people: readonly Person[]): Buffer {
  const bytes = packPeople(people);
  if (bytes === null) throw new Error('cannot be packed');
  return bytes;
}

function peopleOf(bytes: Buffer): People {
  const pack = unpackPeople(bytes);
  if (pack === null) throw new Error('is no pack');
  const people = new People(nobody);
  expect(people.addPacked(pack)).toBe(true);
  return people;
}

function references(count: number): Buffer {
  const memory = new RowsMemory();
  const all = Array.from({ length: count }, (_, n) => {
    memory.set(0, unit(n));
    const model = n % 3 === 0 ? { ...MODEL, version: '2' } : MODEL;
    return { id: idOf(n), personId: idOf(100 + n), model, row: memory.read(0) };
  });
  const bytes = packReferences(all);
  if (bytes === null) throw new Error('cannot be packed');
  return bytes;
}

describe('packed people', () => {
  it('are the same when they are read again, whoever they are', () => {
    fc.assert(
      fc.property(crowds, (people) => {
        const again = peopleOf(packed(people));
        expect([...again.values()]).toEqual(people);
        for (const { id, consent } of people) expect(again.isSearched(id)).toBe(consent.local);
        const holders = people.filter(({ cards }) => cards.includes('22'));
        expect(again.byCard('22')).toEqual(holders);
      }),
      { numRuns: 50 },
    );
  });

  it('follow what becomes of them as a plain list does', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 25 }), fc.option(somebody)), { maxLength: 40 });
    fc.assert(
      fc.property(crowds, steps, (people, changes) => {
        const memory = peopleOf(packed(people));
        const list = new Map<string, Person>(people.map((person) => [person.id, person]));
        for (const [n, change] of changes) {
          const id = idOf(n);
          if (change === null) expect(memory.delete(id)).toBe(list.delete(id));
          else {
            memory.set({ id, ...change });
            list.set(id, { id, ...change });
          }
          expect(memory.get(id)).toEqual(list.get(id) ?? null);
          expect(memory.size).toBe(list.size);
        }
        const sorted = (all: Iterable<string>) => [...all].sort();
        expect(sorted(memory.ids())).toEqual(sorted(list.keys()));
        const all = [...list.values()];
        const holders = all.filter(({ cards }) => cards.includes('1')).map(({ id }) => id);
        expect(sorted(memory.byCard('1').map(({ id }) => id))).toEqual(sorted(holders));
        const searched = sorted(all.filter(({ consent }) => consent.local).map(({ id }) => id));
        expect(memory.lowest(3, () => true)).toEqual(searched.slice(0, 3));
      }),
      { numRuns: 50 },
    );
  });

  it('are nothing where any bytes are missing or too many, and never more than was packed', () => {
    const person = { ...NOT_ENTITLED, name: 'Ann', consent: CONSENT, cards: ['1'] };
    const rest = { idNumberHash: null, site: null, createdAt: at, updatedAt: at };
    const whole = packed([0, 1, 2].map((n) => ({ id: idOf(n), ...person, ...rest })));
    for (let length = 0; length < whole.length; length++)
      expect(unpackPeople(whole.subarray(0, length))).toBeNull();
    expect(unpackPeople(Buffer.concat([whole, Buffer.of(0)]))).toBeNull();
    for (let place = 0; place < whole.length; place++) {
      const altered = Buffer.from(whole);
      altered[place] ^= 1 << (place % 8);
      const pack = unpackPeople(altered);
      const people = new People(nobody);
      // What is altered in a record shows when it is read: then the row is asked for.
      if (pack !== null && people.addPacked(pack)) expect([...people.values()].length).toBeLessThanOrEqual(3);
    }
  });

  it('are the lowest by their ids as they are written, however that is', () => {
    const rest = { consent: CONSENT, idNumberHash: null, site: null, createdAt: at, updatedAt: at };
    const people = new People(nobody);
    // In capital letters as in small ones: some before, some behind, some between.
    const ids = Array.from({ length: 64 }, (_, n) => `${(n * 37) % 256}`.padStart(3, '0'))
      .map((digits, n) => `${(n % 3 === 0 ? 'ABCDE' : 'abcde').slice(n % 5)}${'f'.repeat(n % 5)}${digits}`)
      .map((start) => `${start}-0000-4000-8000-000000000000`);
    for (const id of ids) people.set({ ...NOT_ENTITLED, name: 'Ann', id, ...rest });
    for (const most of [1, 5, 30])
      expect(people.lowest(most, () => true)).toEqual([...ids].sort().slice(0, most));
  });

  it('cannot be packed under an id that is written otherwise, and not be taken twice', () => {
    const person = { ...NOT_ENTITLED, name: 'Ann', consent: CONSENT, idNumberHash: null, site: null };
    const one: Person = { ...person, id: idOf(1), createdAt: at, updatedAt: at };
    expect(packPeople([{ ...one, id: 'ABCDEF00-0000-4000-8000-000000000000' }])).toBeNull();
    const pack = unpackPeople(packed([one]));
    const people = new People(nobody);
    people.set(one);
    expect(pack && people.addPacked(pack)).toBe(false);
  });
});

describe('packed references', () => {
  it('are found by their models as they would be one by one', () => {
    const pack = unpackReferences(references(30));
    if (pack === null) throw new Error('is no pack');
    const index = new ReferenceIndex();
    expect(index.addPacked(pack)).toBe(true);
    expect([index.count(), index.count(MODEL)]).toEqual([30, 20]);
    for (const n of [0, 1, 17, 29]) {
      const model = n % 3 === 0 ? { ...MODEL, version: '2' } : MODEL;
      const [hit] = index.search(unit(n), model, 1, () => true);
      expect(hit).toMatchObject({ referenceId: idOf(n), personId: idOf(100 + n) });
      expect(hit?.score).toBeGreaterThan(0.998);
      expect(index.referencesOf(idOf(100 + n))).toEqual([idOf(n)]);
    }
    expect(index.addPacked(pack)).toBe(false);
  });

  it('are not taken where one of them is there by another model', () => {
    const pack = unpackReferences(references(3));
    const index = new ReferenceIndex();
    index.add({ referenceId: idOf(2), personId: idOf(5) }, { ...MODEL, version: '3' }, unit(1));
    expect(pack && index.addPacked(pack)).toBe(false);
  });

  it('lie across the border of two blocks of memory as elsewhere', () => {
    const memory = new RowsMemory();
    const pack = unpackReferences(references(30));
    if (pack === null) throw new Error('is no pack');
    memory.put(4090, pack.rows, 5, 20);
    const alone = new RowsMemory();
    for (let n = 0; n < 20; n++) {
      alone.set(0, unit(5 + n));
      expect(memory.read(4090 + n)).toEqual(alone.read(0));
      memory.setProbe(unit(5 + n));
      expect(memory.score(4090 + n)).toBeGreaterThan(0.998);
    }
  });

  it('are nothing where any bytes are missing or too many', () => {
    const whole = references(2);
    for (let length = 0; length < whole.length; length++)
      expect(unpackReferences(whole.subarray(0, length))).toBeNull();
    expect(unpackReferences(Buffer.concat([whole, Buffer.of(0)]))).toBeNull();
  });
});
