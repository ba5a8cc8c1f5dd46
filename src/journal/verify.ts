import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { DevicePublicKey } from '../common/index.ts';
import { GapRowSchema, gapMessage, headMessage, linkHash, SIGN_EVERY } from './chain.ts';

/** How far an exchanged record is looked for: beyond, it is told as altered. */
const MOVED_WITHIN = 200;

export type FindingKind = 'altered' | 'reordered' | 'missing' | 'unsigned' | 'foreign_signature';

/** Something in a journal that does not hold together. */
export interface Finding {
  readonly kind: FindingKind;
  /** Number of the record it is about, the first of several. */
  readonly seq: number;
  readonly message: string;
}

export interface Verification {
  /** Records there are, and how many of them are in the chain. */
  readonly records: number;
  readonly chained: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Number up to which a signature of this device vouches for the chain; 0 without any. */
  readonly signedUpTo: number;
  /** Numbers deleted in good order: their time was over, or there was no room. */
  readonly deleted: number;
  readonly findings: readonly Finding[];
}

/** A row with its link, as it stands in the file: what was altered need not be a sound event any more. */
const RowSchema = z.object({
  seq: z.number().int(),
  id: z.string(),
  at: z.string(),
  gate: z.string(),
  type: z.string(),
  door: z.string().nullable(),
  camera: z.string().nullable(),
  cause: z.string().nullable(),
  data: z.string(),
  prev: z.instanceof(Buffer).nullable(),
  hash: z.instanceof(Buffer).nullable(),
});
type Row = z.infer<typeof RowSchema>;

const SignatureSchema = z.object({
  seq: z.number().int(),
  hash: z.instanceof(Buffer),
  key_id: z.string(),
  signature: z.instanceof(Buffer),
});

interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Goes through every record of an open journal: each is as it was when it was linked, follows the one before it, and
 * no number is missing that was not deleted in good order. `given`: the highest number known to have been given
 * (0 if nothing tells). Throws SQLite's own errors.
 */
export function verifyChain(db: Database, key: DevicePublicKey, given: number): Verification {
  return new Verifier(db, key).run(given);
}

class Verifier {
  readonly #db: Database;
  readonly #key: DevicePublicKey;
  readonly #findings: Finding[] = [];
  readonly #allowed: { readonly gone: Span[]; readonly unchained: Span[]; readonly lost: Span[] };
  #previous: Row | null = null;
  #records = 0;
  #chained = 0;
  #first: number | null = null;
  #mismatched: Row[] = [];

  constructor(db: Database, key: DevicePublicKey) {
    this.#db = db;
    this.#key = key;
    this.#allowed = this.#gaps();
  }

