import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { z } from 'zod';
import { type Daemon, startDaemon } from '../../../scripts/demo/stage-hands.ts';
import {
  freePort,
  type Mosquitto,
  type MosquittoOptions,
  startMosquitto,
} from '../../../scripts/support/mosquitto.ts';
import { monotonicMs } from '../../../src/common/index.ts';
import { type JournalEvent, JournalReader } from '../../../src/journal/index.ts';
import { SentEventSchema } from '../../../src/mqtt/index.ts';
import { type SerialLine, serialLine } from '../../readers/support.ts';
import { makeAuthority, makeCertificate } from '../../support/certificates.ts';
import { TroubledDisk } from './disk.ts';
import { TroubledLine } from './line.ts';
import { type Edge, Lines } from './lines.ts';
import { holdVision } from './vision.ts';

const MENSHEN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const DISK_MEBIBYTES = 96;
const START_MS = 120_000;
const PAGE = 1000;
const run = promisify(execFile);

/** The door that a card opens: what its relay does was decided first. */
export const CARD_RELAY = 1;
/** Lines of the doors with an exit button: relay, button and contact. */
export const EXITS = [10, 20, 30, 40].map((first) => ({ relay: first, rex: first + 1, contact: first + 2 }));

/** Name of the door, by the line of its relay. */
export const DOOR_OF = new Map([
  [CARD_RELAY, 'front'],
  ...EXITS.map(({ relay }): [number, string] => [relay, `exit-${relay}`]),
]);

/** An event as the subscriber got it. */
export interface Arrival {
  readonly event: JournalEvent;
  readonly replayed: boolean;
  /** UTC, ms. */
  readonly at: number;
}

/** What the gate logs then. */
const LATE_RECORD = 'the disk has not taken a record in time';

const LateSchema = z.object({ happenedAt: z.string().optional() });

/** One run of the daemon, from its start to its kill. */
export interface Life {
  readonly edges: Edge[];
  /** How often it said that the disk had not taken a record in time. */
  lateRecords: number;
}

/**
 * A daemon in a house full of trouble: it keeps its data on a small file system of its own, and its line to a real
 * broker, by TLS, leads through a network that can be broken. The subscriber hears the broker directly. There is no
 * camera behind the door: what opens it is a card.
 */
export class ChaosHouse {
  readonly folder = mkdtempSync(join(tmpdir(), 'menshen-chaos-'));
  readonly arrivals: Arrival[] = [];
  /** Highest number that arrived. */
  highest = 0;
  readonly lives: Life[] = [];
  /** When everything that is between daemon and subscriber was whole again, UTC, ms. */
  readonly wholeAt: number[] = [];
  disk!: TroubledDisk;
  line!: TroubledLine;
  reader!: SerialLine;
  /** Null while no daemon answers. */
  lines: Lines | null = null;
  #daemon: Daemon | null = null;
  #releaseVision = () => {};
  #broker: Mosquitto | null = null;
  #brokerOptions: MosquittoOptions = {};
  #subscriber: MqttClient | null = null;
  #subscribed = false;

  /** Nothing of it is left when it rejects. */
  static async build(): Promise<ChaosHouse> {
    const house = new ChaosHouse();
    try {
      await house.#build();
      return house;
    } catch (error) {
      await house.tearDown();
      throw error;
    }
  }

  get configFile(): string {
    return join(this.folder, 'menshen.yaml');
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** Runs the command line on this house; rejects when it ends with another code than 0. */
  async menshen(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [MENSHEN, ...args, '--config', this.configFile]);
    return stdout.trim();
  }

  /** Starts the daemon; resolves when its doors answer. */
  async startDaemon(): Promise<void> {
    const life: Life = { edges: [], lateRecords: 0 };
    this.lives.push(life);
    const daemon = await this.#spawn();
    const log = createInterface({ input: daemon.process.stderr ?? Readable.from([]) });
    log.on('line', (line) => {
      if (line.includes(LATE_RECORD)) life.lateRecords += 1;
    });
    const path = join(this.folder, 'gpio.sock');
    this.lines = await this.until(
      () => Lines.connect(path, (edge) => life.edges.push(edge)).catch(() => null),
      START_MS,
      'daemon whose doors answer',
    );
    this.mended();
  }

  /** Starts the daemon and kills it while it is still starting. */
  async startInVain(ms: number): Promise<void> {
    await this.#spawn();
    await sleep(ms);
    await this.killDaemon();
  }

  async killDaemon(): Promise<void> {
    this.#daemon?.process.kill('SIGKILL');
    await this.#daemon?.ended;
    this.#releaseVision();
    // What it wrote to the control socket before its end is still to be read.
    await sleep(20);
    this.lines?.close();
    this.lines = null;
  }

  /** Ends the daemon in good order. */
  async stopDaemon(): Promise<void> {
    this.#releaseVision();
    await this.#daemon?.stop();
    this.lines?.close();
    this.lines = null;
  }

