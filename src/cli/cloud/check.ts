import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { createLogger, MenshenError } from '../../common/index.ts';
import { type CloudConfig, CloudSchema, configPath, loadConfig } from '../../config/index.ts';
import { tableOf } from './check-table.ts';
import { type CheckRow, type Counter, checkEndpoint } from './checks.ts';

interface Options {
  readonly config?: string;
  readonly endpoint?: string;
  readonly app?: string;
  readonly ca?: string;
  readonly photo?: string;
  readonly clip?: string;
  readonly realName?: true;
  readonly json?: true;
}

const AppFile = z.object({
  appKey: z.string().min(1),
  accessKey: z.string().min(1),
  secretKey: z.string().min(1),
  publicKey: z.string().optional(),
});

/** `menshen cloud check` */
export function addCheckCommand(cloud: Command): void {
  cloud
    .command('check')
    .description(
      'try connection, clock, keys, envelope and each API of an endpoint; every call is counted by it',
    )
    .addOption(
      new Option(
        '-c, --config <file>',
        'configuration with a cloud section; by default the one that `menshen run` would read',
      ).conflicts(['endpoint', 'app']),
    )
    .option('--endpoint <url>', 'https://host[:port], or http:// on this machine')
    .option('--app <file>', 'JSON of `menshen cloud app add --json`: appKey, accessKey, secretKey, publicKey')
    .option('--ca <file>', "certificate (PEM) that signed the endpoint's")
    .option('--photo <file>', 'JPEG with a face; without it a picture without one is sent')
    .option('--clip <file>', 'mp4 of 1 to 8 s with a face; without it a clip without one is made')
    .option(
      '--real-name',
      'try real-name authentication too, with an invented person (the dearest of the six)',
    )
    .option('--json', 'print as JSON')
    .action((options: Options) => run(options));
}

async function run(options: Options): Promise<void> {
  const { config, close, counter } =
    options.endpoint === undefined ? await fromConfig(options) : await fromApp(options);
  let rows: CheckRow[];
  try {
    rows = await checkEndpoint({
      config,
      counter,
      log: createLogger('menshen', 'silent'),
      photo: options.photo === undefined ? null : await readFile(options.photo),
      clip: options.clip === undefined ? null : await readFile(options.clip),
      realName: options.realName === true,
    });
  } finally {
    close();
  }
  if (options.json) console.log(JSON.stringify(rows, null, 2));
  else for (const line of tableOf(config.endpoint, rows)) console.log(line);
  const failed = rows.filter(({ result }) => result === 'failed').length;
  if (failed > 0) throw new MenshenError('CLOUD_CHECK_FAILED', `${failed} of ${rows.length} checks failed.`);
}

interface Source {
  readonly config: CloudConfig;
  readonly counter: Counter;
  readonly close: () => void;
}

/** Calls are entered in the gate's ledger: they are paid for like any other. */
async function fromConfig(options: Options): Promise<Source> {
  const { config, path } = await loadConfig(configPath(options.config));
  if (config.cloud === undefined) {
    throw new MenshenError(
      'USAGE',
      `${path} has no cloud section. Give --endpoint and --app, or another --config.`,
    );
  }
  const { QuotaLedger } = await import('../../cloud/index.ts');
  const ledger = new QuotaLedger({ dataDir: config.dataDir, timezone: config.cloud.timezone });
  return { config: config.cloud, counter: ledger, close: () => ledger.close() };
}

async function fromApp(options: Options): Promise<Source> {
  if (options.app === undefined) throw new MenshenError('USAGE', '--endpoint needs --app with the keys.');
  const keys = AppFile.parse(JSON.parse(await readFile(options.app, 'utf8')));
  const config = CloudSchema.safeParse({
    endpoint: options.endpoint,
    ...(options.ca !== undefined && { caFile: options.ca }),
    appKey: { value: keys.appKey },
    accessKey: { value: keys.accessKey },
    secretKey: { value: keys.secretKey },
    ...(keys.publicKey !== undefined && { envelope: { publicKey: keys.publicKey } }),
  });
  if (!config.success) throw new MenshenError('USAGE', z.prettifyError(config.error));
  return { config: config.data, counter: uncounted, close: () => {} };
}

/** Somebody else's keys: there is no ledger to enter the calls in. */
const uncounted: Counter = { count: (api) => ({ id: 0, api }), release: () => {} };
