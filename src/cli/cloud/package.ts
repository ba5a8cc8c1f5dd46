import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ApiUsage, CLOUD_APIS, type CloudApi, QuotaLedger } from '../../cloud/index.ts';
import { MenshenError } from '../../common/index.ts';
import { configPath, loadConfig } from '../../config/index.ts';
import { apiList, wholeNumber } from './options.ts';

interface Place {
  readonly config?: string;
  readonly dataDir?: string;
}

interface Purchase extends Place {
  readonly api: readonly CloudApi[];
  readonly calls: number;
  readonly days: number;
  readonly from?: Date;
}

const DAY_MS = 86_400_000;
const DEFAULT_ZONE = 'Asia/Shanghai';

/** `menshen cloud package add|list|remove`: what was bought, in the gate's own ledger. */
export function addPackageCommands(cloud: Command): void {
  const bought = cloud.command('package').description("enter what was bought, in the gate's quota ledger");
  placed(bought.command('add'))
    .description('enter a purchase of calls')
    .requiredOption(
      '--api <names>',
      `APIs it is good for, of ${CLOUD_APIS.join(', ')}, each by itself`,
      apiList,
    )
    .requiredOption('--calls <count>', 'calls of each', wholeNumber(1, 1e12))
    .option('--days <count>', 'days for which it is valid', wholeNumber(1, 36_500), 365)
    .option('--from <date>', 'first day, as 2026-01-31 (today by default)', date)
    .action((options: Purchase) => withLedger(options, (ledger) => add(ledger, options)));
  placed(bought.command('list'))
    .description('print each API: calls today, what is left of its packages, and for how many days')
    .option('--json', 'print as JSON')
    .action((options: Place & { readonly json?: true }) =>
      withLedger(options, (ledger) =>
        list(
          CLOUD_APIS.map((api) => ledger.usage(api)),
          options.json === true,
        ),
      ),
    );
  placed(bought.command('remove'))
    .description('take out a purchase that was returned, or entered by mistake')
    .argument(
      '<number>',
      'number of the purchase, as `list` shows it',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .action((id: number, options: Place) => withLedger(options, (ledger) => remove(ledger, id)));
}

function placed(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file of the gate, for its dataDir')
    .addOption(new Option('--data-dir <folder>', "the gate's data directory").conflicts('config'));
}

/** Runs a command's work on the gate's ledger, beside a running gate as well. */
async function withLedger({ config, dataDir }: Place, work: (ledger: QuotaLedger) => void): Promise<void> {
  const place = dataDir === undefined ? (await loadConfig(configPath(config))).config : null;
  const ledger = new QuotaLedger({
    dataDir: dataDir ?? place?.dataDir ?? '',
    timezone: place?.cloud?.timezone ?? DEFAULT_ZONE,
  });
  try {
    work(ledger);
  } finally {
    ledger.close();
  }
}

function add(ledger: QuotaLedger, { api: apis, calls, days, from = new Date() }: Purchase): void {
  const validUntil = new Date(from.getTime() + days * DAY_MS);
  for (const api of apis) {
    const id = ledger.addPackage({ api, size: calls, validFrom: from, validUntil });
    console.log(`entered purchase ${id}: ${calls} calls of ${api}, valid until ${day(validUntil)}`);
  }
}

function remove(ledger: QuotaLedger, id: number): void {
  if (!ledger.removePackage(id)) {
    throw new MenshenError(
      'CLOUD_PACKAGE_INVALID',
      `There is no purchase ${id}; \`menshen cloud package list\` shows them.`,
    );
  }
  console.log(`took out purchase ${id}`);
}

function list(usages: readonly ApiUsage[], json: boolean): void {
  if (json) {
    console.log(JSON.stringify(usages, null, 2));
    return;
  }
  console.log(
    `${'API'.padEnd(15)} ${'TODAY'.padStart(8)} ${'LEFT'.padStart(12)} ${'OF'.padStart(12)}  LASTS`,
  );
  for (const { api, today, remaining, size, forecastDays, packages } of usages) {
    const count = (value: number | null) => (value === null ? '-' : String(value)).padStart(12);
    const lasts = forecastDays === null ? '-' : `${forecastDays} days`;
    console.log(
      `${api.padEnd(15)} ${String(today).padStart(8)} ${count(remaining)} ${count(size)}  ${lasts}`,
    );
    for (const { id, size: bought, used, validFrom, validUntil } of packages) {
      console.log(
        `${''.padEnd(15)} purchase ${id}: ${bought - used} of ${bought} left, ${day(validFrom)} to ${day(validUntil)}`,
      );
    }
  }
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function date(text: string): Date {
  const at = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(at.getTime()) || day(at) !== text) {
    throw new InvalidArgumentError('must be a day as 2026-01-31');
  }
  return at;
}
