import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { MEMBERS, SCENES } from '../../scripts/demo/cast.ts';
import { makeFilm } from '../../scripts/demo/film.ts';
import { FPS } from '../../scripts/demo/stage.ts';
import { type Daemon, enrol, PASSWORD, startDaemon, USER } from '../../scripts/demo/stage-hands.ts';
import { type RtspServer, startRtspServer } from '../../scripts/rtsp/server.ts';
import { freePort, type Mosquitto, startMosquitto } from '../../scripts/support/mosquitto.ts';
import { monotonicMs } from '../../src/common/index.ts';
import { type JournalEvent, JournalEventSchema } from '../../src/journal/index.ts';

export const RELAY = 17;
export const CONTACT = 27;
export const REX = 22;

export interface Edge {
  readonly line: number;
  readonly level: 0 | 1;
  /** CLOCK_MONOTONIC, ms. */
  readonly at: number;
}

/**
 * A whole house for a test: an RTSP camera before which Alice walks up every eight seconds, a broker, a
 * subscriber, and the daemon as its own process with one door on simulated lines.
 */
export class House {
  readonly folder = mkdtempSync(join(tmpdir(), 'menshen-e2e-'));
  /** What the subscriber got, in order, duplicates and all. */
  readonly events: JournalEvent[] = [];
  /** Newest retained message by topic. */
  readonly retained = new Map<string, string>();
  readonly edges: Edge[] = [];
  readonly #film: string;
  #cameraPort = 0;
  #brokerPort = 0;
  camera!: RtspServer;
  broker!: Mosquitto;
  daemon: Daemon | null = null;
  #subscriber: MqttClient | null = null;
  #lines: Socket | null = null;

  private constructor(film: string) {
    this.#film = film;
  }

  static async build(settings = ''): Promise<House> {
    const film = await makeFilm(undefined, 'alice', [SCENES[0]]);
    const house = new House(film.file);
    [house.#cameraPort, house.#brokerPort] = [await freePort(), await freePort()];
    await house.startCamera();
    await house.startBroker();
    writeFileSync(join(house.folder, 'menshen.yaml'), house.#config() + settings);
    await enrol(house.folder, MEMBERS[0]);
    return house;
  }

  async startCamera(): Promise<void> {
    this.camera = await startRtspServer({
      file: this.#film,
      fps: FPS,
      user: USER,
      password: PASSWORD,
      port: this.#cameraPort,
    });
  }

  async startBroker(): Promise<void> {
    this.broker = await startMosquitto({ port: this.#brokerPort });
    this.#subscriber = await connectAsync(this.broker.url, { reconnectPeriod: 100 });
    this.#subscriber.on('message', (topic, payload) => {
      if (topic.includes('/events/')) {
        this.events.push(JournalEventSchema.parse(JSON.parse(payload.toString())));
      } else {
        this.retained.set(topic, payload.toString());
      }
    });
    await this.#subscriber.subscribeAsync('menshen/#', { qos: 1 });
  }

  async killBroker(): Promise<void> {
    this.#subscriber?.end(true);
    await this.broker.kill();
  }

  async startDaemon(): Promise<Daemon> {
    this.daemon = await startDaemon(this.folder);
    await this.until(() => this.#openLines(), 15_000, 'the control socket of the daemon');
    return this.daemon;
  }

  /** Sets an input line of the simulated hardware. */
  drive(line: number, level: 0 | 1): void {
    this.#lines?.write(`${JSON.stringify({ line, level })}\n`);
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

  /** Connects to the control socket and follows the lines; false while the daemon is not there yet. */
  #openLines(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(join(this.folder, 'gpio.sock'));
      let rest = '';
      socket.once('connect', () => {
        this.#lines?.destroy();
        this.#lines = socket;
        socket.write('{"subscribe": true}\n');
        resolve(true);
      });
      socket.on('error', () => resolve(false));
      socket.on('data', (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const change = JSON.parse(line) as Partial<Edge>;
          if (change.line !== undefined && change.level !== undefined && change.at !== undefined) {
            this.edges.push(change as Edge);
          }
        }
      });
    });
  }

  #config(): string {
    return `gate: { id: house }
dataDir: data
cameras:
  - id: entrance
    source: ${this.camera.url}
    username: ${USER}
    password: { value: ${JSON.stringify(PASSWORD)} }
    door: front
    stallMs: 2000
doors:
  - id: front
    relay: { line: { driver: simulated, line: ${RELAY} } }
    contact: { line: { driver: simulated, line: ${CONTACT} } }
    rex: { line: { driver: simulated, line: ${REX} } }
    unlockMs: 1500
simulator: { socket: gpio.sock }
mqtt: { url: 'mqtt://127.0.0.1:${this.#brokerPort}' }
`;
  }
}
