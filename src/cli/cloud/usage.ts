import type { Command } from 'commander';
import type { UsageRow } from '../../cloud-server/index.ts';
import { type DataDir, wholeNumber, withDataDir, withStore } from './options.ts';

interface Options extends DataDir {
  readonly days: number;
  readonly json?: true;
}

/** `menshen cloud usage` */
export function addUsageCommand(cloud: Command): void {
  withDataDir(
    cloud.command('usage').description('print calls, errors and mean response time by application and API'),
  )
    .option('--days <count>', 'the last days', wholeNumber(1, 3650), 30)
    .option('--json', 'print as JSON')
    .action((options: Options) =>
      withStore(options, (store) => {
        const rows = store.usage.since(new Date(Date.now() - options.days * 86_400_000));
        const names = new Map(store.apps.list().map(({ appKey, name }) => [appKey, name]));
        if (options.json) console.log(JSON.stringify(rows, null, 2));
        else print(rows, names);
      }),
    );
}

function print(rows: readonly UsageRow[], names: ReadonlyMap<string, string>): void {
  if (rows.length === 0) {
    console.log('no calls');
    return;
  }
  console.log(
    `${'API'.padEnd(15)} ${'CALLS'.padStart(9)} ${'CHARGED'.padStart(9)} ${'ERRORS'.padStart(8)} ${'MEAN MS'.padStart(8)} ${'MB IN'.padStart(8)}  APPLICATION`,
  );
  for (const row of rows) {
    const cells = [
      row.api.padEnd(15),
      String(row.calls).padStart(9),
      String(row.charged).padStart(9),
      String(row.errors).padStart(8),
      row.meanMilliseconds.toFixed(1).padStart(8),
      (row.bytesIn / 1e6).toFixed(1).padStart(8),
    ];
    const errors = row.codes.slice(0, 3).map(({ code, calls }) => `${code} ${calls} times`);
    console.log(`${cells.join(' ')}  ${names.get(row.appKey) ?? row.appKey}`);
    if (errors.length > 0) console.log(`${' '.repeat(15)}   ${errors.join(', ')}`);
  }
}
