import { type Command, InvalidArgumentError, Option } from 'commander';
import { CloudServer, selfSigned, type TlsFiles } from '../../cloud-server/index.ts';
import { createLogger, LOG_LEVELS, type LogLevel, MenshenError } from '../../common/index.ts';
import { stopRequest } from '../stop-request.ts';
import { type DataDir, wholeNumber, withDataDir } from './options.ts';

interface Options extends DataDir {
  readonly listen: Address;
  readonly cert?: string;
  readonly key?: string;
  readonly selfSigned?: true;
  readonly name: readonly string[];
  readonly http?: true;
  readonly metrics?: Address;
  readonly models?: string;
  readonly processes: number;
  readonly queue: number;
  readonly mirroredClips?: true;
  readonly logLevel: LogLevel;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `menshen cloud serve` */
export function addServeCommand(cloud: Command): void {
  const command = cloud
    .command('serve')
    .description("serve the six face APIs of CTYun's manual by Menshen's own networks")
    .option('-l, --listen <address>', 'address and port', address, { host: '0.0.0.0', port: 8443 })
    .option('--cert <file>', 'certificate with its chain, PEM')
    .option('--key <file>', 'private key of the certificate, PEM')
    .addOption(
      new Option(
        '--self-signed',
        'make a certificate at the first start; give DIR/tls.crt to the callers',
      ).conflicts(['cert', 'key', 'http']),
    )
    .option(
      '--name <host>',
      'name or address for the self-signed certificate besides those of this machine',
      collect,
      [],
    )
    .addOption(new Option('--http', 'plain HTTP, on a loopback address only').conflicts(['cert', 'key']))
    .option('--metrics <address>', 'serve /metrics here, a loopback address', address)
    .option('--models <folder>', 'folder of catalog.json and the networks')
    .option('--processes <count>', 'inference processes', wholeNumber(1, 64), 1)
    .option('--queue <calls>', 'calls that may wait for one', wholeNumber(1, 10_000), 32)
    .option('--mirrored-clips', 'left and right in clips are as in a mirror')
    .addOption(new Option('--log-level <level>').choices(LOG_LEVELS).default('info'));
  withDataDir(command).action((options: Options) => serve(options));
}

async function serve(options: Options): Promise<void> {
  const stop = stopRequest();
  const log = createLogger('menshen-cloud', options.logLevel);
  const { listen, dataDir, processes, queue } = options;
  const server = await CloudServer.start({
    dataDir,
    log,
    ...listen,
    tls: await tlsOf(options),
    metrics: options.metrics ?? null,
    processes,
    queue,
    mirroredClips: options.mirroredClips === true,
    ...(options.models !== undefined && { modelsDir: options.models }),
  });
  log.info({ host: listen.host, port: server.port, metrics: server.metricsPort }, 'serving');
  const signal = await stop.asked;
  log.info({ signal }, 'stopping');
  await server.stop();
  process.exit(0);
}

async function tlsOf(options: Options): Promise<TlsFiles | null> {
  const { cert, key } = options;
  if (options.http === true) return null;
  if (options.selfSigned === true) {
    // The folder must be there before openssl writes into it.
    const { CloudStore } = await import('../../cloud-server/index.ts');
    CloudStore.open(options.dataDir).close();
    return selfSigned(options.dataDir, options.name);
  }
  if (cert === undefined || key === undefined) {
    throw new MenshenError(
      'USAGE',
      'Say --cert and --key, or --self-signed, or --http for this machine alone.',
    );
  }
  return { cert, key };
}

/** `host:port`, `[::1]:port` or a port alone. */
function address(text: string): Address {
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:[\]]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? -1);
  if (match === null || port > 65_535) throw new InvalidArgumentError('must be host:port');
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
