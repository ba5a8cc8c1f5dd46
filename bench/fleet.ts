import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { startMosquitto } from '../scripts/support/mosquitto.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { SiteBook } from '../src/cli/site/book.ts';
import { publishSite } from '../src/cli/site/publisher.ts';
import { publicKeyOf } from '../src/commands/index.ts';
import { createLogger } from '../src/common/index.ts';
import { Gallery, gateKey } from '../src/gallery/index.ts';
import { type Manifest, siteTopics } from '../src/site/index.ts';
import type { BenchRow } from './row.ts';
import { type FleetOrder, type FleetWord, MODEL, SITE } from './support/fleet.ts';
import { measureGallery } from './support/fleet-gallery.ts';

export interface FleetSize {
  readonly gates: number;
  readonly people: number;
  readonly changes: number;
}

/** Gates of one process. */
const PER_PROCESS = 50;
const LIMIT_MS = 900_000;
/** mosquitto tells its counters this often. */
const SYS_MS = 1000;
const CONSENT = { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: '1' };

/**
 * Gates that follow a site over one real mosquitto on loopback: until all have all, then one change after the other until
 * all have it. Gates are several to a process, each with its own connection; all run on this machine, the broker and
 * the publisher too, so that CPU is shared by what would be many boards.
 */
