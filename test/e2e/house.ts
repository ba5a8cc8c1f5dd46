import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { MEMBERS, type Member, SCENES, type Scene } from '../../scripts/demo/cast.ts';
import { makeFilm } from '../../scripts/demo/film.ts';
import { FPS } from '../../scripts/demo/stage.ts';
import { type Daemon, enrol, PASSWORD, startDaemon, USER } from '../../scripts/demo/stage-hands.ts';
import { type RtspServer, startRtspServer } from '../../scripts/rtsp/server.ts';
import { freePort, type Mosquitto, startMosquitto } from '../../scripts/support/mosquitto.ts';
import { monotonicMs } from '../../src/common/index.ts';
import type { JournalEvent } from '../../src/journal/index.ts';
import { SentEventSchema } from '../../src/mqtt/index.ts';
import { judgeByDocument } from '../support/asyncapi.ts';

export const RELAY = 17;
export const CONTACT = 27;
export const REX = 22;

export interface Edge {
  readonly line: number;
  readonly level: 0 | 1;
  /** CLOCK_MONOTONIC, ms. */
  readonly at: number;
}

/** What differs from test to test; beyond it, YAML can be put behind the configuration. */
export interface HouseSettings {
  /** Milliseconds. */
  readonly stallMs?: number;
  readonly unlockMs?: number;
  /** QR codes are looked for. */
  readonly qr?: boolean;
  /** Ways in of the door, as `entry.ways`; without them every face opens. */
  readonly ways?: string;
  /** Behind the address of the broker, beginning with a comma. */
  readonly mqtt?: string;
  /** Which scene of the demo plays before the camera. */
  readonly scene?: number;
  /** Other scenes to play, one after the other, and the name of their film. */
  readonly film?: { readonly name: string; readonly scenes: readonly Scene[] };
  /** Who is enrolled; without it Alice. */
  readonly member?: Member;
  /** Who shows a face must wear a mask. */
  readonly maskWanted?: boolean;
}

/**
 * A whole house for a test: an RTSP camera before which Alice walks up every eight seconds, a broker, a
 * subscriber, and the daemon as its own process with one door on simulated lines. The subscriber has a persistent
 * session and the broker keeps it on disk, so that no event is missed whichever of them is away.
 */
export class House {
  readonly folder = mkdtempSync(join(tmpdir(), 'menshen-e2e-'));
  /** What the subscriber got, in order, duplicates and all. */
  readonly events: JournalEvent[] = [];
  /** Ids of those that came first as replayed ones, behind what was new. */
  readonly replayed = new Set<string>();
  /** Newest retained message by topic. */
  readonly retained = new Map<string, string>();
  /** What of the messages, of any topic, was not as docs/reference/asyncapi.json has it. */
  readonly strays: string[] = [];
  readonly #judge = judgeByDocument();
  readonly edges: Edge[] = [];
  /** One for each time the camera was started: what it sent and when (`sentUnits`). */
  readonly cameraLogs: string[] = [];
  #film: string;
  readonly #settings: HouseSettings;
  #cameraPort = 0;
  #brokerPort = 0;
  camera!: RtspServer;
  broker!: Mosquitto;
  daemon: Daemon | null = null;
  #subscriber: MqttClient | null = null;
  #lines: Socket | null = null;
  /** When the daemon was started last (CLOCK_MONOTONIC, ms). */
  #startedAt = 0;
  /** Who waits for the answers of the control socket, in the order of the requests. */
  #asked: ((answer: { at?: number }) => void)[] = [];

  private constructor(film: string, settings: HouseSettings) {
    this.#film = film;
    this.#settings = settings;
  }

