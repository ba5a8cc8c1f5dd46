import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { CLOUD_APIS, type CloudApi } from '../../cloud/index.ts';
import type { AppInfo } from '../../cloud-server/index.ts';
import { apiList, type DataDir, rate, wholeNumber, withDataDir, withStore } from './options.ts';

interface Grant extends DataDir {
  readonly api: readonly CloudApi[];
  readonly calls: number;
  readonly days: number;
  readonly qps?: number;
}

interface Network {
  readonly api: CloudApi | null;
  readonly network: string;
}

interface Json {
  readonly json?: true;
}

/** `menshen cloud app add|extend|list|revoke` */
export function addAppCommands(cloud: Command): void {
  const app = cloud.command('app').description('manage the applications that may call the cloud server');
  granting(app.command('add').description('make an application with keys of its own, shown this once'))
    .argument('<name>', 'name, for people')
    .option(
      '--allow <network>',
      'IP address or network that may call, for all APIs or as api=network; repeat for more (any by default)',
      networks,
      [],
    )
    .option('--json', 'print as JSON, as `menshen cloud check --app` reads it')
    .action((name: string, options: Grant & Json & { readonly allow: readonly Network[] }) =>
      add(name, options),
    );
  granting(app.command('extend').description('open further APIs for an application, and add calls'))
    .argument('<appKey>', 'AppKey')
    .action((appKey: string, options: Grant) =>
      withStore(options, (store) => store.apps.extend(appKey, grantOf(options), new Date())),
    );
  withDataDir(app.command('list').description('print the applications, without their secrets'))
    .option('--json', 'print as JSON')
    .action((options: DataDir & Json) => withStore(options, (store) => list(store.apps.list(), options)));
  withDataDir(app.command('revoke').description('refuse every further call of an application'))
    .argument('<appKey>', 'AppKey')
    .action((appKey: string, options: DataDir) =>
      withStore(options, (store) => {
        store.apps.revoke(appKey, new Date());
        console.log(`revoked ${appKey}; a running server refuses it within a second`);
      }),
    );
}

function granting(command: Command): Command {
  return withDataDir(command)
    .option('--api <names>', `APIs it may call, of ${CLOUD_APIS.join(', ')}`, apiList, CLOUD_APIS)
    .option('--calls <count>', 'calls of each API; 0 adds no package', wholeNumber(0, 1e12), 1_000_000)
    .option('--days <count>', 'days for which they are valid', wholeNumber(1, 36_500), 365)
    .option(
      '--qps <rate>',
      "calls a second of each API; by default the manual's 10, action liveness 1",
      rate,
    );
}

function grantOf({ api, calls, days, qps }: Grant): {
  apis: readonly CloudApi[];
  calls: number;
  validDays: number;
  qps?: number;
} {
  return { apis: api, calls, validDays: days, ...(qps !== undefined && { qps }) };
}

function add(name: string, options: Grant & Json & { readonly allow: readonly Network[] }): Promise<void> {
  return withStore(options, (store) => {
    const keys = store.apps.add({ name, addresses: options.allow, ...grantOf(options) }, new Date());
    if (options.json) return console.log(JSON.stringify(keys, null, 2));
    console.log(`AppKey      ${keys.appKey}`);
    console.log(`access key  ${keys.accessKey}`);
    console.log(`secret key  ${keys.secretKey}`);
    console.log(`public key  ${keys.publicKey}`);
    console.error('The secret key is not shown again.');
  });
}

function list(apps: readonly AppInfo[], { json }: Json): void {
  if (json) {
    console.log(JSON.stringify(apps, null, 2));
    return;
  }
  if (apps.length === 0) console.log('there is no application');
  for (const app of apps) {
    const state = app.revokedAt === null ? '' : `  revoked ${app.revokedAt.slice(0, 10)}`;
    console.log(`${app.appKey}  ${app.name}${state}`);
    for (const { api, qps } of app.grants) {
      const packages = app.packages.filter((each) => each.api === api);
      const told = packages.map(
        ({ used, size, validUntil }) => `${used} of ${size} until ${validUntil.slice(0, 10)}`,
      );
      console.log(`  ${api.padEnd(15)} ${String(qps).padStart(5)}/s  ${told.join('; ') || 'no package'}`);
    }
  }
}

function networks(text: string, before: readonly Network[]): readonly Network[] {
  const [, name, network = ''] = /^(?:([A-Za-z]+)=)?(.*)$/.exec(text) ?? [];
  const [address = '', prefix, ...rest] = network.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const sound =
    isIP(address) !== 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
  if (!sound) throw new InvalidArgumentError('must be an IP address or a network like 10.1.0.0/16');
  const apis: readonly (CloudApi | null)[] = name === undefined ? [null] : apiList(name);
  return [...before, ...apis.map((api) => ({ api, network }))];
}
