import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { quantile } from '../scripts/support/quantile.ts';
import { createLogger } from '../src/common/index.ts';
import { Journal } from '../src/journal/index.ts';
import type { BenchRow } from './row.ts';

const ROUNDS = 5;
const COMMITS = 200;
const GROUP = 50;
/** A fifth more than SQLite's own time for a commit: 0.8 of its rate. */
const BOUND = 1.25;
/** A decision record has some 4 KiB. */
const DATA = { text: 'x'.repeat(4000) };

/**
 * Time of an event in the journal beside that of a commit of SQLite itself (one bare row of the same size, WAL,
 * synchronous=FULL, same disk, turn about): one event to a commit, and many, as when they come faster than commits.
 */
export async function benchJournal(): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-bench-journal-'));
  const journal = Journal.open({ dataDir: dir, gate: 'bench', log: createLogger('bench', 'silent') });
  const bare = new Database(join(dir, 'bare.sqlite'));
  try {
    bare.pragma('journal_mode = WAL');
    bare.pragma('synchronous = FULL');
    bare.exec('CREATE TABLE rows (seq INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT');
    const insert = bare.prepare('INSERT INTO rows (data) VALUES (?)');
    const text = JSON.stringify(DATA);
    const event = { type: 'access.denied', door: 'front', data: DATA } as const;
    const group = Array.from({ length: GROUP }, () => event);
    const rounds = Array.from({ length: ROUNDS }, () => ({
      bare: millisecondsOf(COMMITS, () => void insert.run(text)),
      single: millisecondsOf(COMMITS, () => void journal.append(event)),
      grouped: millisecondsOf(COMMITS / 10, () => void journal.appendMany(group)) / GROUP,
    }));
    return rowsOf(rounds);
  } finally {
    journal.close();
    bare.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Round = Readonly<Record<'bare' | 'single' | 'grouped', number>>;

function rowsOf(rounds: readonly Round[]): BenchRow[] {
  const median = (figure: (round: Round) => number) => quantile(rounds.map(figure), 0.5);
  const ratio = median(({ grouped, bare }) => grouped / bare);
  return [
    figure(
      'journal.bare',
      median(({ bare }) => bare),
      'ms',
      'A commit of one row by SQLite itself',
    ),
    figure(
      'journal.single',
      median(({ single, bare }) => single / bare),
      'x',
      'An event with a commit of its own, to that',
    ),
    {
      ...figure('journal.grouped', ratio, 'x', `An event among ${GROUP} of one commit, to that`),
      bound: BOUND,
      holds: ratio <= BOUND,
    },
    figure(
      'journal.rate',
      median(({ grouped }) => 1000 / grouped),
      '/s',
      `Events a second, ${GROUP} to a commit`,
    ),
  ];
}

function figure(id: string, value: number, unit: string, what: string): BenchRow {
  return { id, value, unit, bound: null, holds: true, what };
}

/** Milliseconds of one run, out of `times` of them. */
function millisecondsOf(times: number, work: () => void): number {
  const started = performance.now();
  for (let i = 0; i < times; i++) work();
  return (performance.now() - started) / times;
}