  async killBroker(): Promise<void> {
    this.line.shut();
    await this.#broker?.kill();
    await this.until(() => !this.#subscribed, START_MS, 'subscriber that noticed');
  }

  /** Starts the broker; the gate comes through only when the subscriber hears it. */
  async startBroker(subscribeTo?: string): Promise<void> {
    this.#broker = await startMosquitto(this.#brokerOptions);
    if (subscribeTo !== undefined) this.#subscriber = await this.#subscribe(subscribeTo);
    await this.until(() => this.#subscribed, START_MS, 'subscriber that hears the broker');
    this.line.open();
    this.mended();
  }

  /** Something between daemon and subscriber was mended. */
  mended(): void {
    this.wholeAt.push(Date.now());
  }

  /**
   * The disk has taken all that waited for it. What waited is written in order and says when it happened, so that all of
   * it is there when something is that did not have to wait; what happened since the disk was mended may still have to.
   */
  async written(): Promise<void> {
    const from = Date.now();
    await this.until(() => atOnce(this.#newest()) >= from, START_MS, 'event that did not wait for the disk');
    this.mended();
  }

  journal(): JournalEvent[] {
    const reader = new JournalReader({ dataDir: this.dataDir });
    const events: JournalEvent[] = [];
    for (let page = reader.range({ after: 0, limit: PAGE }); page.length > 0; ) {
      events.push(...page);
      page = reader.range({ after: events[events.length - 1].seq, limit: PAGE });
    }
    return events;
  }

  async until<T>(
    look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
    withinMs: number,
    what: string,
  ): Promise<T> {
    const end = monotonicMs() + withinMs;
    for (;;) {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      if (monotonicMs() > end)
        throw new Error(`no ${what} within ${withinMs} ms\n${this.log().slice(-3000)}`);
      await sleep(20);
    }
  }

  log(): string {
    try {
      return readFileSync(join(this.folder, 'menshen.log'), 'utf8');
    } catch {
      return '';
    }
  }

  async tearDown(): Promise<void> {
    await this.killDaemon();
    await this.reader?.unplug();
    this.#subscriber?.end(true);
    this.line?.close();
    await this.#broker?.kill();
    this.disk?.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #build(): Promise<void> {
    mkdirSync(this.dataDir);
    this.disk = new TroubledDisk(this.dataDir, DISK_MEBIBYTES);
    const [port, plain] = [await freePort(), await freePort()];
    const authority = makeAuthority(this.folder, 'authority');
    const certificate = makeCertificate(this.folder, 'broker', authority, 'IP:127.0.0.1');
    this.#brokerOptions = {
      port,
      tls: { caFile: authority.certFile, ...certificate },
      extra: [`listener ${plain} 127.0.0.1`],
    };
    this.line = await TroubledLine.start(port);
    writeFileSync(this.configFile, this.#config(authority.certFile));
    await this.startBroker(`mqtt://127.0.0.1:${plain}`);
    await this.menshen('people', 'add', 'Carol');
    await this.menshen('people', 'card', 'add', 'Carol', '12345678');
    this.reader = await serialLine(join(this.folder, 'serial'));
  }

  async #spawn(): Promise<Daemon> {
    const daemon = await startDaemon(this.folder);
    this.#daemon = daemon;
    this.#releaseVision = holdVision(daemon.process.pid ?? 0);
    return daemon;
  }

  /** The newest event on disk; undefined while it cannot be read. */
  #newest(): JournalEvent | undefined {
    try {
      return new JournalReader({ dataDir: this.dataDir }).latest(1)[0];
    } catch {
      return undefined;
    }
  }

  async #subscribe(url: string): Promise<MqttClient> {
    const client = await connectAsync(url, { reconnectPeriod: 30, resubscribe: false });
    const listen = async () => {
      await client.subscribeAsync('menshen/+/events/#', { qos: 1 });
      this.#subscribed = true;
    };
    client.on('error', () => {});
    client.on('close', () => {
      this.#subscribed = false;
    });
    client.on('connect', () => void listen().catch(() => {}));
    client.on('message', (_, payload) => {
      const { replayed = false, ...event } = SentEventSchema.parse(JSON.parse(payload.toString()));
      this.arrivals.push({ event, replayed, at: Date.now() });
      this.highest = Math.max(this.highest, event.seq);
    });
    await listen();
    return client;
  }

  #config(caFile: string): string {
    const simulated = (line: number) => `{ line: { driver: simulated, line: ${line} }`;
    const exits = EXITS.map(
      ({ relay, rex, contact }) => `  - id: exit-${relay}
    relay: ${simulated(relay)} }
    rex: ${simulated(rex)}, debounceMs: 0 }
    contact: ${simulated(contact)}, debounceMs: 0 }
    unlockMs: 2000
`,
    );
    return `gate: { id: chaos }
dataDir: data
access: { faceOnly: accepted }
log: { level: warn }
cameras: [{ id: none, source: ${this.folder}/no-film.mp4, door: front }]
doors:
  - id: front
    relay: ${simulated(CARD_RELAY)} }
    unlockMs: 200
    entry: { ways: [{ by: [card] }] }
${exits.join('')}readers:
  - { id: pad, door: front, kind: serial, device: ${this.folder}/serial, card: { repeatMs: 0 } }
simulator: { socket: gpio.sock }
mqtt: { url: 'mqtts://127.0.0.1:${this.line.port}', caFile: ${caFile}, keepaliveS: 3, replayPerSecond: 200 }
`;
  }
}

/** When an event was written that was so at once, UTC, ms; 0 of one that had to wait, and of none. */
function atOnce(event: JournalEvent | undefined): number {
  if (event === undefined || LateSchema.parse(event.data).happenedAt !== undefined) return 0;
  return Date.parse(event.at);
}
