import { readFileSync } from 'node:fs';
import type { CameraState } from '../camera/types.ts';
import { type Logger, messageOf } from '../common/index.ts';
import { type Config, type LoadedConfig, resolveSecret } from '../config/index.ts';
import {
  Door,
  type DoorEvent,
  type GpioDriver,
  installReleaseGuard,
  openGpio,
  reportOnStdout,
} from '../door/index.ts';
import { Gallery, gateKey } from '../gallery/index.ts';
import { Journal } from '../journal/index.ts';
import { MqttLink } from '../mqtt/index.ts';
import { VisionHost } from '../vision/client.ts';
import { journalEntry } from './door-events.ts';
import { lockDataDir } from './instance-lock.ts';
import { Lane } from './lane.ts';
import { Recorder } from './recorder.ts';
import { ServiceManager } from './service-manager.ts';

const REFRESH_MS = 1000;
const PRUNE_MS = 3_600_000;
/** SQLite waits with the whole process: the exit button must not wait for an enrolment's commit. */
const BUSY_MS = 20;

/** Version of the software, from package.json. */
export const SOFTWARE_VERSION = versionOf(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/**
 * The gate: every room put together. Doors come first and go last, so that the exit button works before
 * anything else does and the relays are released whatever happens after.
 */
export class Gate {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #service: ServiceManager;
  readonly #unlock: () => void;
  readonly #gallery: Gallery;
  readonly #journal: Journal;
  readonly #recorder: Recorder;
  readonly #mqtt: MqttLink | null;
  readonly #gpio: GpioDriver;
  readonly #doors = new Map<string, Door>();
  readonly #lanes = new Map<string, Lane>();
  readonly #hosts = new Map<string, VisionHost>();
  readonly #timers: NodeJS.Timeout[] = [];
  #removeGuard = () => {};

  private constructor(loaded: LoadedConfig, gpio: GpioDriver, log: Logger) {
    const { config } = loaded;
    this.#config = config;
    this.#log = log;
    this.#gpio = gpio;
    this.#service = new ServiceManager(log);
    const key = config.key === undefined ? undefined : resolveSecret(config.key);
    this.#gallery = Gallery.open({ dataDir: config.dataDir, key, log, busyTimeoutMs: BUSY_MS });
    this.#unlock = lockDataDir(config.dataDir);
    const mqtt = config.mqtt;
    this.#journal = Journal.open({
      dataDir: config.dataDir,
      gate: config.gate.id,
      log,
      key: gateKey(config.dataDir, key),
      outbox: mqtt !== undefined,
    });
    this.#recorder = new Recorder(this.#journal, log);
    this.#mqtt =
      mqtt === undefined
        ? null
        : new MqttLink({
            config: { ...mqtt, password: mqtt.password && resolveSecret(mqtt.password) },
            gate: config.gate.id,
            version: SOFTWARE_VERSION,
            journal: this.#journal,
            log,
          });
    for (const door of config.doors) {
      this.#doors.set(door.id, this.#makeDoor(door.id));
      this.#lanes.set(door.id, this.#makeLane(door.id, loaded.sha256));
    }
    for (const camera of config.cameras) {
      this.#hosts.set(camera.id, this.#makeHost(camera));
    }
  }

  /**
   * Opens everything and starts it.
   * @throws MenshenError where something that an operator must put right is wrong: key, gallery, journal version, GPIO
   */
  static async start(loaded: LoadedConfig, log: Logger): Promise<Gate> {
    const { simulator } = loaded.config;
    const gpio = await openGpio({ socket: simulator?.socket, report: reportOnStdout });
    const gate = new Gate(loaded, gpio, log);
    await gate.#start();
    return gate;
  }

  /** Releases the relays, ends the vision processes, delivers what can be delivered at once, and closes. */
  async stop(reason: string): Promise<void> {
    this.#service.stopping();
    for (const timer of this.#timers) {
      clearInterval(timer);
    }
    for (const door of this.#doors.values()) {
      door.release();
    }
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
    await Promise.all([...this.#doors.values()].map((door) => door.stop()));
    this.#recorder.record({ type: 'system.stopped', data: { reason } });
    this.#recorder.stop();
    await this.#mqtt?.stop();
    this.#journal.close();
    this.#gallery.close();
    await this.#gpio.close();
    this.#removeGuard();
    this.#unlock();
    this.#log.info({ reason }, 'the gate has stopped');
  }

  async #start(): Promise<void> {
    this.#removeGuard = installReleaseGuard([...this.#doors.values()]);
    await this.#startDoors();
    this.#recorder.record({
      type: 'system.started',
      data: { software: SOFTWARE_VERSION, node: process.version },
    });
    this.#mqtt?.start();
    for (const door of this.#doors.values()) {
      this.#publishDoor(door);
    }
    for (const host of this.#hosts.values()) {
      host.start();
    }
    this.#timers.push(
      setInterval(() => this.#refreshGallery(), REFRESH_MS),
      setInterval(() => this.#prune(), PRUNE_MS),
    );
    this.#service.ready(() => true);
    const people = this.#gallery.counts().people;
    this.#log.info({ version: SOFTWARE_VERSION, people }, 'the gate is up');
  }

  /** One relay that cannot be opened does not keep the other doors shut; with none left there is no gate. */
  async #startDoors(): Promise<void> {
    const results = await Promise.allSettled([...this.#doors.values()].map((door) => door.start()));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length === results.length) {
      throw failures[0];
    }
    for (const failure of failures) {
      this.#log.error({ err: messageOf(failure) }, 'a door could not be started');
    }
  }

  #makeDoor(id: string): Door {
    const config = this.#config.doors.find((door) => door.id === id);
    if (config === undefined) {
      throw new Error(`no door "${id}"`);
    }
    return new Door({
      config,
      gpio: this.#gpio,
      onEvent: (event) => this.#doorEvent(event),
      logger: this.#log,
    });
  }

  #makeLane(door: string, configVersion: string): Lane {
    return new Lane({
      door: this.#door(door),
      gallery: this.#gallery,
      recorder: this.#recorder,
      log: this.#log,
      policy: this.#config.decision,
      qualityLimits: this.#config.vision.quality,
      versions: { software: SOFTWARE_VERSION, config: configVersion },
      settle: (camera, track, until) => this.#hosts.get(camera)?.settle(track, until),
    });
  }

  #makeHost(camera: Config['cameras'][number]): VisionHost {
    const { password, ...settings } = camera;
    const host = new VisionHost({
      camera: { ...settings, ...(password === undefined ? {} : { password: resolveSecret(password) }) },
      vision: this.#config.vision,
      log: this.#log,
    });
    const lane = this.#lanes.get(camera.door);
    host.on('sighting', (sighting) => lane?.sighting(sighting));
    host.on('trackEnd', (end) => lane?.trackEnd(end));
    host.on('camera', (state) => this.#cameraState(camera.id, state));
    host.on('up', () => this.#recorder.record({ type: 'vision.up', camera: camera.id, data: {} }));
    host.on('down', (failure) => {
      lane?.cameraLost(camera.id);
      this.#recorder.record({ type: 'vision.down', camera: camera.id, data: { ...failure } });
      this.#mqtt?.setState('cameras', camera.id, { state: 'down', ...failure });
    });
    return host;
  }

  #doorEvent(event: DoorEvent): void {
    let latency: number | null = null;
    if (event.type === 'unlocked' && event.cause.kind === 'grant') {
      latency = this.#lanes.get(event.door)?.captureToRelay(event.cause.decisionId, event.relayAt) ?? null;
    }
    this.#recorder.record(journalEntry(event, latency));
    this.#publishDoor(this.#door(event.door));
  }

  #publishDoor(door: Door): void {
    this.#mqtt?.setState('doors', door.id, { ...door.status() });
  }

  #cameraState(camera: string, state: CameraState): void {
    if (state.state === 'streaming') {
      this.#recorder.record({
        type: 'camera.up',
        camera,
        data: { width: state.width, height: state.height },
      });
    } else if (state.state === 'down') {
      this.#recorder.record({
        type: 'camera.down',
        camera,
        data: { code: state.code, message: state.message },
      });
    }
    this.#mqtt?.setState('cameras', camera, { ...state });
  }

  #refreshGallery(): void {
    try {
      const change = this.#gallery.refresh();
      if (change !== null) {
        this.#recorder.record({ type: 'gallery.changed', data: { ...change } });
      }
    } catch (error) {
      this.#log.error(
        { err: messageOf(error) },
        'the gallery could not be read again; the people known stay',
      );
    }
  }

  #prune(): void {
    this.#journal.prune(this.#config.journal).catch((error: unknown) => {
      this.#log.error({ err: messageOf(error) }, 'old events could not be deleted');
    });
  }

  #door(id: string): Door {
    const door = this.#doors.get(id);
    if (door === undefined) {
      throw new Error(`no door "${id}"`);
    }
    return door;
  }
}

function versionOf(packageJson: string): string {
  const parsed: unknown = JSON.parse(packageJson);
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
