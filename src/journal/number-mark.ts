import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Logger, messageOf } from '../common/index.ts';
import { syncDirectory } from './database.ts';

const FILE = 'journal.seq';

/** Numbers reserved ahead, so that the file is written once in this many events. */
const AHEAD = 1000;

const MarkSchema = z
  .object({ given: z.number().int().min(0), reserved: z.number().int().min(0) })
  .refine(({ given, reserved }) => given <= reserved);

/**
 * How far the numbering has come, in a file of its own: at least `given` numbers were given, at most `reserved`.
 * For the case that the journal cannot tell any more: no number may be given twice.
 */
export interface NumberMark {
  readonly given: number;
  readonly reserved: number;
}

/** The mark of a data directory; null when there is no file. */
export function readNumberMark(dataDir: string): NumberMark | 'unreadable' | null {
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), 'utf8');
  } catch {
    return null;
  }
  try {
    return MarkSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

/** The file `journal.seq`. It must never keep an event from being written: what goes wrong is logged. */
export class NumberMarkFile {
  readonly #path: string;
  readonly #log: Logger;
  #mark: NumberMark | null;
  #failing = false;

  constructor(dataDir: string, log: Logger) {
    this.#path = join(dataDir, FILE);
    this.#log = log;
    this.#mark = this.#read();
  }

  /** As last written; null when there is none, or none that can be read. */
  get mark(): NumberMark | null {
    return this.#mark;
  }

  /** Before `count` numbers after `last` are given. */
  reserve(last: number, count: number): void {
    if (this.#mark === null || last + count > this.#mark.reserved) {
      this.#write({ given: last, reserved: last + count + AHEAD });
    }
  }

  /** At an orderly end: `last` is the highest number given, and no more come. */
  settle(last: number): void {
    if (this.#mark?.given !== last || this.#mark.reserved !== last) {
      this.#write({ given: last, reserved: last });
    }
  }

  #read(): NumberMark | null {
    const mark = readNumberMark(dirname(this.#path));
    if (mark === 'unreadable') {
      this.#log.warn(`${this.#path} cannot be read and is written anew.`);
      return null;
    }
    return mark;
  }

  #write(mark: NumberMark): void {
    const next = `${this.#path}.new`;
    try {
      const handle = openSync(next, 'w', 0o600);
      try {
        writeFileSync(handle, JSON.stringify(mark));
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(next, this.#path);
      syncDirectory(dirname(this.#path));
      this.#mark = mark;
      this.#failing = false;
    } catch (error) {
      this.#discard(next);
      if (!this.#failing) {
        this.#log.warn(`${this.#path} could not be written and is tried again: ${messageOf(error)}`);
      }
      this.#failing = true;
    }
  }

  #discard(file: string): void {
    try {
      rmSync(file, { force: true });
    } catch {
      // On a disk that takes nothing; the next write truncates it.
    }
  }
}
