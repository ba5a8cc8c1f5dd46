import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeyOf, readPublicKey } from '../../src/commands/index.ts';
import { SitePeople } from '../../src/gallery/index.ts';
import {
  arrivalOf,
  openRecord,
  plainOf,
  type SitePerson,
  sealPerson,
  signerOf,
  unsealPerson,
} from '../../src/site/index.ts';
import { MODEL, SITE } from './fleet.ts';

/** People of one transaction, as at a gate. */
const BATCH = 32;

/**
 * What a gate does with records once they are there, apart from the broker: opening them (signature, seal) and writing
 * them to a real gallery. Milliseconds and bytes a person.
 */
export function measureGallery(folder: string, people: number) {
  const { privateKey } = generateKeyPairSync('ed25519');
  const authorities = [readPublicKey(publicKeyOf(privateKey))];
  const key = randomBytes(32);
  const sealing = { site: SITE, version: 1, epoch: 1, key, sign: signerOf(privateKey) };
  const records = Array.from({ length: people }, () => {
    const person = randomPerson();
    return Buffer.from(sealPerson(person.id, plainOf(person), sealing));
  });
  const opening = performance.now();
  const arrivals = records.map((record) => {
    const { person, digest } = unsealPerson(openRecord(record, authorities), key);
    return arrivalOf(person, { version: 1, digest }, MODEL, new Map());
  });
  const openMs = (performance.now() - opening) / people;
  const roster = SitePeople.open({ dataDir: folder, site: SITE, model: MODEL });
  const writing = performance.now();
  for (let at = 0; at < people; at += BATCH) roster.apply(arrivals.slice(at, at + BATCH));
  const writeMs = (performance.now() - writing) / people;
  roster.close();
  const record = records.reduce((sum, { length }) => sum + length, 0) / people;
  return { openMs, writeMs, record, disk: statSync(join(folder, 'gallery.sqlite')).size / people };
}

function randomPerson(): SitePerson {
  const floats = randomBytes(512 * 2);
  const values = Float32Array.from({ length: 512 }, (_, at) => floats.readInt16LE(at * 2));
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const vector = Buffer.alloc(2048);
  for (const [at, value] of values.entries()) vector.writeFloatLE(value / norm, at * 4);
  return {
    id: randomUUID(),
    salt: randomBytes(16).toString('base64'),
    name: 'Somebody of the site',
    consent: { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: '1' },
    groups: ['staff'],
    validFrom: null,
    validUntil: null,
    cards: ['10000001'],
    pin: null,
    duressPin: null,
    antiPassbackExempt: false,
    extendedTime: false,
    faces: [
      { qualityScore: 0.9, template: { model: MODEL, vector: vector.toString('base64') }, photo: null },
    ],
  };
}
