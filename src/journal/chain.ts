import { createHash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import type { DeviceKey } from '../common/index.ts';
import type { JournalEvent } from './types.ts';

/** Records between two signatures: an Ed25519 signature costs some 0.1 ms on a small board, a record should not. */
export const SIGN_EVERY = 100;

/** What stands before the first record of a chain. */
export const GENESIS = Buffer.alloc(32);

/**
 * Why numbers are not in the chain: deleted when their time was over or room was needed; recorded before there was
 * a chain; or lost with a damaged file.
 */
export const GAP_REASONS = ['retention', 'unchained', 'lost'] as const;
export type GapReason = (typeof GAP_REASONS)[number];

export const GapRowSchema = z.object({
  first: z.number().int(),
  last: z.number().int(),
  reason: z.enum(GAP_REASONS),
  key_id: z.string().nullable(),
  signature: z.instanceof(Buffer).nullable(),
});

const HeadSchema = z.object({ seq: z.number().int(), hash: z.instanceof(Buffer) });
type Head = z.infer<typeof HeadSchema>;
const SeqSchema = z.number().int().nullish();

/** A record without its data; of the type no more is asked than that it is text. */
type Recorded = Omit<JournalEvent, 'data' | 'type'> & { readonly type: string };

/** Hash of a record in the chain: SHA-256 over the hash before it and the record as it stands in the file. */
export function linkHash(prev: Uint8Array, event: Recorded, data: string): Buffer {
  const { seq, id, at, gate, type, door, camera, cause } = event;
  const content = JSON.stringify([seq, id, at, gate, type, door, camera, cause, data]);
  return createHash('sha256').update(prev).update(content).digest();
}

/** What is signed of a record: its number and hash, and with the hash all that came before it. */
export function headMessage(seq: number, hash: Uint8Array): Buffer {
  return Buffer.from(`menshen journal head ${seq} ${Buffer.from(hash).toString('hex')}`);
}

export function gapMessage(first: number, last: number, reason: GapReason): Buffer {
  return Buffer.from(`menshen journal gap ${first} ${last} ${reason}`);
}

/**
 * The chain over the records of one open journal. Every method belongs into the transaction that changes the records:
 * a power cut leaves both or neither. Without a key nothing is signed until there is one. Throws SQLite's own errors.
 */
export class Chain {
  readonly #db: Database;
  readonly #key: DeviceKey | null;
  readonly #insert: Statement;

  constructor(db: Database, key: DeviceKey | null) {
    this.#db = db;
    this.#key = key;
    this.#insert = db.prepare('INSERT INTO chain (seq, prev, hash) VALUES (?, ?, ?)');
  }

  /** Links a record that is being inserted; numbers passed over since the last one are a gap, and told as one. */
  add(event: JournalEvent, data: string): void {
    const head = this.#head();
    const last = head?.seq ?? this.#begin();
    if (event.seq > last + 1) {
      this.#explain(last + 1, event.seq - 1, 'lost');
    }
    const prev = head?.hash ?? GENESIS;
    const hash = linkHash(prev, event, data);
    this.#insert.run(event.seq, prev, hash);
    if (event.seq % SIGN_EVERY === 0) {
      this.#sign({ seq: event.seq, hash });
    }
  }

  /** Signs the newest record, if it is not. */
  seal(): void {
    const head = this.#head();
    const signed = SeqSchema.parse(this.#db.prepare('SELECT max(seq) FROM signatures').pluck().get()) ?? 0;
    if (head !== null && head.seq > signed) {
      this.#sign(head);
    }
  }

  /** Before these records are deleted for good, in good order. */
  forget(seqs: readonly number[]): void {
    const head = this.#head();
    if (head !== null) {
      this.#db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('chain_head', ?)").run(head.hash);
      this.#db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('chain_seq', ?)").run(head.seq);
    }
    for (const [first, last] of rangesOf(seqs)) {
      this.#explain(first, last, 'retention');
    }
    // A signature of a deleted record proves nothing that a later one does not.
    this.#db
      .prepare('DELETE FROM signatures WHERE seq BETWEEN ? AND ? AND seq < (SELECT max(seq) FROM signatures)')
      .run(seqs[0] ?? 0, seqs.at(-1) ?? -1);
  }

  /** The newest link: of the newest record, or of one that was newer and has been deleted. */
  #head(): Head | null {
    const row = this.#db.prepare('SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1').get();
    const linked = row === undefined ? null : HeadSchema.parse(row);
    const meta = this.#db.prepare('SELECT value FROM meta WHERE key = ?').pluck();
    const seq = SeqSchema.parse(meta.get('chain_seq')) ?? 0;
    return seq > (linked?.seq ?? 0) ? HeadSchema.parse({ seq, hash: meta.get('chain_head') }) : linked;
  }

  /** The first link: what was recorded before there was a chain is vouched for from here. Gives its last number. */
  #begin(): number {
    const last =
      SeqSchema.parse(
        this.#db.prepare("SELECT max(last) FROM gaps WHERE reason = 'unchained'").pluck().get(),
      ) ?? 0;
    if (last > 0) {
      this.#explain(1, last, 'unchained');
    }
    return last;
  }

  /** Joins the neighbours of the same reason, so that years of deleting make one row. */
  #explain(first: number, last: number, reason: GapReason): void {
    const neighbours = z
      .array(z.object({ first: z.number(), last: z.number() }))
      .parse(
        this.#db
          .prepare('SELECT first, last FROM gaps WHERE reason = ? AND first <= ? AND last >= ?')
          .all(reason, last + 1, first - 1),
      );
    const from = Math.min(first, ...neighbours.map((gap) => gap.first));
    const to = Math.max(last, ...neighbours.map((gap) => gap.last));
    for (const gap of neighbours) {
      this.#db.prepare('DELETE FROM gaps WHERE first = ?').run(gap.first);
    }
    this.#db
      .prepare('INSERT OR REPLACE INTO gaps (first, last, reason, key_id, signature) VALUES (?, ?, ?, ?, ?)')
      .run(from, to, reason, this.#key?.id ?? null, this.#key?.sign(gapMessage(from, to, reason)) ?? null);
  }

  #sign({ seq, hash }: Head): void {
    if (this.#key !== null) {
      this.#db
        .prepare('INSERT OR REPLACE INTO signatures (seq, hash, key_id, signature) VALUES (?, ?, ?, ?)')
        .run(seq, hash, this.#key.id, this.#key.sign(headMessage(seq, hash)));
    }
  }
}

/** Runs of consecutive numbers in an ascending list, first and last of each. */
function rangesOf(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === seq - 1) {
      range[1] = seq;
    } else {
      ranges.push([seq, seq]);
    }
  }
  return ranges;
}
