import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mulberry32, openDeviceKey } from '../../src/common/index.ts';
import { Journal, JournalReader } from '../../src/journal/index.ts';
import { Disk, type Operation, parseRecord } from './power-cut/disk.ts';
import { type Said, SaidSchema } from './power-cut/said.ts';

const SOURCE = fileURLToPath(new URL('./power-cut/record.c', import.meta.url));
const WRITER = fileURLToPath(new URL('./power-cut/writer.ts', import.meta.url));
/** What the writer says goes the same way as what it writes. */
const SAID = 'said';
/** Of the torn states of a moment, so many are tried. */
const TORN = 2;
const SEED = Number(process.env.MENSHEN_SEED ?? Date.now() % 1_000_000);

/** Thousands of small journals are opened: in memory where there is such a folder. */
const ROOM = realpathSync(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

const hasCompiler = spawnSync('gcc', ['--version']).status === 0;
const missing = hasCompiler ? '' : ' (skipped: gcc is not installed)';

/** What the journal has promised up to a moment. */
class Promises {
  /** Numbers that were given back, with their ids. */
  readonly recorded = new Map<number, string>();
  readonly commits: number[][] = [];
  readonly delivering = new Set<number>();
  /** May be deleted. */
  readonly prunable = new Set<number>();
  #rest = '';

  hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(SaidSchema.parse(JSON.parse(line)));
  }

  #take(said: Said): void {
    if (said.kind === 'recorded') {
      this.commits.push(said.events.map(({ seq }) => seq));
      for (const { seq, id } of said.events) this.recorded.set(seq, id);
    } else if (said.kind === 'delivering') {
      for (const seq of said.seqs) this.delivering.add(seq);
    } else if (said.kind === 'pruning') {
      for (const seq of this.delivering) this.prunable.add(seq);
    }
  }
}

describe.skipIf(!hasCompiler)(`a power cut between any two writes${missing}`, () => {
  const folder = mkdtempSync(join(ROOM, 'menshen-power-cut-'));
  let operations: Operation[] = [];
  /** The commits of the whole run, to tell halves of them. */
  let commits: number[][] = [];

  beforeAll(() => {
    const library = join(folder, 'record.so');
    execFileSync('gcc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl']);
    const [dataDir, record] = [join(folder, 'data'), join(folder, 'record')];
    mkdirSync(dataDir);
    execFileSync(process.execPath, ['--import', 'tsx', WRITER, dataDir], {
      env: { ...process.env, LD_PRELOAD: library, RECORD_DIR: dataDir, RECORD_LOG: record },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    operations = parseRecord(readFileSync(record));
    const promises = new Promises();
    promises.hear(readFileSync(join(dataDir, SAID), 'utf8'));
    commits = promises.commits;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('was recorded whole: what is written down makes the files that are there', () => {
    const disk = new Disk();
    for (const operation of operations) disk.apply(operation);
    const there = readdirSync(join(folder, 'data'));
    expect([...disk.everything().keys()].sort()).toEqual(there.sort());
    for (const [name, content] of disk.everything()) {
      expect(content.equals(readFileSync(join(folder, 'data', name))), name).toBe(true);
    }
  });

  it('leaves a journal that opens clean, with every event that was acknowledged', () => {
    const random = mulberry32(SEED);
    const disk = new Disk();
    const promises = new Promises();
    const tried = { everything: 0, flushed: 0, torn: 0 };
    const attempt = (kind: keyof typeof tried, files: ReadonlyMap<string, Buffer>, at: number) => {
      tried[kind] += 1;
      try {
        check(files, promises);
      } catch (error) {
        throw new Error(
          `after operation ${at} (${operations[at].kind}), ${kind}, seed ${SEED}: ${String(error)}`,
          { cause: error },
        );
      }
    };
    operations.forEach((operation, at) => {
      disk.apply(operation);
      const name = 'name' in operation ? operation.name : '';
      if (name.endsWith('-shm')) return;
      if (name === SAID && operation.kind === 'write') promises.hear(operation.data.toString());
      const isFlush = operation.kind === 'sync' || operation.kind === 'syncFolder';
      if (isFlush || name === SAID) {
        attempt('flushed', disk.flushed(), at);
      } else {
        attempt('everything', disk.everything(), at);
        for (let n = 0; n < TORN; n++) attempt('torn', disk.torn(random), at);
      }
    });
    console.log(
      `power cut: ${operations.length} operations, ${promises.recorded.size} events; opened clean: ` +
        `${tried.everything} states with all that was written, ${tried.flushed} with what was flushed, ${tried.torn} torn (seed ${SEED})`,
    );
    expect(tried.everything).toBeGreaterThan(300);
    expect(promises.recorded.size).toBeGreaterThan(100);
  });

  /** Opens these files as a gate that starts does, and holds the journal to its promises. */
  function check(files: ReadonlyMap<string, Buffer>, promises: Promises): void {
    const dir = mkdtempSync(join(folder, 'state-'));
    for (const [name, content] of files) {
      if (name !== SAID && !name.endsWith('-shm')) writeFileSync(join(dir, name), content);
    }
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const journal = Journal.open({ dataDir: dir, gate: 'gate1', log, key: Buffer.alloc(32, 7) });
    const events = journal.range({ after: 0, limit: 10_000 });
    const there = new Map(events.map(({ seq, id }) => [seq, id]));
    for (const [seq, id] of promises.recorded) {
      if (there.get(seq) !== id && !promises.prunable.has(seq)) throw new Error(`event ${seq} is lost`);
    }
    for (const commit of commits) {
      const count = commit.filter((seq) => there.has(seq) || promises.prunable.has(seq)).length;
      if (count !== 0 && count !== commit.length) throw new Error(`half of the commit of ${commit} is there`);
    }
    const pending = new Set(journal.pending(10_000).map(({ seq }) => seq));
    for (const seq of promises.recorded.keys()) {
      if (!pending.has(seq) && !promises.delivering.has(seq))
        throw new Error(`event ${seq} will not be sent`);
    }
    const last = Math.max(0, ...there.keys(), ...promises.recorded.keys());
    expect(journal.append({ type: 'door.rex', data: {} }).seq).toBe(last + 1);
    expect(lines).toEqual([]);
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual([]);
    expect(new JournalReader({ dataDir: dir }).verify(openDeviceKey(dir)).findings).toEqual([]);
    journal.close();
    const db = new Database(join(dir, 'journal.sqlite'), { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
