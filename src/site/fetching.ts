import { bucketOf, type SiteTopics } from './topics.ts';
import type { Entry } from './tree.ts';

/** Records that may be under way: a broker drops what waits for a slow subscriber beyond its queue (mosquitto: 1000). */
const WINDOW = 128;
/** A bucket of which most is missing is asked for as a whole. */
const WHOLE = 0.5;

/** What the follower asks of its connection. Subscribing again delivers again what is retained. */
export interface SiteWire {
  subscribe(filters: readonly string[]): void;
  unsubscribe(filters: readonly string[]): void;
}

interface Batch {
  readonly filters: readonly string[];
  readonly missing: Set<string>;
  /** People in the bucket. */
  readonly size: number;
}

/** Fetches the records that are missing, bucket by bucket, a bounded number at a time. */
export class Fetching {
  readonly #wire: SiteWire;
  readonly #topics: SiteTopics;
  readonly #batches = new Map<number, Batch>();
  #queue: { readonly bucket: number; readonly ids: readonly string[]; readonly size: number }[] = [];
  #wanted = new Map<string, Entry>();
  #underWay = 0;

  constructor(wire: SiteWire, topics: SiteTopics) {
    this.#wire = wire;
    this.#topics = topics;
  }

  get pending(): number {
    return this.#wanted.size;
  }

  wanted(id: string): Entry | undefined {
    return this.#wanted.get(id);
  }

  /** Begins anew with these; buckets are `[bucket, entries that are missing, people in it]`, the first is fetched first. */
  begin(buckets: readonly (readonly [number, readonly Entry[], number])[]): void {
    this.stop();
    for (const [bucket, missing, size] of buckets) {
      for (const entry of missing) this.#wanted.set(entry.id, entry);
      this.#queue.push({ bucket, ids: missing.map(({ id }) => id), size });
    }
    this.#fill();
  }

  /** This one is here, or given up; the next may come. */
  done(id: string): void {
    if (!this.#wanted.delete(id)) return;
    const bucket = bucketOf(id);
    const batch = this.#batches.get(bucket);
    if (batch?.missing.delete(id)) {
      this.#underWay -= 1;
      if (batch.missing.size === 0) {
        this.#batches.delete(bucket);
        this.#wire.unsubscribe(batch.filters);
      }
    }
    this.#fill();
  }

  /** Asks again for what has not come, after what has not been asked for yet: what is lost holds up nothing else. */
  again(): void {
    for (const [bucket, { filters, missing, size }] of this.#batches) {
      this.#wire.unsubscribe(filters);
      this.#queue.push({ bucket, ids: [...missing], size });
    }
    this.#batches.clear();
    this.#underWay = 0;
    this.#fill();
  }

  /** Forgets all; on a connection that is still there, unsubscribes. */
  stop(): void {
    for (const { filters } of this.#batches.values()) this.#wire.unsubscribe(filters);
    this.forget();
  }

  /** The connection is gone and its subscriptions with it. */
  forget(): void {
    this.#batches.clear();
    this.#queue = [];
    this.#wanted = new Map();
    this.#underWay = 0;
  }

  #fill(): void {
    while (this.#underWay < WINDOW) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const room = WINDOW - this.#underWay;
      const ids = next.ids.slice(0, room);
      if (ids.length < next.ids.length) this.#queue.unshift({ ...next, ids: next.ids.slice(room) });
      this.#ask(next.bucket, ids, next.size);
    }
  }

  #ask(bucket: number, ids: readonly string[], size: number): void {
    const before = this.#batches.get(bucket);
    const whole = before === undefined && ids.length > size * WHOLE && size <= WINDOW;
    const filters = whole ? [this.#topics.peopleOf(bucket)] : ids.map((id) => this.#topics.person(id));
    this.#batches.set(bucket, {
      filters: [...(before?.filters ?? []), ...filters],
      missing: new Set([...(before?.missing ?? []), ...ids]),
      size,
    });
    this.#underWay += ids.length;
    this.#wire.subscribe(filters);
  }
}
