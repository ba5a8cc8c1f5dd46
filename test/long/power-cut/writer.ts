/**
 * Run with record.c preloaded: keeps a journal as a gate does, through all that it knows of, and says after each step
 * what it was given back. What it says goes into the file `said` in the same folder, and so into the same record.
 * Argument: the data directory.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createLogger } from '../../../src/common/index.ts';
import { Journal, type JournalEntry } from '../../../src/journal/index.ts';
import type { Said } from './said.ts';

const DAY_MS = 86_400_000;
const RETENTION = { retentionDays: 1, cropRetentionDays: 1, maxMegabytes: 100 };

const [dataDir = ''] = process.argv.slice(2);
const out = openSync(join(dataDir, 'said'), 'a');
const say = (said: Said) => writeSync(out, `${JSON.stringify(said)}\n`);
let age = 2 * DAY_MS;
let made = 0;

function open(): Journal {
  const now = () => new Date(Date.now() - age);
  const log = createLogger('writer', 'error');
  return Journal.open({ dataDir, gate: 'gate1', log, key: Buffer.alloc(32, 7), now });
}

function event(bytes: number): JournalEntry {
  made += 1;
  return { type: 'door.rex', door: 'main', data: { made, text: 'x'.repeat(bytes) } };
}

function append(journal: Journal, count: number, bytes = 200): void {
  const events = journal.appendMany(Array.from({ length: count }, () => event(bytes)));
  say({ kind: 'recorded', events: events.map(({ id, seq }) => ({ id, seq })) });
}

function deliver(journal: Journal, seqs: readonly number[]): void {
  say({ kind: 'delivering', seqs: [...seqs] });
  journal.delivered(seqs);
}

let journal = open();
for (let n = 0; n < 12; n++) append(journal, 1, n * 300);
journal.attachPicture(
  journal.latest(1)[0].id,
  Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(9000, 7)]),
);
deliver(journal, [1, 2, 3, 5]);
append(journal, 7);
journal.close();

// The next day: what was delivered goes, its room is used again.
age = 0;
journal = open();
append(journal, 3);
say({ kind: 'pruning' });
await journal.prune(RETENTION);
append(journal, 1, 6000);
// The numbers pass the hundred after which the chain is signed.
for (let n = 0; n < 4; n++) append(journal, 20, 100);
deliver(
  journal,
  Array.from({ length: 30 }, (_, n) => 10 + n),
);
append(journal, 1);

// As SQLite does by itself every 1000 pages: the -wal file is begun anew over what it held.
const other = new Database(join(dataDir, 'journal.sqlite'));
other.pragma('wal_checkpoint(PASSIVE)');
other.close();
for (let n = 0; n < 6; n++) append(journal, 1, 500);
say({ kind: 'pruning' });
journal.dropPicturesOf('nobody');
append(journal, 2);
journal.close();
say({ kind: 'finished' });
