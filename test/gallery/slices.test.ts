import { expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/index.ts';
import { CONSENT, log, MODEL, openGallery, reference, temporaryFolder } from './helpers.ts';

const PEOPLE = 1000;
/** Of the CPU time of the load; one slice is a thirtieth of it. */
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

it('is loaded in slices, never holding up the event loop for long, as whole as at once', async () => {
  const dataDir = temporaryFolder();
  const writer = crowd(dataDir);
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
  const loading = Gallery.openInSlices({ dataDir, log }, new AbortController().signal);
  // Somebody who comes meanwhile is not in the picture that is being read, and is found at the next look.
  const { id } = writer.addPerson({ name: 'Late', consent: CONSENT }, [reference(face(9999))]);
  const gallery = await loading;
  clearImmediate(running);
  const took = cpuMs() - begun;
  expect(turns).toBeGreaterThan(20);
  expect(longest).toBeLessThan(took * HELD_UP);
  expect(gallery.counts()).toMatchObject({ people: PEOPLE, references: PEOPLE });
  expect(gallery.refresh()).toEqual({ added: [id], updated: [], removed: [] });
  expect(gallery.list()).toEqual(writer.list());
  expect(gallery.search({ vector: face(700), model: MODEL }, 1)[0]?.score).toBeGreaterThan(0.99);
  gallery.close();
}, 60_000);

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