  run(given: number): Verification {
    const rows = this.#db.prepare(
      'SELECT events.*, chain.prev, chain.hash FROM events LEFT JOIN chain USING (seq) ORDER BY seq',
    );
    const signed = new Map(this.#signatures().map((row) => [row.seq, row.hash]));
    for (const raw of rows.iterate()) {
      this.#row(RowSchema.parse(raw), signed);
    }
    this.#tellMismatched();
    const last = this.#previous?.seq ?? null;
    const top = Math.max(given, ...signed.keys());
    this.#checkNumbers((last ?? 0) + 1, top);
    const signedUpTo = Math.max(0, ...signed.keys());
    if (this.#chained > 0 && (last ?? 0) - signedUpTo > SIGN_EVERY) {
      this.#tell(
        'unsigned',
        signedUpTo + 1,
        `records ${signedUpTo + 1} to ${last} are in the chain but not signed`,
      );
    }
    return {
      records: this.#records,
      chained: this.#chained,
      first: this.#first,
      last,
      signedUpTo,
      deleted: this.#deleted(),
      findings: this.#findings.sort((one, other) => one.seq - other.seq),
    };
  }

  #row(row: Row, signed: ReadonlyMap<number, Buffer>): void {
    this.#records += 1;
    this.#first ??= row.seq;
    this.#checkNumbers((this.#previous?.seq ?? 0) + 1, row.seq - 1);
    if (row.hash === null || row.prev === null) {
      if (!within(this.#allowed.unchained, row.seq)) {
        this.#tell(
          'altered',
          row.seq,
          `record ${row.seq} has no link in the chain: it was put in or its link taken out`,
        );
      }
    } else {
      this.#chained += 1;
      this.#checkLink(row, row.hash, row.prev, signed.get(row.seq));
    }
    this.#previous = row;
  }

  #checkLink(row: Row, hash: Buffer, prev: Buffer, signed: Buffer | undefined): void {
    const before = this.#previous;
    const sound = contentHash(row, row.seq).equals(hash);
    if (!sound) {
      this.#mismatched.push(row);
    } else if (signed !== undefined && !signed.equals(hash)) {
      this.#tell('altered', row.seq, `record ${row.seq}, or one before it, was altered after it was signed`);
    }
    const soundBefore = before !== null && !this.#mismatched.includes(before);
    if (
      sound &&
      soundBefore &&
      before.hash !== null &&
      before.seq === row.seq - 1 &&
      !before.hash.equals(prev)
    ) {
      this.#tell(
        'altered',
        before.seq,
        `record ${before.seq} is not the one that record ${row.seq} was linked to: it was altered or put in`,
      );
    }
  }

  /** Of the records that are not what was linked: one that is whole under another number was moved. */
  #tellMismatched(): void {
    for (const row of this.#mismatched) {
      const from = this.#mismatched
        .slice(0, MOVED_WITHIN)
        .find((other) => other !== row && row.hash !== null && contentHash(row, other.seq).equals(row.hash));
      if (from === undefined) {
        this.#tell('altered', row.seq, `record ${row.seq} was altered`);
      } else {
        this.#tell('reordered', row.seq, `record ${row.seq} was recorded as number ${from.seq} and moved`);
      }
    }
  }

  /** Numbers that should be there, or should have been deleted in good order. */
  #checkNumbers(first: number, last: number): void {
    let from = first;
    for (const gap of this.#allowed.gone) {
      if (gap.last >= from && gap.first <= last) {
        this.#missing(from, Math.min(last, gap.first - 1));
        from = Math.max(from, gap.last + 1);
      }
    }
    this.#missing(from, last);
  }

  #missing(first: number, last: number): void {
    if (first <= last) {
      const which = first === last ? `record ${first} is` : `records ${first} to ${last} are`;
      const lost = within(this.#allowed.lost, first) && within(this.#allowed.lost, last);
      const why = lost
        ? 'lost: the journal was damaged, or replaced by an older one'
        : 'missing, and nothing signed by this device says why';
      this.#tell('missing', first, `${which} ${why}`);
    }
  }

  #gaps() {
    const rows = z
      .array(GapRowSchema)
      .parse(this.#db.prepare('SELECT * FROM gaps ORDER BY first, last').all());
    const sound = rows.filter((gap) => {
      const { first, last, reason, signature } = gap;
      return (
        signature !== null && this.#signedHere(gap.key_id, gapMessage(first, last, reason), signature, first)
      );
    });
    return {
      // What was lost with a damaged file is missing, whoever says so.
      gone: sound.filter(({ reason }) => reason !== 'lost'),
      unchained: sound.filter(({ reason }) => reason === 'unchained'),
      lost: sound.filter(({ reason }) => reason === 'lost'),
    };
  }

  #signatures() {
    const rows = z
      .array(SignatureSchema)
      .parse(this.#db.prepare('SELECT * FROM signatures ORDER BY seq').all());
    return rows.filter(({ seq, hash, key_id, signature }) =>
      this.#signedHere(key_id, headMessage(seq, hash), signature, seq),
    );
  }

  #signedHere(keyId: string | null, message: Buffer, signature: Buffer, seq: number): boolean {
    if (keyId === this.#key.id && this.#key.verifies(message, signature)) {
      return true;
    }
    const why = keyId === this.#key.id ? 'does not hold' : `is of another key (${keyId ?? 'none'})`;
    this.#tell('foreign_signature', seq, `the signature at number ${seq} ${why}`);
    return false;
  }

  #deleted(): number {
    const sum = this.#allowed.gone.reduce((total, { first, last }) => total + last - first + 1, 0);
    return Math.max(0, sum - (this.#records - this.#chained));
  }

  #tell(kind: FindingKind, seq: number, message: string): void {
    this.#findings.push({ kind, seq, message });
  }
}

function contentHash(row: Row, seq: number): Buffer {
  return linkHash(row.prev ?? Buffer.alloc(0), { ...row, seq }, row.data);
}

function within(spans: readonly Span[], seq: number): boolean {
  return spans.some(({ first, last }) => first <= seq && seq <= last);
}
