import { existsSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { generateKeyPair, publicKeyOf, readPrivateKey, readPublicKey } from '../commands/index.ts';
import { MenshenError, readDevicePublicKey } from '../common/index.ts';
import { type Gallery, gateKey } from '../gallery/index.ts';
import { type Manifest, openManifest, openReport, reportTopic, siteTopics } from '../site/index.ts';
import { type BrokerOptions, withBrokerOptions } from './broker-options.ts';
import { readKeyFile } from './command.ts';
import { type GalleryArguments, settingsOf, withGallery, withGalleryOptions } from './gallery-options.ts';
import { SiteBook } from './site/book.ts';
import { type Broker, withBroker } from './site/broker.ts';
import { publishKeys, publishSite } from './site/publisher.ts';
import { showStatus } from './site/status.ts';

type Options = GalleryArguments & BrokerOptions & { readonly key: string };

/** `menshen site init|add-gate|remove-gate|publish|status`. Errors are thrown as MenshenError for main.ts to print. */
export function siteCommand(): Command {
  const site = new Command('site').description(
    'publish the people of a gallery for all gates of a site, and see how far each is',
  );
  const add = (name: string, description: string) =>
    withBrokerOptions(withGalleryOptions(site.command(name).description(description)));
  const signing = (command: Command) =>
    command.requiredOption('-k, --key <file>', 'private key of the administrator of the site');
  withGalleryOptions(site.command('init').description('make a site of the people of this gallery'))
    .argument('<site>', 'name of the site')
    .requiredOption(
      '-k, --key <file>',
      'file for the private key of its administrator; made if it is not there',
    )
    .option('--photos', 'publish photos too, for gates with another embedding network')
    .action(init);
  signing(add('add-gate', 'give a gate the keys to the people of the site'))
    .argument('<gate>', 'gate.id of the gate')
    .requiredOption('--gate-key <base64>', 'its public key, as `menshen command gate-key` prints it there')
    .action(addGate);
  signing(add('remove-gate', 'take the site away from a gate: all is sealed under a new key'))
    .argument('<gate>', 'gate.id of the gate')
    .action(removeGate);
  signing(add('publish', 'publish who was added, changed or removed since'))
    .option('--all', 'publish everything again, as after a loss at the broker')
    .action((options: Options & { all?: true }) => publish(options, options.all === true));
  signing(add('status', 'show how far each gate is'))
    .option('--json', 'print as JSON')
    .action((options: Options & { json?: true }) =>
      withSite(options, ({ book, broker, present, topic }) =>
        showStatus({ book, broker, present, topic, json: options.json === true }),
      ),
    );
  return site;
}

async function init(site: string, options: GalleryArguments & { key: string; photos?: true }): Promise<void> {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(site)) {
    throw new MenshenError('USAGE', 'The name of a site has small letters, digits, "-" and "_".');
  }
  await withGallery(options, async () => {
    const { dataDir, key } = await settingsOf(options);
    if (!existsSync(options.key)) {
      writeFileSync(options.key, generateKeyPair().privatePem, { mode: 0o600, flag: 'wx' });
    }
    const publicKey = publicKeyOf(readPrivateKey(readKeyFile(options.key), options.key));
    SiteBook.open(dataDir, gateKey(dataDir, key), { site, photos: options.photos === true }).close();
    console.error(`The private key is in ${options.key}. Into the configuration of each gate:`);
    console.log(`site: { id: ${site}, publicKeys: [${publicKey}] }`);
  });
}

async function addGate(gate: string, options: Options & { gateKey: string }): Promise<void> {
  const device = readDevicePublicKey(options.gateKey);
  await withSite(options, async ({ book, broker, topic, ...rest }) => {
    const where = reportTopic(topic, gate);
    const payload = (await broker.retained([where])).get(where);
    if (payload === undefined) {
      throw new MenshenError('SITE_GATE_UNKNOWN', `The gate "${gate}" has not reported to the broker yet.`);
    }
    const { encryptionKey, site } = reportOf(payload, device, gate);
    if (site !== book.site.id) {
      throw new MenshenError('SITE_GATE_UNKNOWN', `The gate "${gate}" follows the site "${site}".`);
    }
    book.putGate({ id: gate, device: device.spki, encryptionKey });
    await publishKeys({ book, put: broker.put, ...rest });
    console.log(`added ${gate}`);
  });
}

function reportOf(payload: Buffer, device: ReturnType<typeof readDevicePublicKey>, gate: string) {
  try {
    const report = openReport(payload, device);
    if (report.gate === gate) return report;
  } catch {
    // Told below: whoever wrote it, it is not the gate of this key.
  }
  throw new MenshenError('SITE_GATE_UNKNOWN', `The report of "${gate}" is not signed by the key given.`);
}

async function removeGate(gate: string, options: Options): Promise<void> {
  await withSite(options, async ({ book, broker, topics }) => {
    if (!book.removeGate(gate)) {
      throw new MenshenError('SITE_GATE_UNKNOWN', `The site gives no keys to a gate "${gate}".`);
    }
    book.rotate();
    await broker.put(topics.keys(gate), '');
  });
  console.log(`removed ${gate}`);
  await publish(options, true);
}

async function publish(options: Options, all: boolean): Promise<void> {
  await withSite(options, async ({ broker, ...rest }) => {
    const published = await publishSite({ ...rest, put: broker.put, all });
    if (published === null) console.log('nothing to publish: the broker has all of it');
    else {
      const { version, people, changed, removed } = published;
      console.log(
        `published version ${version}: ${people} people, ${changed} new or changed, ${removed} removed`,
      );
    }
  });
}

interface SiteWork {
  readonly gallery: Gallery;
  readonly book: SiteBook;
  readonly broker: Broker;
  readonly topics: ReturnType<typeof siteTopics>;
  readonly privateKey: ReturnType<typeof readPrivateKey>;
  readonly present: Manifest | null;
  readonly topic: string;
}

/** The manifest that is on the broker counts only if it is signed by the key given. */
async function withSite(options: Options, work: (site: SiteWork) => Promise<void>): Promise<void> {
  const privateKey = readPrivateKey(readKeyFile(options.key), options.key);
  await withGallery(options, async (gallery) => {
    const { dataDir, key } = await settingsOf(options);
    const book = SiteBook.open(dataDir, gateKey(dataDir, key));
    try {
      const { id } = book.site;
      const topics = siteTopics(options.topic, id);
      await withBroker(options, async (broker) => {
        const payload = (await broker.retained([topics.manifest])).get(topics.manifest);
        const present = payload === undefined ? null : manifestOf(payload, id, publicKeyOf(privateKey));
        await work({ gallery, book, broker, topics, privateKey, present, topic: options.topic });
      });
    } finally {
      book.close();
    }
  });
}

function manifestOf(payload: Buffer, site: string, publicKey: string): Manifest | null {
  try {
    return openManifest(payload, site, [readPublicKey(publicKey)]);
  } catch {
    return null;
  }
}