  /** In `yaml`, FOLDER stands for the folder of the house. */
  static async build(yaml = '', settings: HouseSettings = {}): Promise<House> {
    const { scene = 0 } = settings;
    const { name, scenes } = settings.film ?? {
      name: scene === 0 ? 'alice' : `scene-${scene}`,
      scenes: [SCENES[scene]],
    };
    const film = await makeFilm(undefined, name, scenes);
    const house = new House(film.file, settings);
    [house.#cameraPort, house.#brokerPort] = [await freePort(), await freePort()];
    await house.startCamera();
    await house.startBroker();
    writeFileSync(house.configFile, house.#config() + yaml.replaceAll('FOLDER', house.folder));
    await enrol(house.folder, settings.member ?? MEMBERS[0]);
    return house;
  }

  /** Path of the configuration, for the command line. */
  get configFile(): string {
    return join(this.folder, 'menshen.yaml');
  }

  /** Shows another film before the camera from now on. */
  async show(film: string): Promise<void> {
    this.#film = film;
    await this.camera.stop();
    await this.startCamera();
  }

  async startCamera(): Promise<void> {
    const log = join(this.folder, `camera-${this.cameraLogs.length}.log`);
    this.cameraLogs.push(log);
    this.camera = await startRtspServer({
      file: this.#film,
      fps: FPS,
      user: USER,
      password: PASSWORD,
      port: this.#cameraPort,
      log,
    });
  }

  /** Starts the broker; resolves when the subscriber hears it. */
  async startBroker(): Promise<void> {
    const memory = join(this.folder, 'broker');
    mkdirSync(memory, { recursive: true });
    this.broker = await startMosquitto({
      port: this.#brokerPort,
      extra: [
        'persistence true',
        `persistence_location ${memory}/`,
        'autosave_on_changes true',
        'autosave_interval 1',
      ],
    });
    this.#subscriber ??= await this.#subscribe();
    await this.until(() => this.#subscriber?.connected, 5000, 'connection of the subscriber');
  }

  async killBroker(): Promise<void> {
    await this.broker.kill();
    await this.until(() => this.#subscriber?.connected === false, 2000, 'end of the connection');
  }

  async startDaemon(environment: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    this.#startedAt = monotonicMs();
    this.daemon = await startDaemon(this.folder, environment);
    await this.until(() => this.#openLines(), 15_000, 'the control socket of the daemon');
    return this.daemon;
  }

  /** Sets an input line of the simulated hardware. */
  drive(line: number, level: 0 | 1): void {
    void this.driveAt(line, level);
  }

  /** Sets an input line; gives the time at which the driver did (CLOCK_MONOTONIC, ms). */
  driveAt(line: number, level: 0 | 1): Promise<number> {
    return new Promise((resolve) => {
      this.#asked.push(({ at }) => resolve(at ?? Number.NaN));
      this.#lines?.write(`${JSON.stringify({ line, level })}\n`);
    });
  }

  /** The first event of this type not before number `from` of `events`, waiting for it. */
  async event(type: JournalEvent['type'], from = 0, withinMs = 20_000): Promise<JournalEvent> {
    return this.until(
      () => this.events.slice(from).find((event) => event.type === type),
      withinMs,
      `an event ${type}`,
    );
  }

  /** The first change of the relay to this level at or after a moment, waiting for it. */
  async relay(level: 0 | 1, since: number, withinMs = 20_000): Promise<Edge> {
    const wanted = (edge: Edge) => edge.line === RELAY && edge.level === level && edge.at >= since;
    return this.until(() => this.edges.find(wanted), withinMs, `the relay at ${level}`);
  }

  /** Waits until the relay is released. A daemon that was killed told nothing of its line falling back. */
  async released(withinMs = 10_000): Promise<void> {
    const newest = () => this.edges.findLast(({ line, at }) => line === RELAY && at >= this.#startedAt);
    await this.until(() => newest()?.level !== 1, withinMs, 'released relay');
  }

  /** Waits until `look` gives something. Throws with the end of the daemon's log after `withinMs`. */
  async until<T>(
    look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
    withinMs: number,
    what: string,
  ): Promise<T> {
    const end = monotonicMs() + withinMs;
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) {
        return found;
      }
      if (monotonicMs() > end) {
        throw new Error(`no ${what} within ${withinMs} ms\n${this.log().slice(-3000)}`);
      }
      await sleep(10);
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
    await this.daemon?.stop();
    this.#lines?.destroy();
    this.#subscriber?.end(true);
    await this.broker.stop();
    await this.camera.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #subscribe(): Promise<MqttClient> {
    const client = await connectAsync(this.broker.url, {
      clientId: 'house-subscriber',
      clean: false,
      reconnectPeriod: 50,
    });
    client.on('error', () => {});
    client.on('message', (topic, payload) => {
      const stray = this.#judge({ topic, payload });
      if (stray !== null) this.strays.push(stray);
      if (topic.includes('/events/')) {
        const { replayed = false, ...event } = SentEventSchema.parse(JSON.parse(payload.toString()));
        if (replayed && !this.events.some(({ id }) => id === event.id)) this.replayed.add(event.id);
        this.events.push(event);
      } else {
        this.retained.set(topic, payload.toString());
      }
    });
    await client.subscribeAsync('#', { qos: 1 });
    return client;
  }

  /** Connects to the control socket and follows the lines; false while the daemon is not there yet. */
  #openLines(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(join(this.folder, 'gpio.sock'));
      let rest = '';
      socket.once('connect', () => {
        this.#lines?.destroy();
        this.#lines = socket;
        this.#asked = [() => {}];
        socket.write('{"subscribe": true}\n');
        resolve(true);
      });
      socket.on('error', () => resolve(false));
      socket.on('data', (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const change = JSON.parse(line) as Partial<Edge> & { ok?: boolean };
          if (change.ok !== undefined) {
            this.#asked.shift()?.(change);
            continue;
          }
          if (change.line !== undefined && change.level !== undefined && change.at !== undefined) {
            this.edges.push(change as Edge);
          }
        }
      });
    });
  }

  #config(): string {
    const { ways, maskWanted = false } = this.#settings;
    const entry = [
      ...(ways === undefined ? [] : [`ways: ${ways}`]),
      ...(maskWanted ? ['mask: must'] : []),
    ].join(', ');
    return `gate: { id: house }
dataDir: data
access: { faceOnly: accepted }
cameras:
  - id: entrance
    source: ${this.camera.url}
    username: ${USER}
    password: { value: ${JSON.stringify(PASSWORD)} }
    door: front
    injection: alarm # the camera shows one short film again and again
    stallMs: ${this.#settings.stallMs ?? 2000}
    qr: ${this.#settings.qr ?? false}
doors:
  - id: front
    relay: { line: { driver: simulated, line: ${RELAY} } }
    contact: { line: { driver: simulated, line: ${CONTACT} } }
    rex: { line: { driver: simulated, line: ${REX} } }
    unlockMs: ${this.#settings.unlockMs ?? 1500}
${entry === '' ? '' : `    entry: { ${entry} }\n`}simulator: { socket: gpio.sock }
mqtt: { url: 'mqtt://127.0.0.1:${this.#brokerPort}'${this.#settings.mqtt ?? ''} }
`;
  }
}
