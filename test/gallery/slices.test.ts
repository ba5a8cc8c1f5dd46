import { expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/index.ts';
import { CONSENT, log, MODEL, openGallery, reference, temporaryFolder } from './helpers.ts';

const PEOPLE = 1000;
/** Of the CPU time of the whole; one slice is a thirtieth of it. */
const HELD_UP = 1 / 2;

/** Another for each, and quickly made. */
function face(n: number): Float32Array {
  const vector = new Float32Array(512);
  vector[n % 512] = 0.6;
  vector[((n % 512) + 1 + Math.floor(n / 512)) % 512] = 0.8;
  return vector;
}

function crowd(dataDir: string): Gallery {
  const gallery = openGallery(dataDir);
  const [first, ...others] = Array.from({ length: PEOPLE }, (_, n) => n);
  const { id } = gallery.addPerson({ name: `P${first}`, consent: CONSENT }, [reference(face(0))]);
  const { createdAt, updatedAt, ...person } = gallery.find(id);
  gallery.transact((writer) => {
    for (const n of others) {
      const personId = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      writer.putPerson({ ...person, id: personId, name: `P${n}`, createdAt, updatedAt });
      writer.addReference({
        id: personId.replace('-4000-', '-4001-'),
        personId,
        pictureId: null,
        model: MODEL,
        qualityScore: 0.8,
        createdAt,
        vector: face(n),
      });
    }
  });
  return gallery;
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** What the event loop does while `work` goes on: its turns, and the longest of them as a part of all processor time. */
async function watched<T>(work: () => Promise<T>) {
  let longest = 0;
  let turns = 0;
  const begun = cpuMs();
  let before = begun;
  const turn = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    turns += 1;
    running = setImmediate(turn);
  };
  let running = setImmediate(turn);
  const result = await work();
  clearImmediate(running);
  return { result, turns, longest: longest / (cpuMs() - begun) };
}

it('is loaded in slices, never holding up the event loop for long, as whole as at once', async () => {
  const dataDir = temporaryFolder();
  const writer = crowd(dataDir);
  let id = '';
  const loaded = await watched(() => {
    const loading = Gallery.openInSlices({ dataDir, log }, new AbortController().signal);
    // Somebody who comes meanwhile is not in the picture that is being read, and is found at the next look.
    id = writer.addPerson({ name: 'Late', consent: CONSENT }, [reference(face(9999))]).id;
    return loading;
  });
  const { result: gallery, turns, longest } = loaded;
  expect(turns).toBeGreaterThan(20);
  expect(longest).toBeLessThan(HELD_UP);
  expect(gallery.counts()).toMatchObject({ people: PEOPLE, references: PEOPLE });
  expect(gallery.refresh()).toEqual({ added: [id], updated: [], removed: [] });
  expect(gallery.list()).toEqual(writer.list());
  expect(gallery.search({ vector: face(700), model: MODEL }, 1)[0]?.score).toBeGreaterThan(0.99);
  gallery.close();
}, 60_000);

it('takes over a large change in slices, whatever else is asked or written meanwhile, as whole as at once', async () => {
  const dataDir = temporaryFolder();
  const gallery = openGallery(dataDir);
  const { id: kept } = gallery.addPerson({ name: 'Kept', consent: CONSENT, cards: ['1'] }, [
    reference(face(9000)),
  ]);
  const { id: gone } = gallery.addPerson({ name: 'Gone', consent: CONSENT, cards: ['2'] }, [
    reference(face(9001)),
  ]);
  gallery.refresh();
  const writer = crowd(dataDir);
  writer.removePerson(gone);
  writer.updatePerson(kept, { name: 'Changed' });
  const { signal } = new AbortController();
  let asked = 0;
  const { result, turns, longest } = await watched(async () => {
    const taking = gallery.refreshInSlices(signal);
    const ask = setInterval(() => {
      asked += 1;
      expect(gallery.search({ vector: face(9000), model: MODEL }, 1)[0]?.personId).toBe(kept);
      expect(gallery.byCard('1')[0]?.id).toBe(kept);
    }, 5);
    try {
      return await taking;
    } finally {
      clearInterval(ask);
    }
  });
  expect(turns).toBeGreaterThan(4);
  expect(asked).toBeGreaterThan(0);
  expect(longest).toBeLessThan(HELD_UP);
  expect(result?.added).toHaveLength(PEOPLE);
  expect(result).toMatchObject({ updated: [kept], removed: [gone] });
  expect(gallery.list()).toEqual(writer.list());
  expect(gallery.counts()).toEqual(writer.counts());
  expect(gallery.byCard('2')).toEqual([]);
  expect(gallery.search({ vector: face(9001), model: MODEL }, 1)[0]?.score).toBeLessThan(0.99);

  // What this process writes is taken over at once, and is not undone by what is read of the time before.
  for (const person of writer.list().slice(0, 100))
    writer.updatePerson(person.id, { name: `${person.name}!` });
  writer.removePerson(kept);
  const taking = gallery.refreshInSlices(signal);
  const { pass } = gallery.addPass({
    ...{ name: 'Wang Fang', doors: ['front'], groups: [] },
    ...{ validFrom: '2026-01-01T00:00:00.000Z', validUntil: '2099-01-01T00:00:00.000Z' },
  });
  const { id: own } = gallery.addPerson({ name: 'Own', consent: CONSENT }, [reference(face(9002))]);
  const change = await taking;
  expect(change?.removed).toEqual([kept]);
  expect(change?.added).toEqual([own]);
  expect(gallery.passes().map(({ id }) => id)).toEqual([pass.id]);
  writer.refresh();
  expect(gallery.list()).toEqual(writer.list());
  expect(gallery.counts()).toEqual(writer.counts());
  expect(await gallery.refreshInSlices(signal)).toBeNull();
}, 60_000);

it('leaves nobody in who was removed meanwhile when it is given up half-way', async () => {
  const dataDir = temporaryFolder();
  const gallery = openGallery(dataDir);
  const { id } = crowd(dataDir).list()[0];
  const giveUp = new AbortController();
  const taking = gallery.refreshInSlices(giveUp.signal);
  gallery.removePerson(id);
  const look = setInterval(() => {
    if (gallery.get(id) !== null) giveUp.abort();
  }, 0);
  await expect(taking).rejects.toThrow('aborted');
  clearInterval(look);
  gallery.refresh();
  expect(gallery.get(id)).toBeNull();
  expect(gallery.counts()).toMatchObject({ people: PEOPLE - 1, references: PEOPLE - 1 });
}, 60_000);

it('takes over a small change at once', async () => {
  const dataDir = temporaryFolder();
  const gallery = openGallery(dataDir);
  const { id } = openGallery(dataDir).addPerson({ name: 'Ann', consent: CONSENT }, [reference(face(1))]);
  const taking = gallery.refreshInSlices(new AbortController().signal);
  expect(gallery.get(id)?.name).toBe('Ann');
  expect(await taking).toEqual({ added: [id], updated: [], removed: [] });
});

it('is given up at once when that is asked for, and the file can be used again', async () => {
  const dataDir = temporaryFolder();
  crowd(dataDir).close();
  const giveUp = new AbortController();
  const loading = Gallery.openInSlices({ dataDir, log }, giveUp.signal);
  setImmediate(() => giveUp.abort());
  await expect(loading).rejects.toThrow('aborted');
  const gallery = openGallery(dataDir);
  expect(gallery.counts().people).toBe(PEOPLE);
  gallery.addPerson({ name: 'Later', consent: CONSENT }, []);
}, 60_000);
