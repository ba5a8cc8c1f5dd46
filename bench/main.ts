/**
 * `npm run bench [-- --only pipeline,latency] [--json FILE] [--photo FILE]`: measures and prints a table.
 * Each bench is a file that exports a function answering rows; a row with a bound says whether it holds. Reasons and figures:
 * docs/explanation/performance.md.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { BenchRow } from './row.ts';

export type { BenchRow } from './row.ts';

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

/** Loaded one by one, so that a bench does not weigh on the next and one alone needs no more than its own parts. */
const BENCHES: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  // First: it may have to draw its film out of SVG, which reading photos forbids in the whole process.
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

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
const rows: BenchRow[] = [];
for (const name of names) {
  console.log(`\n${name}`);
  const measured = await BENCHES[name]();
  for (const row of measured) console.log(line(row));
  rows.push(...measured);
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows.map(plain), null, 2)}\n`);
process.exit(0);

function line({ id, value, unit, bound, least, holds, what }: BenchRow): string {
  const limit = `(at ${least === true ? 'least' : 'most'} ${bound})`;
  const verdict = bound === null ? '' : `${holds ? 'holds' : 'MISSED'} ${limit}`;
  return `  ${id.padEnd(28)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(3)} ${verdict.padEnd(23)} ${what}`;
}

function plain({ id, value, unit, bound, holds, what }: BenchRow): Omit<BenchRow, 'least'> {
  return { id, value, unit, bound, holds, what };
}
