import { BUCKETS, bucketOf } from './topics.ts';
import { bucketHash, type Entry, indexOf, merkleRoot } from './tree.ts';

/** What a gate holds of its site, by bucket, with the hashes that follow from it. */
export class Holdings {
  readonly #buckets: Map<string, Entry>[] = Array.from({ length: BUCKETS }, () => new Map());
  readonly #hashes: (string | null)[] = Array.from({ length: BUCKETS }, () => null);
  #count = 0;

  constructor(entries: Iterable<Entry> = []) {
    for (const entry of entries) this.put(entry);
  }

  get count(): number {
    return this.#count;
  }

  get(id: string): Entry | undefined {
    return this.#buckets[bucketOf(id)]?.get(id);
  }

  put(entry: Entry): void {
    const at = bucketOf(entry.id);
    const bucket = this.#buckets[at];
    if (bucket === undefined) return;
    if (!bucket.has(entry.id)) this.#count += 1;
    bucket.set(entry.id, entry);
    this.#hashes[at] = null;
  }

  remove(id: string): void {
    const at = bucketOf(id);
    if (this.#buckets[at]?.delete(id)) {
      this.#count -= 1;
      this.#hashes[at] = null;
    }
  }

  in(bucket: number): readonly Entry[] {
    return [...(this.#buckets[bucket]?.values() ?? [])];
  }

  hash(bucket: number): string {
    const known = this.#hashes[bucket];
    if (known != null) return known;
    const hash = bucketHash(indexOf(this.in(bucket)));
    this.#hashes[bucket] = hash;
    return hash;
  }

  root(): string {
    return merkleRoot(this.#hashes.map((_, bucket) => this.hash(bucket)));
  }

  /** Buckets that are not as these hashes say. */
  differing(hashes: readonly string[]): number[] {
    return hashes.flatMap((hash, bucket) => (this.hash(bucket) === hash ? [] : [bucket]));
  }
}
