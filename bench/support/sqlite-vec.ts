import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { ownCpuMs } from './processes.ts';

const PEERS = fileURLToPath(new URL('../peers/package.json', import.meta.url));
const ModuleSchema = z.object({
  getLoadablePath: z.custom<() => string>((value) => typeof value === 'function'),
});
const BATCH = 10_000;

/** The SQLite extension sqlite-vec over as many random references, with cosines. */
export class SqliteVec {
  readonly #folder = mkdtempSync(join(tmpdir(), 'menshen-sqlite-vec-'));
  readonly #db = new Database(join(this.#folder, 'references.sqlite'));

  private constructor(extension: string) {
    this.#db.loadExtension(extension);
  }

  /** Null where the package is not installed. */
  static open(references: number, dimensions: number, vector: () => Float32Array): SqliteVec | null {
    const load = createRequire(PEERS);
    if (!existsSync(join(PEERS, '../node_modules/sqlite-vec'))) return null;
    const subject = new SqliteVec(ModuleSchema.parse(load('sqlite-vec')).getLoadablePath());
    subject.#fill(references, dimensions, vector);
    return subject;
  }

  /** CPU time of one search for the best three, ms. */
  search(probe: Float32Array): number {
    const query = this.#db.prepare('SELECT rowid, distance FROM refs WHERE vector MATCH ? AND k = 3');
    const begun = ownCpuMs();
    query.all(bytesOf(probe));
    return ownCpuMs() - begun;
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #fill(references: number, dimensions: number, vector: () => Float32Array): void {
    this.#db.pragma('journal_mode = OFF');
    this.#db.pragma('synchronous = OFF');
    this.#db.pragma('cache_size = -262144');
    this.#db.exec(`CREATE VIRTUAL TABLE refs USING vec0(vector float[${dimensions}] distance_metric=cosine)`);
    const insert = this.#db.prepare('INSERT INTO refs (vector) VALUES (?)');
    for (let first = 0; first < references; first += BATCH) {
      this.#db.transaction(() => {
        for (let i = first; i < Math.min(first + BATCH, references); i++) insert.run(bytesOf(vector()));
      })();
    }
  }
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
