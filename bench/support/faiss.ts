import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./faiss-server.py', import.meta.url));

/** FAISS IndexFlatIP of Debian's python3-faiss over as many random references, on one thread. */
export class Faiss {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(references: number, dimensions: number) {
    this.#child = spawn(PYTHON, [SCRIPT, String(references), String(dimensions)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** Null where python3-faiss is not installed. */
  static async open(references: number, dimensions: number): Promise<Faiss | null> {
    const faiss = new Faiss(references, dimensions);
    const gone = once(faiss.#child, 'exit').then(() => false);
    const ready = once(faiss.#lines, 'line').then(() => true);
    return (await Promise.race([ready, gone])) ? faiss : null;
  }

  /** CPU time of one search for the best three, ms. */
  async search(): Promise<number> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write('\n');
    const [line] = await answer;
    return Number(line);
  }

  close(): void {
    this.#child.kill();
  }
}
