/**
 * Some simulated gates in one process, for bench/fleet.ts: the follower, its connection and its report are those of a
 * gate; of the first gate the gallery as well, of the others it is a list of entries in memory. Talks to its parent.
 */
import { readPublicKey } from '../src/commands/index.ts';
import { createLogger, openDeviceKey } from '../src/common/index.ts';
import { MqttSchema } from '../src/config/schema/mqtt.ts';
import { SitePeople } from '../src/gallery/index.ts';
import { Station } from '../src/gate/site-people/station.ts';
import {
  type Arrival,
  type Entry,
  newEncryptionKey,
  type SiteFault,
  type SiteRoster,
} from '../src/site/index.ts';
import { type FleetOrder, type FleetWord, MODEL, SITE } from './support/fleet.ts';

class ListRoster implements SiteRoster {
  readonly #entries = new Map<string, Entry>();
  believed = { version: 0, root: '' };

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }
  believe(version: number, root: string): void {
    this.believed = { version, root };
  }
  confirm(): void {}
  remove(ids: readonly string[]): readonly string[] {
    return ids.filter((id) => this.#entries.delete(id));
  }
  apply(arrivals: readonly Arrival[]): { added: string[]; updated: string[] } {
    for (const { person, version, digest } of arrivals)
      this.#entries.set(person.id, { id: person.id, version, digest });
    return { added: arrivals.map(({ person }) => person.id), updated: [] };
  }
  faults(): readonly SiteFault[] {
    return [];
  }
}

const tell = (word: FleetWord) => process.send?.(word);
const stations: Station[] = [];

function make({ folder, url, first, count, publicKey }: Extract<FleetOrder, { kind: 'make' }>): void {
  const deviceKey = openDeviceKey(folder);
  for (let at = first; at < first + count; at += 1) {
    const gate = `gate-${at}`;
    const roster =
      at === first ? SitePeople.open({ dataDir: folder, site: SITE, model: MODEL }) : new ListRoster();
    const encryptionKey = newEncryptionKey();
    const station = new Station({
      gate,
      site: SITE,
      authorities: [readPublicKey(publicKey)],
      encryptionKey,
      deviceKey,
      mqtt: { ...MqttSchema.parse({ url }), password: undefined },
      model: MODEL,
      roster,
      look: async () => [],
      log: createLogger('bench', 'error'),
      onChange: () => {},
      onReport: () => {},
      onComplete: ({ version, count: people }) =>
        tell({ kind: 'complete', gate, version, people, at: performance.timeOrigin + performance.now() }),
      onConfirm: () => {},
      onRefusal: (code) => tell({ kind: 'refused', gate, code }),
    });
    stations.push(station);
    tell({ kind: 'made', gate, device: deviceKey.spki, encryptionKey: station.report.encryptionKey });
  }
}

function memory(): void {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  tell({ kind: 'memory', rss, heap: heapUsed + external, cpuMs: (user + system) / 1000 });
}

process.on('message', (order: FleetOrder) => {
  if (order.kind === 'make') make(order);
  else if (order.kind === 'start') for (const station of stations) station.start();
  else if (order.kind === 'memory') memory();
  else process.exit(0);
});
tell({ kind: 'ready' });
