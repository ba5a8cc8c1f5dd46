import { type Looked, type ModelName, photosNeeded } from './faces.ts';
import type { SiteWire } from './fetching.ts';
import { type SitePerson, unsealPhoto } from './person.ts';
import type { SiteTopics } from './topics.ts';

/** Photos that are looked at together: the process that does has a minute for all of them on a slow board. */
const TOGETHER = 2;
/** Photos kept in memory at a time; people beyond them wait. */
const MAX_UNDER_WAY = 16;
/** A photo that has not come, or could not be looked at, after so many times is reported. */
const ATTEMPTS = 3;

export interface PhotosParts {
  readonly site: string;
  readonly model: ModelName;
  readonly wire: SiteWire;
  readonly topics: SiteTopics;
  readonly keyOf: (epoch: number) => Uint8Array | undefined;
  readonly look: (jpegs: readonly Uint8Array[]) => Promise<readonly Looked[]>;
}

interface Case {
  readonly person: SitePerson;
  readonly missing: Set<string>;
  readonly jpegs: Map<string, Uint8Array>;
  readonly done: (looked: ReadonlyMap<string, Looked>) => void;
  attempts: number;
  /** All have come, and looking at them failed for a reason that is not theirs. */
  stalled: boolean;
}

/**
 * People whose templates are of another network than the gate's: fetches their photos and has templates made of them, one
 * person after the other.
 */
export class Photos {
  readonly #parts: PhotosParts;
  #waiting: Case[] = [];
  #underWay: Case[] = [];
  /** Counts `forget`: what was begun before does not count any more. */
  #round = 0;

  constructor(parts: PhotosParts) {
    this.#parts = parts;
  }

  fetch(person: SitePerson, done: Case['done']): void {
    if ([...this.#waiting, ...this.#underWay].some((one) => one.person.id === person.id)) return;
    const missing = new Set(photosNeeded(person, this.#parts.model));
    this.#waiting.push({ person, missing, jpegs: new Map(), done, attempts: 1, stalled: false });
    this.#fill();
  }

  /** A photo has come. @throws SiteRefusal SITE_SEALED */
  take(name: string, payload: Uint8Array): void {
    for (const one of this.#underWay.filter(({ missing }) => missing.has(name))) {
      one.jpegs.set(name, unsealPhoto(payload, this.#parts.site, name, this.#parts.keyOf));
      one.missing.delete(name);
      this.#parts.wire.unsubscribe([this.#parts.topics.photo(one.person.id, name)]);
      if (one.missing.size === 0) void this.#look(one);
    }
  }

  /** Asks again for what has not come, looks again at what could not be looked at; what was tried often enough is given up. */
  again(): void {
    for (const one of [...this.#underWay]) {
      if (one.missing.size === 0 && !one.stalled) continue;
      one.attempts += 1;
      if (one.stalled) {
        void this.#look(one);
        continue;
      }
      this.#parts.wire.unsubscribe(this.#topicsOf(one));
      if (one.attempts > ATTEMPTS) void this.#look(one);
      else this.#parts.wire.subscribe(this.#topicsOf(one));
    }
  }

  stop(): void {
    for (const one of this.#underWay) this.#parts.wire.unsubscribe(this.#topicsOf(one));
    this.forget();
  }

  forget(): void {
    this.#round += 1;
    this.#waiting = [];
    this.#underWay = [];
  }

  #fill(): void {
    while (this.#underWay.length < MAX_UNDER_WAY) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#underWay.push(next);
      this.#parts.wire.subscribe(this.#topicsOf(next));
    }
  }

  async #look(one: Case): Promise<void> {
    const round = this.#round;
    const looked = new Map<string, Looked>();
    for (const name of one.missing) looked.set(name, { code: 'SITE_PHOTO_MISSING' });
    one.missing.clear();
    one.stalled = false;
    const photos = [...one.jpegs];
    let failed = false;
    for (let at = 0; at < photos.length; at += TOGETHER) {
      const some = photos.slice(at, at + TOGETHER);
      const found = await this.#parts.look(some.map(([, jpeg]) => jpeg)).catch(() => null);
      failed ||= found === null;
      const none: Looked = { code: found === null ? 'SITE_PHOTO_MISSING' : 'SITE_FACE_UNUSABLE' };
      for (const [index, [name]] of some.entries()) looked.set(name, found?.[index] ?? none);
    }
    if (round !== this.#round) return;
    if (failed && one.attempts < ATTEMPTS) {
      one.stalled = true;
      return;
    }
    this.#underWay = this.#underWay.filter((other) => other !== one);
    one.done(looked);
    this.#fill();
  }

  #topicsOf({ person, missing }: Case): string[] {
    return [...missing].map((name) => this.#parts.topics.photo(person.id, name));
  }
}
