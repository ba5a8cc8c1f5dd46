import { type Arrival, arrivalOf, type Looked, photosNeeded } from './faces.ts';
import { Fetching } from './fetching.ts';
import { Holdings } from './holdings.ts';
import { KeysSchema, unwrapKey } from './keys.ts';
import { type Manifest, openManifest } from './manifest.ts';
import { openRecord, type SitePerson, unsealPerson } from './person.ts';
import { Photos } from './photos.ts';
import type { FollowerParts, Progress, SiteChange } from './ports.ts';
import { Refusals } from './refusals.ts';
import type { SiteFault } from './report.ts';
import { openSigned, SiteRefusal } from './signed.ts';
import { partOf, type SiteTopics, siteTopics } from './topics.ts';
import { bucketHash, type Entry, readIndex } from './tree.ts';

/** Without progress for so long, what is missing is asked for again; twice as long each time, up to the second figure. */
const RETRY_MS = 10_000;
const RETRY_MAX_MS = 300_000;
/** People of one transaction. */
const BATCH = 32;
/** More indexes than this are asked for all together. */
const MANY = 24;

/**
 * Follows the people of a site: takes the manifest for the truth about who there is, fetches the indexes of the buckets
 * in which the gate differs, takes away first, then fetches what is new or missing. Whatever is lost, doubled or out of
 * order on the way, the gate ends up with what the newest manifest says; nothing that its signature does not cover counts.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #topics: SiteTopics;
  readonly #held: Holdings;
  readonly #fetching: Fetching;
  readonly #photos: Photos;
  readonly #refusals: Refusals;
  readonly #keys = new Map<number, Buffer>();
  /** Buckets whose index is awaited, and the filters that bring them. */
  readonly #awaited = new Set<number>();
  #indexFilters: readonly string[] = [];
  readonly #indexes = new Map<number, readonly Entry[]>();
  readonly #ready = new Map<string, Arrival>();
  /** People who are held and of whom the manifest says something newer. */
  readonly #outdated = new Set<string>();
  /** Records that are signed but cannot be used, until the next manifest. */
  readonly #failed = new Map<string, SiteFault>();
  #target: Manifest | null = null;
  /** Records come under a content key that the gate was not given. */
  #locked = false;
  #progressAt = 0;
  #retryMs = RETRY_MS;

  constructor(parts: FollowerParts) {
    const { prefix, site, wire, roster } = parts;
    this.#parts = parts;
    this.#topics = siteTopics(prefix, site);
    this.#refusals = new Refusals(parts.onRefusal);
    this.#held = new Holdings(roster.entries());
    this.#fetching = new Fetching(wire, this.#topics);
    this.#photos = new Photos({ ...parts, topics: this.#topics, keyOf: (epoch) => this.#keys.get(epoch) });
  }

  /** A connection stands. */
  up(now: number): void {
    this.down();
    this.#progressed(now);
    this.#begin();
  }

  /** The connection is gone: nothing is under way any more. */
  down(): void {
    this.#target = null;
    this.#awaited.clear();
    this.#indexFilters = [];
    this.#indexes.clear();
    this.#outdated.clear();
    this.#ready.clear();
    this.#locked = false;
    this.#fetching.forget();
    this.#photos.forget();
  }

  /**
   * Nothing that the newest manifest takes away or changes is outstanding on this connection: whoever the gate holds may
   * be believed.
   */
  get isCurrent(): boolean {
    return this.#target !== null && this.#awaited.size === 0 && this.#outdated.size === 0;
  }

  get state(): Progress['state'] {
    if (this.#refusals.problem !== null) return 'refused';
    if (this.#target === null || this.#locked) return 'waiting';
    const pending = this.#awaited.size + this.#fetching.pending + this.#failed.size;
    return pending === 0 && this.#held.root() === this.#target.root ? 'complete' : 'behind';
  }

  get progress(): Progress {
    const { roster } = this.#parts;
    const faults = [...this.#failed.values(), ...roster.faults()];
    const pending = this.#fetching.pending + this.#failed.size;
    return {
      state: this.state,
      version: roster.believed.version,
      count: this.#held.count,
      pending,
      root: this.#held.root(),
      problem: this.#refusals.problem,
      faults: faults.slice(0, 100),
      faultCount: faults.length,
    };
  }

  /** A message of the broker: nothing about it is believed yet. Throws what the roster throws; `tick` begins anew then. */
  take(topic: string, payload: Uint8Array, now: number): void {
    const { prefix, site } = this.#parts;
    const part = partOf(topic, prefix, site);
    if (part === null || payload.length === 0) return;
    try {
      this.#orForsake(() => this.#part(part, payload, now));
    } catch (error) {
      if (!(error instanceof SiteRefusal)) throw error;
      this.#refusals.add(error, now);
    }
  }

  /** Once a second: writes what is ready, asks again for what does not come. Throws as `take` does. */
  tick(now: number): void {
    this.#orForsake(() => this.#flush(now));
    const waits = this.#target === null || this.#awaited.size > 0 || this.#fetching.pending > 0;
    if (!waits || now - this.#progressAt < this.#retryMs) return;
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    this.#progressAt = now;
    if (this.#target === null) this.#begin();
    if (this.#awaited.size > 0) {
      this.#parts.wire.unsubscribe(this.#indexFilters);
      this.#parts.wire.subscribe(this.#indexFilters);
    }
    this.#photos.again();
    this.#fetching.again();
  }

  #begin(): void {
    this.#parts.wire.subscribe([this.#topics.keys(this.#parts.gate), this.#topics.manifest]);
  }

  #part(part: NonNullable<ReturnType<typeof partOf>>, payload: Uint8Array, now: number): void {
    if (part.kind === 'manifest') this.#manifest(payload, now);
    else if (part.kind === 'keys') this.#takeKeys(payload, now);
    else if (part.kind === 'index') this.#index(part.bucket, payload, now);
    else if (part.kind === 'people') this.#person(part.id, payload, now);
    else this.#photos.take(part.photo, payload);
  }

  /**
   * What could not be written is not held, or still is: no manifest counts as followed until it has come anew and the
   * gate has been compared with it from the start.
   */
  #orForsake(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof SiteRefusal)) {
        this.#target = null;
        this.#ready.clear();
        this.#fetching.stop();
        this.#photos.stop();
      }
      throw error;
    }
  }

  #manifest(payload: Uint8Array, now: number): void {
    const { site, authorities, roster, wire } = this.#parts;
    const manifest = openManifest(payload, site, authorities);
    const { version, root } = roster.believed;
    if (manifest.version < version || (manifest.version === version && manifest.root !== root)) {
      const message = `manifest ${manifest.version} is not newer than ${version}, which was believed before`;
      throw new SiteRefusal('SITE_ROLLED_BACK', message);
    }
    this.#refusals.end();
    if (this.#target?.version === manifest.version) return;
    this.#fetching.stop();
    this.#photos.stop();
    this.#flush(now);
    roster.believe(manifest.version, manifest.root);
    this.#failed.clear();
    wire.unsubscribe(this.#indexFilters);
    this.#indexes.clear();
    this.#outdated.clear();
    this.#awaited.clear();
    const differing = this.#held.differing(manifest.hashes);
    for (const bucket of differing) this.#awaited.add(bucket);
    this.#indexFilters =
      differing.length > MANY
        ? [this.#topics.index(0).replace(/0$/, '+')]
        : differing.map((bucket) => this.#topics.index(bucket));
    this.#target = manifest;
    if (differing.length > 0) wire.subscribe(this.#indexFilters);
    this.#progressed(now);
  }

  #index(bucket: number, payload: Uint8Array, now: number): void {
    if (!this.#awaited.has(bucket) || bucketHash(payload) !== this.#target?.hashes[bucket]) return;
    const entries = readIndex(payload);
    const listed = new Set(entries.map(({ id }) => id));
    this.#remove(this.#held.in(bucket).flatMap(({ id }) => (listed.has(id) ? [] : [id])));
    this.#indexes.set(bucket, entries);
    this.#awaited.delete(bucket);
    this.#progressed(now);
    if (this.#awaited.size > 0) return;
    this.#parts.wire.unsubscribe(this.#indexFilters);
    this.#indexFilters = [];
    this.#fetch();
  }

  #remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const removed = this.#parts.roster.remove(ids);
    for (const id of ids) {
      this.#held.remove(id);
      this.#outdated.delete(id);
    }
    this.#tell({ removed });
  }

  /** What changes somebody who is known comes before what adds somebody. */
  #fetch(): void {
    const buckets = [...this.#indexes].map(([bucket, entries]) => {
      const missing = entries.filter((entry) => !this.#holds(entry));
      return [bucket, missing, entries.length] as const;
    });
    for (const [, missing] of buckets) {
      for (const { id } of missing) if (this.#held.get(id) !== undefined) this.#outdated.add(id);
    }
    const changes = ([, missing]: (typeof buckets)[number]) =>
      missing.some(({ id }) => this.#outdated.has(id));
    this.#fetching.begin([...buckets.filter(changes), ...buckets.filter((bucket) => !changes(bucket))]);
  }

  #person(id: string, payload: Uint8Array, now: number): void {
    const { site, authorities, model } = this.#parts;
    const wanted = this.#fetching.wanted(id);
    if (wanted === undefined || this.#ready.has(id)) return;
    const record = openRecord(payload, authorities);
    if (record.site !== site || record.id !== id || record.version !== wanted.version) return;
    const key = this.#keys.get(record.epoch);
    this.#locked = key === undefined;
    if (key === undefined) return;
    const person = this.#unsealed(wanted, () => unsealPerson(record, key));
    if (person === null) return;
    this.#progressed(now);
    if (photosNeeded(person, model).length > 0) {
      this.#photos.fetch(person, (looked) => this.#arrived(wanted, person, looked));
      return;
    }
    this.#arrived(wanted, person, new Map());
    if (this.#ready.size >= BATCH || this.#ready.size === this.#fetching.pending) this.#flush(now);
  }

  /**
   * A record that the administrator signed and that cannot be used is reported and waits for the next manifest. It may have
   * taken something away from somebody: until then the gate does not hold that person.
   */
  #unsealed(
    wanted: Entry,
    open: () => { readonly person: SitePerson; readonly digest: string },
  ): SitePerson | null {
    try {
      const { person, digest } = open();
      return digest === wanted.digest ? person : null;
    } catch (error) {
      if (!(error instanceof SiteRefusal)) throw error;
      this.#failed.set(wanted.id, { id: wanted.id, face: null, code: error.code });
      if (this.#held.get(wanted.id) !== undefined) this.#remove([wanted.id]);
      this.#fetching.done(wanted.id);
      throw error;
    }
  }

  /** Written when enough are ready, by `tick` at the latest: photos are done when nobody is there to hear of a failure. */
  #arrived(wanted: Entry, person: SitePerson, looked: ReadonlyMap<string, Looked>): void {
    if (this.#fetching.wanted(wanted.id)?.digest !== wanted.digest) return;
    this.#ready.set(wanted.id, arrivalOf(person, wanted, this.#parts.model, looked));
  }

  #flush(now: number): void {
    const arrivals = [...this.#ready.values()];
    if (arrivals.length === 0) return;
    this.#ready.clear();
    const change = this.#parts.roster.apply(arrivals);
    for (const { person, version, digest } of arrivals) {
      this.#held.put({ id: person.id, version, digest });
    }
    for (const { person } of arrivals) {
      this.#outdated.delete(person.id);
      this.#fetching.done(person.id);
    }
    this.#progressed(now);
    this.#tell(change);
  }

  #takeKeys(payload: Uint8Array, now: number): void {
    const { site, gate, authorities, encryptionKey } = this.#parts;
    const { keys, ...to } = openSigned('keys', KeysSchema, payload, authorities);
    if (to.site !== site || to.gate !== gate) return;
    for (const wrapped of keys) this.#keys.set(wrapped.epoch, unwrapKey(wrapped, site, gate, encryptionKey));
    this.#progressed(now);
    if (this.#locked) this.#fetching.again();
    this.#locked = false;
  }

  #tell(change: Partial<SiteChange>): void {
    const { version } = this.#parts.roster.believed;
    this.#parts.onChange({ version, added: [], updated: [], removed: [], ...change });
  }

  #progressed(now: number): void {
    this.#progressAt = now;
    this.#retryMs = RETRY_MS;
  }

  #holds({ id, version, digest }: Entry): boolean {
    const held = this.#held.get(id);
    return held?.version === version && held.digest === digest;
  }
}
