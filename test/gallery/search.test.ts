import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceIndex } from '../../src/gallery/search.ts';
import { near, unit } from './helpers.ts';

const MODEL = { id: 'm', version: '1' };
const everybody = () => true;
/** Of a score: a row holds a byte for each number of its embedding. */
const TOLERANCE = 0.002;

interface Row {
  readonly referenceId: string;
  readonly personId: string;
  readonly vector: Float32Array;
}

/** Much the same for each number, as ids are not: the tables must find each all the same. */
function uuid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** The same answer by the plainest means. */
function naive(rows: Iterable<Row>, probe: Float32Array, k: number): [string, number][] {
  const best = new Map<string, number>();
  for (const { personId, vector } of rows) {
    const score = vector.reduce((sum, value, index) => sum + value * (probe[index] ?? 0), 0);
    best.set(personId, Math.max(best.get(personId) ?? -2, score));
  }
  return [...best].sort((a, b) => b[1] - a[1]).slice(0, k);
}

describe('1:N search', () => {
  it('gives the best people, best first, each by their best reference', () => {
    const index = new ReferenceIndex();
    const probe = unit(1);
    const scores = { a1: 0.2, a2: 0.9, b1: 0.7, b2: 0.1, c1: 0.8, d1: -0.3 };
    Object.entries(scores).forEach(([referenceId, score], seed) => {
      index.add({ referenceId, personId: referenceId.slice(0, 1) }, MODEL, near(probe, score, seed + 10));
    });
    const hits = index.search(probe, MODEL, 3, everybody);
    expect(hits.map(({ referenceId, score }) => [referenceId, score.toFixed(2)])).toEqual([
      ['a2', '0.90'],
      ['c1', '0.80'],
      ['b1', '0.70'],
    ]);
    expect(index.search(probe, MODEL, 3, (person) => person !== 'a').map((hit) => hit.personId)).toEqual([
      'c',
      'b',
      'd',
    ]);
  });

  it('never compares references of another model or version', () => {
    const index = new ReferenceIndex();
    index.add({ referenceId: 'r1', personId: 'old' }, { id: 'm', version: '0' }, unit(1));
    index.add({ referenceId: 'r2', personId: 'other' }, { id: 'n', version: '1' }, unit(1));
    index.add({ referenceId: 'r3', personId: 'own' }, MODEL, unit(2));
    expect(index.search(unit(1), MODEL, 5, everybody).map((hit) => hit.personId)).toEqual(['own']);
    expect([index.count(MODEL), index.count()]).toEqual([1, 3]);
  });

  it('finds nobody for a probe that is not a number', () => {
    const index = new ReferenceIndex();
    index.add({ referenceId: 'r', personId: 'p' }, MODEL, unit(1));
    expect(index.search(new Float32Array(512).fill(Number.NaN), MODEL, 5, everybody)).toEqual([]);
    expect(() => index.search(new Float32Array(511), MODEL, 5, everybody)).toThrow(/512/);
  });

  it('equals the naive search after any sequence of additions, replacements and removals', () => {
    const step = fc.record({
      remove: fc.boolean(),
      reference: fc.nat(40),
      person: fc.nat(8),
      seed: fc.nat(1e6),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(1e6),
        (steps, k, seed) => {
          const index = new ReferenceIndex();
          const model = new Map<string, Row>();
          for (const { remove, reference, person, seed: s } of steps) {
            // UUIDs are kept as their bytes, other ids are not.
            const referenceId = reference % 2 === 0 ? `r${reference}` : uuid(reference);
            if (remove) expect(index.remove(referenceId)).toBe(model.delete(referenceId));
            else {
              const personId = person % 2 === 0 ? `p${person}` : uuid(person);
              const row = { referenceId, personId, vector: unit(s) };
              index.add(row, MODEL, row.vector);
              model.set(referenceId, row);
            }
          }
          expect(index.count()).toBe(model.size);
          for (const { referenceId, personId } of model.values()) {
            expect(index.personOf(referenceId)).toBe(personId);
            expect(index.referencesOf(personId)).toContain(referenceId);
          }
          const people = [...new Set([...model.values()].map((row) => row.personId))];
          expect(people.flatMap((id) => index.referencesOf(id)).length).toBe(model.size);
          expect([...index.entries()].map((entry) => entry.referenceId).sort()).toEqual(
            [...model.keys()].sort(),
          );
          const probe = unit(seed);
          const expected = naive(model.values(), probe, k);
          const hits = index.search(probe, MODEL, k, everybody);
          expect(hits.length).toBe(expected.length);
          hits.forEach((hit, place) => {
            expect(Math.abs(hit.score - (expected[place]?.[1] ?? -9))).toBeLessThan(TOLERANCE);
            expect(model.get(hit.referenceId)?.personId).toBe(hit.personId);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds the right one among many strangers, wherever it stands, and scores it as the cosine', () => {
    const index = new ReferenceIndex();
    const MANY = 6000;
    for (let i = 0; i < MANY; i += 1) index.add({ referenceId: `r${i}`, personId: `p${i}` }, MODEL, unit(i));
    for (let i = 0; i < 50; i += 1) {
      const target = (i * 997) % MANY;
      const score = 0.4 + (i % 50) / 100;
      const [hit] = index.search(near(unit(target), score, i + 50_000), MODEL, 1, everybody);
      expect(hit?.referenceId).toBe(`r${target}`);
      expect(Math.abs((hit?.score ?? 0) - score)).toBeLessThan(TOLERANCE);
    }
  });

  it('compares with the references of a person and no others', () => {
    const index = new ReferenceIndex();
    index.add({ referenceId: 'r1', personId: 'a' }, MODEL, unit(1));
    index.add({ referenceId: 'r2', personId: 'a' }, MODEL, unit(2));
    index.add({ referenceId: 'r3', personId: 'a' }, { id: 'm', version: '0' }, unit(3));
    index.add({ referenceId: 'r4', personId: 'b' }, MODEL, unit(4));
    expect(index.best(unit(2), MODEL, 'a')).toBeCloseTo(1, 3);
    expect(index.best(unit(3), MODEL, 'a')).toBeLessThan(0.5);
    expect(index.best(unit(4), MODEL, 'a')).toBeLessThan(0.5);
    expect(index.best(unit(3), MODEL, 'nobody')).toBeNull();
    expect(index.best(new Float32Array(512), MODEL, 'a')).toBeNull();
  });

  it('holds more than one block of references, and shrinks again', () => {
    const index = new ReferenceIndex();
    for (let i = 0; i < 5500; i += 1) index.add({ referenceId: `r${i}`, personId: `p${i}` }, MODEL, unit(i));
    expect(index.search(unit(2400), MODEL, 1, everybody)[0]).toMatchObject({ personId: 'p2400' });
    for (let i = 0; i < 5500; i += 2) index.remove(`r${i}`);
    expect(index.search(unit(2400), MODEL, 1, everybody)[0]?.score).toBeLessThan(0.5);
    expect(index.search(unit(2401), MODEL, 1, everybody)[0]?.score).toBeCloseTo(1, 3);
    for (let i = 1; i < 5500; i += 2) index.remove(`r${i}`);
    expect([index.count(), index.search(unit(1), MODEL, 1, everybody)]).toEqual([0, []]);
  });
});