export async function benchFleet({ gates, people, changes }: FleetSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-bench-fleet-'));
  const broker = await startMosquitto({ extra: ['sys_interval 1', 'max_inflight_messages 20'] });
  const children: Child[] = [];
  const client = await connectAsync(broker.url);
  try {
    const meter = await Meter.on(client);
    const office = openOffice(folder, people, client);
    const publicKey = publicKeyOf(office.privateKey);
    for (let first = 0; first < gates; first += PER_PROCESS) {
      const count = Math.min(PER_PROCESS, gates - first);
      const home = join(folder, `process-${first}`);
      mkdirSync(home);
      const child = new Child();
      children.push(child);
      await child.until(({ kind }) => kind === 'ready');
      const idle = await child.memory();
      child.send({ kind: 'make', folder: home, url: broker.url, first, count, publicKey });
      for (const word of await child.all('made', count)) office.book.putGate({ ...word, id: word.gate });
      child.idle = idle.rss;
    }
    const apart = join(folder, 'apart');
    mkdirSync(apart);
    const gallery = measureGallery(apart, people);
    const publishing = performance.now();
    await office.publish();
    const published = performance.now() - publishing;
    const before = await meter.settled();
    const cpuBefore = cpuMsOf(broker.pid);
    const begun = now();
    for (const child of children) child.send({ kind: 'start' });
    const full = await arrivals(children, gates, 1);
    if (full.some(({ people: had }) => had !== people))
      throw new Error('a gate is complete without all people');
    const bytes = (await meter.settled()) - before;
    const brokerCpu = cpuMsOf(broker.pid) - cpuBefore;
    const memories = await Promise.all(children.map((child) => child.memory()));
    const grown = memories.reduce((sum, { rss }, at) => sum + rss - (children[at]?.idle ?? 0), 0);
    const gatesCpu = memories.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const delays: number[] = [];
    const beforeChanges = await meter.settled();
    for (let change = 0; change < changes; change += 1) {
      const at = now();
      const version = await office.change(change);
      delays.push(...(await arrivals(children, gates, version)).map((one) => one.at - at));
    }
    const changeBytes = ((await meter.settled()) - beforeChanges) / changes / gates;
    const times = full.map(({ at }) => at - begun);
    const row = (id: string, value: number, unit: string, what: string): BenchRow => {
      return { id: `fleet.${id}`, value, unit, bound: null, holds: true, what };
    };
    const what = `${gates} gates, ${people} people`;
    return [
      row('publish', published / 1000, 's', `To publish all, once (${what})`),
      row('all', Math.max(...times) / 1000, 's', `Until all gates have all, all begun at once (${what})`),
      row('all.p50', quantile(times, 0.5) / 1000, 's', 'Until half of the gates have all'),
      row('wire', bytes / 2 ** 20, 'MiB', 'Sent by the broker meanwhile'),
      row('wire.person', bytes / gates / people, 'B', 'Of that for a person and gate'),
      row('cpu.broker', brokerCpu / 1000, 's', 'CPU time of the broker meanwhile'),
      row(
        'cpu.gates',
        gatesCpu / gates / 1000,
        's',
        'CPU time of a gate until it has all, its start included',
      ),
      row('memory', grown / gates / 2 ** 20, 'MiB', 'Memory of a gate for following, without its gallery'),
      row('broker.memory', rssOf(broker.pid) / 2 ** 20, 'MiB', 'Memory of the broker'),
      row('open', gallery.openMs, 'ms', 'To check and open the record of a person, apart'),
      row('gallery', gallery.writeMs, 'ms', 'To write a person to a real gallery, apart'),
      row('gallery.disk', gallery.disk, 'B', 'Of the gallery on disk for a person'),
      row('record', gallery.record, 'B', 'Of the record of a person with one template'),
      row(
        'change.p50',
        quantile(delays, 0.5),
        'ms',
        'From the beginning of publishing one change to a gate having it',
      ),
      row('change.p99', quantile(delays, 0.99), 'ms', `The same, 99 % of ${delays.length}`),
      row('change.wire', changeBytes / 1024, 'KiB', 'Sent by the broker for one change, to a gate'),
    ];
  } finally {
    for (const child of children) child.end();
    await client.endAsync();
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The workstation: a real gallery with templates of real shape (random unit vectors), and what publishes it. */
function openOffice(folder: string, people: number, client: MqttClient) {
  const dataDir = join(folder, 'office');
  const gallery = Gallery.open({ dataDir, log: createLogger('bench', 'silent') });
  gallery.transact((writer) => {
    for (let at = 0; at < people; at += 1) addPerson(writer, at);
  });
  const book = SiteBook.open(dataDir, gateKey(dataDir), { site: SITE, photos: false });
  const { privateKey } = generateKeyPairSync('ed25519');
  const topics = siteTopics('menshen', SITE);
  let present: Manifest | null = null;
  const put = async (topic: string, payload: string | Uint8Array): Promise<void> => {
    const body = typeof payload === 'string' ? payload : Buffer.from(payload);
    await client.publishAsync(topic, body, { qos: 1, retain: true });
    if (topic === topics.manifest) present = { ...MANIFEST, version: book.site.version };
  };
  const publish = async (): Promise<number> => {
    const done = await publishSite({ gallery, book, privateKey, topics, present, put, all: false });
    return done?.version ?? 0;
  };
  const ids = gallery.list().map(({ id }) => id);
  const change = (number: number): Promise<number> => {
    gallery.updatePerson(ids[number % ids.length] ?? '', { name: `Changed ${number} ${randomUUID()}` });
    return publish();
  };
  return { book, privateKey, publish, change };
}

/** The publisher asks the manifest on the broker for its version alone. */
const MANIFEST: Manifest = { site: SITE, version: 0, count: 0, epoch: 1, issuedAt: '', root: '', hashes: [] };

type Writer = Parameters<Parameters<Gallery['transact']>[0]>[0];

function addPerson(writer: Writer, at: number): void {
  const id = randomUUID();
  const createdAt = CONSENT.at;
  writer.putPerson({
    id,
    name: `Person number ${at}`,
    consent: CONSENT,
    groups: ['staff'],
    validFrom: null,
    validUntil: null,
    cards: [String(10_000_000 + at)],
    pin: null,
    duressPin: null,
    antiPassbackExempt: false,
    extendedTime: false,
    idNumberHash: null,
    site: null,
    createdAt,
    updatedAt: createdAt,
  });
  const vector = randomUnit();
  const reference = { id: randomUUID(), personId: id, pictureId: null, model: MODEL, qualityScore: 0.9 };
  writer.addReference({ ...reference, createdAt, vector });
}

function randomUnit(): Float32Array {
  const bytes = randomBytes(512 * 2);
  const values = Float32Array.from({ length: 512 }, (_, at) => bytes.readInt16LE(at * 2));
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return values.map((value) => value / norm);
}

type Complete = Extract<FleetWord, { kind: 'complete' }>;

async function arrivals(children: readonly Child[], gates: number, version: number): Promise<Complete[]> {
  const seen = await Promise.all(
    children.map((child, at) => {
      const count = Math.min(PER_PROCESS, gates - at * PER_PROCESS);
      return child.all('complete', count, (word) => word.version === version);
    }),
  );
  return seen.flat();
}

/** A process of gates. */
class Child {
  readonly #process: ChildProcess;
  readonly #words: FleetWord[] = [];
  #wake: () => void = () => {};
  /** Memory before it had gates. */
  idle = 0;

  constructor() {
    const entry = fileURLToPath(new URL('./fleet-gates.ts', import.meta.url));
    this.#process = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (word: FleetWord) => {
      if (word.kind === 'refused') throw new Error(`${word.gate} refuses the site: ${word.code}`);
      this.#words.push(word);
      this.#wake();
    });
  }

  send(order: FleetOrder): void {
    this.#process.send(order);
  }

  async until(is: (word: FleetWord) => boolean): Promise<FleetWord> {
    const end = performance.now() + LIMIT_MS;
    for (;;) {
      const at = this.#words.findIndex(is);
      const [word] = at < 0 ? [] : this.#words.splice(at, 1);
      if (word !== undefined) return word;
      if (performance.now() > end) throw new Error('the gates do not come to an end');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
  }

  async all<K extends FleetWord['kind']>(
    kind: K,
    count: number,
    is: (word: Extract<FleetWord, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<FleetWord, { kind: K }>[]> {
    const found: Extract<FleetWord, { kind: K }>[] = [];
    const wanted = (word: FleetWord): word is Extract<FleetWord, { kind: K }> => word.kind === kind;
    while (found.length < count) {
      const word = await this.until((one) => wanted(one) && is(one));
      if (wanted(word)) found.push(word);
    }
    return found;
  }

  async memory(): Promise<Extract<FleetWord, { kind: 'memory' }>> {
    this.send({ kind: 'memory' });
    const [word] = await this.all('memory', 1);
    if (word === undefined) throw new Error('no figure of memory');
    return word;
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}

/** What the broker says that it has sent. */
class Meter {
  #sent = 0;

  static async on(client: MqttClient): Promise<Meter> {
    const meter = new Meter();
    client.on('message', (topic, payload) => {
      if (topic === '$SYS/broker/bytes/sent') meter.#sent = Number(payload.toString());
    });
    await client.subscribeAsync('$SYS/broker/bytes/sent');
    return meter;
  }

  /** Bytes, once the broker has told them after now. */
  async settled(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 2.5 * SYS_MS));
    return this.#sent;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Clock ticks of /proc are 10 ms on every Linux there is. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
