/**
 * The thread that follows the people of the site: thousands of signed records are opened and written here, on a
 * connection of its own, and hold up neither doors nor events. Photos are looked at by the process for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { readPublicKey } from '../../commands/index.ts';
import { createLogger, openDeviceKey } from '../../common/index.ts';
import { SitePeople } from '../../gallery/index.ts';
import type { Looked } from '../../site/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../vision/models/index.ts';
import { changePeople } from '../people/client.ts';
import { openSiteKey } from './key-file.ts';
import type { FromSite, SiteSettings, ToSite } from './protocol.ts';
import { Station } from './station.ts';

const settings: SiteSettings = workerData;
const { dataDir, key, gate, site, mqtt, vision } = settings;
const log = createLogger('menshen', settings.logLevel);

function tell(message: FromSite): void {
  parentPort?.postMessage(message);
}

async function look(jpegs: readonly Uint8Array[]): Promise<readonly Looked[]> {
  const task = {
    kind: 'look' as const,
    jpegs: jpegs.map((jpeg) => Buffer.from(jpeg).toString('base64')),
    vision,
  };
  const { looked = [] } = await changePeople({ dataDir, task });
  return looked.map((one) => {
    if ('code' in one) return one;
    const bytes = Buffer.from(one.vector, 'base64');
    const vector = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return { vector, model: one.model, qualityScore: one.qualityScore };
  });
}

const catalogue = await readCatalogue(vision.modelsDir ?? defaultModelsDir());
const { id, version } = entryForRole(catalogue, 'embedding');
const roster = SitePeople.open({ dataDir, key, site: site.id, model: { id, version } });
tell({ kind: 'remembered', at: roster.confirmedAt });
const station = new Station({
  gate,
  site: site.id,
  authorities: site.publicKeys.map(readPublicKey),
  encryptionKey: openSiteKey(dataDir),
  deviceKey: openDeviceKey(dataDir),
  mqtt,
  model: { id, version },
  roster,
  look,
  log,
  onChange: (change) => tell({ kind: 'changed', change }),
  onReport: ({ site, state, version, count, pending, root, problem, faultCount }) =>
    tell({
      kind: 'progress',
      progress: { site, state, version, count, pending, root, problem, faultCount },
    }),
  onComplete: ({ version: manifest, count, root, faultCount }) =>
    tell({ kind: 'complete', data: { version: manifest, count, root, faults: faultCount } }),
  onConfirm: (at) => tell({ kind: 'confirmed', at }),
  onRefusal: (code, message) => tell({ kind: 'refused', code, message }),
});
station.start();

parentPort?.on('message', (message: ToSite) => {
  if (message.kind !== 'stop') return;
  void station.stop().then(() => {
    roster.close();
    parentPort?.close();
  });
});
