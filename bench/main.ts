/**
 * `npm run bench [-- --only pipeline,latency] [--json FILE] [--photo FILE]`: measures and prints a table.
 * Each bench is a file that exports a function answering rows; a row with a bound says whether it holds. Reasons and figures:
 * docs/explanation/performance.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { BenchRow } from './row.ts';

export type { BenchRow } from './row.ts';

const RowsSchema = z.array(
  z.object({
    id: z.string(),
    value: z.number(),
    unit: z.string(),
    bound: z.number().nullable(),
    holds: z.boolean(),
    what: z.string(),
  }),
);
type Row = z.infer<typeof RowsSchema>[number];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    photo: { type: 'string' },
    // Of the bench fleet; in full: 200, 2000, 50.
    gates: { type: 'string', default: '10' },
    people: { type: 'string', default: '200' },
    changes: { type: 'string', default: '10' },
  },
});
const fleet = {
  gates: Number(values.gates),
  people: Number(values.people),
  changes: Number(values.changes),
};
const photo = values.photo === undefined ? {} : { photo: values.photo };

/** Loaded one by one, so that one alone needs no more than its own parts. */
const BENCHES: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  latency: async () => (await import('./latency.ts')).benchLatency(),
  networks: async () => (await import('./networks.ts')).benchNetworks(),
  pipeline: async () => (await import('./pipeline.ts')).benchPipeline(photo),
  crowd: async () => (await import('./crowd.ts')).benchCrowd(),
  peers: async () => (await import('./peers.ts')).benchPeers(),
  daemon: async () => (await import('./daemon.ts')).benchDaemon(),
  idle: async () => (await import('./idle.ts')).benchIdle(),
  journal: async () => (await import('./journal.ts')).benchJournal(),
  search: async () => (await import('./search.ts')).benchSearch(),
  fleet: async () => (await import('./fleet.ts')).benchFleet(fleet),
  load: async () => (await import('./gallery-load.ts')).benchGalleryLoad(),
  qr: async () => (await import('./qr.ts')).benchQr(),
  rules: async () => (await import('./rules.ts')).benchRules(),
  'cloud-server': async () => (await import('./cloud-server.ts')).benchCloudServer(),
  escalation: async () => (await import('./escalation.ts')).benchEscalation(),
  'cloud-envelope': async () => (await import('./cloud-envelope.ts')).benchCloudEnvelope(),
};

const names = values.only?.split(',') ?? Object.keys(BENCHES);
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}

const rows: Row[] = [];
const [alone, ...more] = names;
if (alone !== undefined && more.length === 0) {
  console.log(`\n${alone}`);
  const measured = await BENCHES[alone]();
  for (const row of measured) console.log(line(row));
  rows.push(...measured.map(plain));
} else {
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
  for (const name of names) rows.push(...inProcessOfItsOwn(name));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
process.exit();

/** So that no bench weighs on the next, and one may read photos although another draws SVG, which never go together. */
function inProcessOfItsOwn(name: string): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-bench-'));
  const json = join(folder, 'rows.json');
  try {
    const { photo, gates, people, changes } = values;
    const others = Object.entries({ photo, gates, people, changes }).flatMap(([key, value]) =>
      value === undefined ? [] : [`--${key}`, value],
    );
    const script = fileURLToPath(import.meta.url);
    const run = spawnSync(
      process.execPath,
      [...process.execArgv, script, '--only', name, '--json', json, ...others],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    if (run.status === 0) return RowsSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    console.error(`  ${name} failed`);
    process.exitCode = 1;
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function line({ id, value, unit, bound, least, holds, what }: BenchRow): string {
  const limit = `(at ${least === true ? 'least' : 'most'} ${bound})`;
  const verdict = bound === null ? '' : `${holds ? 'holds' : 'MISSED'} ${limit}`;
  return `  ${id.padEnd(28)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(3)} ${verdict.padEnd(23)} ${what}`;
}

function plain({ id, value, unit, bound, holds, what }: BenchRow): Row {
  return { id, value, unit, bound, holds, what };
}
