import { Calendar, entryPolicy, type Places } from '../access/index.ts';
import type { CameraState } from '../camera/types.ts';
import {
  LOG_LEVELS,
  type Logger,
  type LogLevel,
  MenshenError,
  messageOf,
  monotonicMs,
  softwareVersion,
} from '../common/index.ts';
import {
  type CameraConfig,
  type Config,
  type LoadedConfig,
  type ReaderConfig,
  resolveSecret,
} from '../config/index.ts';
import { ConsoleThread, type Prompt, Prompter } from '../console/index.ts';
import {
  Door,
  type DoorEvent,
  Emergency,
  type GpioDriver,
  Inputs,
  installReleaseGuard,
  openGpio,
  recordRelays,
  reportOnStdout,
} from '../door/index.ts';
import { Gallery, gateKey } from '../gallery/index.ts';
import type { EventInput } from '../journal/index.ts';
import type { StateReport } from '../mqtt/index.ts';
import { topicsOf } from '../mqtt/index.ts';
import { Reader } from '../readers/index.ts';
import { type QrSighting, VisionHost } from '../vision/client.ts';
import { CameraEvents } from './camera-events.ts';
import { CloudCalls } from './cloud-calls.ts';
import { CloudEvents } from './cloud-events.ts';
import { CameraEnrolment, CommandService, type Continuation, type RestartRequest } from './commands/index.ts';
import { emergencyEntry, inputEntry, journalEntry } from './door-events.ts';
import { Entrance } from './entrance.ts';
import { readKept } from './entry-store.ts';
import { type Health, healthOf } from './health.ts';
import { lockDataDir } from './instance-lock.ts';
import { Lane } from './lane.ts';
import { Turnstiles } from './lanes.ts';
import { readerEntry } from './reader-events.ts';
import { Records } from './records.ts';
import { ServiceManager } from './service-manager.ts';
import { Site } from './site.ts';

const REFRESH_MS = 1000;
/** How often the rules of entry look at the clock. */
const TICK_MS = 1000;
/** How often a gallery that could not be opened is tried again. */
const GALLERY_RETRY_MS = 10_000;
/** How often visitors whose time is over are forgotten. */
const OLD_PASSES_MS = 60_000;
/** SQLite waits with the whole thread: the exit button must not wait for an enrolment's commit. */
const BUSY_MS = 20;
/** Time for the last records, within the 3 s a stop may take. */
const RECORDS_STOP_MS = 2000;
/** A call under way is given up at a stop. */
const CLOUD_STOP_MS = 500;
/** How long the answer to a command that had the gate started again waits for a broker. */
const ONLINE_MS = 60_000;

const SOFTWARE_VERSION = softwareVersion();

/**
 * The gate: every room put together. Doors come first and go last: the exit button works before anything else is
 * tried and whatever of it fails, and the relays are released however the process ends.
 */
export class Gate {
  readonly #config: Config;
  readonly #configVersion: string;
  readonly #log: Logger;
  readonly #service: ServiceManager;
  readonly #records: Records;
  readonly #cloud: CloudCalls | null;
  readonly #console: ConsoleThread | null;
  readonly #prompter: Prompter;
  readonly #calendar: Calendar;
  readonly #gpio: GpioDriver;
  readonly #unlock: () => void;
  readonly #doors = new Map<string, Door>();
  readonly #emergency: Emergency;
  readonly #inputs: Inputs;
  readonly #lanes = new Map<string, Lane>();
  readonly #entrance: Entrance;
  readonly #hosts = new Map<string, VisionHost>();
  readonly #readers: readonly Reader[];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #cameraStates = new Map<string, StateReport>();
  readonly #enrolment: CameraEnrolment;
  readonly #commands: CommandService;
  readonly #restart: Promise<RestartRequest>;
  #askRestart: (request: RestartRequest) => void = () => {};
  #gallery: Gallery | null = null;
  #galleryFault = '';
  #removeGuard = () => {};

  private constructor(loaded: LoadedConfig, gpio: GpioDriver, unlock: () => void, log: Logger) {
    const { config } = loaded;
    this.#config = config;
    this.#configVersion = loaded.sha256;
    this.#log = log;
    this.#gpio = gpio;
    this.#unlock = unlock;
    this.#service = new ServiceManager(log);
    this.#records = new Records(
      {
        dataDir: config.dataDir,
        gate: config.gate.id,
        version: SOFTWARE_VERSION,
        logLevel: config.log.level,
        key: null,
        mqtt: config.mqtt === undefined ? null : { ...config.mqtt, password: secretOf(config.mqtt.password) },
        retention: config.journal,
        commands: config.commands ?? null,
      },
      log,
    );
    this.#cloud =
      config.cloud === undefined
        ? null
        : new CloudCalls(
            { dataDir: config.dataDir, config: config.cloud, logLevel: config.log.level },
            new CloudEvents((event) => this.#records.record(event)),
            log,
          );
    this.#calendar = new Calendar(config.calendar, config.gate.timezone);
    const { console: page } = config;
    const doors = config.doors.map(({ id }) => id);
    this.#console =
      page === undefined ? null : new ConsoleThread({ host: page.listen, port: page.port, doors }, log);
    this.#prompter = new Prompter([
      (prompt) => this.#console?.show(prompt),
      (prompt) => this.#publishPrompt(prompt),
    ]);
    for (const door of config.doors) {
      const onEvent = (event: DoorEvent) => this.#doorEvent(event);
      this.#doors.set(door.id, new Door({ config: door, gpio, onEvent, logger: log }));
    }
    this.#entrance = this.#makeEntrance();
    this.#restart = new Promise((resolve) => {
      this.#askRestart = resolve;
    });
    this.#enrolment = new CameraEnrolment(config.decision, config.vision.quality);
    this.#readers = config.readers.map((reader) => this.#makeReader(reader));
    const { dataDir, inputs } = config;
    this.#emergency = new Emergency({
      dataDir,
      doors: [...this.#doors.values()],
      inputs,
      onEvent: (event) => {
        this.#records.record(emergencyEntry(event));
        this.#tellDoors();
      },
      logger: log,
    });
    this.#inputs = new Inputs({
      inputs,
      gpio,
      emergency: this.#emergency,
      onEvent: (event) => this.#records.record(inputEntry(event)),
      onStatus: (status) => this.#records.state('inputs', status.input, { ...status }),
      logger: log,
    });
    this.#commands = this.#makeCommands(loaded);
  }

  #makeCommands(loaded: LoadedConfig): CommandService {
    const { dataDir, key } = this.#config;
    const commands = new CommandService({
      loaded,
      software: SOFTWARE_VERSION,
      records: this.#records,
      log: this.#log,
      doors: this.#doors,
      emergency: this.#emergency,
      hosts: this.#hosts,
      cameraStates: this.#cameraStates,
      enrolment: this.#enrolment,
      startedAt: performance.now(),
      resetZone: (zone, by) => this.#entrance.reset(zone, by),
      cloud: this.#cloud,
      cloudUsage: async () => (await this.#cloud?.usage()) ?? null,
      openGallery: () => this.#galleryNow(),
      gallerySource: () => ({ dataDir, key: secretOf(key) }),
      refreshGallery: () => this.#refreshGallery(),
      setLogLevel: (level) => this.#setLogLevel(level),
      restart: (request) => this.#askRestart(request),
    });
    this.#records.onCommand = (command) => commands.take(command);
    return commands;
  }

  /** Resolves when a command wants the gate to end and start again. */
  get restartAsked(): Promise<RestartRequest> {
    return this.#restart;
  }

  /** How the gate is now: a new configuration is judged by it. */
  health(): Health {
    return healthOf(this.#doors.values(), this.#cameraStates, this.#gallery !== null, this.#records.online);
  }

  /** Records what happened to the gate from outside. */
  record(event: EventInput): void {
    this.#records.record(event);
  }

  /** Answers the command that had the gate started again, once there is a broker. */
  async conclude(end: Continuation, event: EventInput | null): Promise<void> {
    if (event !== null) this.#records.record(event);
    await this.#records.whenOnline(ONLINE_MS);
    this.#commands.conclude(end);
  }

  /**
   * Starts the gate. A gallery that cannot be opened does not end it: exit buttons work, nobody is recognised,
   * and it is tried again until it can be.
   * @throws MenshenError ALREADY_RUNNING, SECRET_UNREADABLE, GPIO_UNAVAILABLE (the simulator's socket)
   */
  static async start(loaded: LoadedConfig, log: Logger): Promise<Gate> {
    const { dataDir, simulator } = loaded.config;
    const unlock = await lockDataDir(dataDir);
    let gpio: GpioDriver | null = null;
    try {
      gpio = await openGpio({ socket: simulator?.socket, report: reportOnStdout });
      const gate = new Gate(loaded, gpio, unlock, log);
      await gate.#start();
      return gate;
    } catch (error) {
      await gpio?.close();
      unlock();
      throw error;
    }
  }

  /**
   * Releases the relays, ends the vision processes, writes and delivers what can be at once, and closes.
   * `again`: the same process starts a gate right away, so that the service goes on.
   */
  async stop(reason: string, { again = false }: { readonly again?: boolean } = {}): Promise<void> {
    if (again) this.#service.pause();
    else this.#service.stopping();
    for (const timer of this.#timers) {
      clearInterval(timer);
    }
    for (const reader of this.#readers) {
      reader.stop();
    }
    this.#entrance.stop();
    for (const door of this.#doors.values()) {
      door.release();
    }
    await Promise.all([...this.#doors.values(), this.#inputs].map((part) => part.stop()));
    this.#records.record({ type: 'system.stopped', data: { reason } });
    await Promise.all([
      this.#cloud?.stop(CLOUD_STOP_MS),
      this.#console?.stop(),
      ...[...this.#hosts.values()].map((host) => host.stop()),
      this.#records.stop(RECORDS_STOP_MS),
      this.#emergency.stop(RECORDS_STOP_MS),
    ]);
    this.#gallery?.close();
    await this.#gpio.close();
    this.#removeGuard();
    this.#unlock();
    this.#log.info({ reason }, 'the gate has stopped');
  }

  async #start(): Promise<void> {
    const doors = [...this.#doors.values()];
    this.#removeGuard = installReleaseGuard(doors);
    await Promise.all([...doors, this.#inputs].map((part) => part.start()));
    const unrecorded = recordRelays(this.#config.doors, this.#config.dataDir);
    if (unrecorded !== null) {
      this.#log.warn({ code: unrecorded.code }, unrecorded.message);
    }
    this.#restoreEntry();
    this.#records.start();
    this.#records.record({
      type: 'system.started',
      data: { software: SOFTWARE_VERSION, config: this.#configVersion, node: process.version },
    });
    this.#tellDoors();
    for (const reader of this.#readers) {
      reader.start();
    }
    this.#cloud?.start();
    this.#console?.start();
    this.#openGallery();
    this.#timers.push(
      setInterval(() => this.#refreshGallery(), REFRESH_MS),
      setInterval(() => this.#entrance.tick(), TICK_MS),
      setInterval(() => this.#openGallery(), GALLERY_RETRY_MS),
      setInterval(() => this.#dropOldPasses(), OLD_PASSES_MS),
    );
    this.#service.ready(() => true);
    this.#log.info({ version: SOFTWARE_VERSION }, 'the gate is up');
  }

  #dropOldPasses(): void {
    try {
      const dropped = this.#gallery?.dropOldPasses() ?? 0;
      if (dropped > 0) this.#log.info({ passes: dropped }, 'visitors whose time is over were forgotten');
    } catch (error) {
      this.#log.error({ err: messageOf(error) }, 'old passes could not be erased; it is tried again');
    }
  }

  /** Opens the gallery if it is not open yet; with it, recognition begins. */
  #openGallery(): void {
    if (this.#gallery !== null) {
      return;
    }
    const { dataDir } = this.#config;
    try {
      const key = secretOf(this.#config.key);
      this.#gallery = Gallery.open({ dataDir, key, log: this.#log, busyTimeoutMs: BUSY_MS });
      this.#records.useKey(gateKey(dataDir, key));
      this.#recognise(this.#gallery);
    } catch (error) {
      this.#galleryFailed(error);
    }
  }

  #galleryFailed(error: unknown): void {
    const code = error instanceof MenshenError ? error.code : 'INTERNAL';
    const message = messageOf(error);
    if (message !== this.#galleryFault) {
      this.#galleryFault = message;
      this.#log.error(
        { code, err: message },
        'nobody can be recognised: the gallery cannot be opened; exit buttons work',
      );
      for (const camera of this.#config.cameras) {
        this.#tellCamera(camera.id, { state: 'down', code, message });
      }
    }
  }

  #recognise(gallery: Gallery): void {
    for (const [id, door] of this.#doors) {
      this.#lanes.set(id, this.#makeLane(door, gallery));
    }
    for (const camera of this.#config.cameras) {
      const host = this.#makeHost(camera);
      this.#hosts.set(camera.id, host);
      host.start();
    }
    this.#log.info({ ...gallery.counts() }, 'recognition begins');
  }

  #makeEntrance(): Entrance {
    const { doors, access, calendar, decision, gate } = this.#config;
    return new Entrance({
      doors: this.#doors,
      gallery: () => this.#gallery,
      records: this.#records,
      log: this.#log,
      policy: entryPolicy(doors, access),
      calendar: new Calendar(calendar, gate.timezone),
      zone: gate.timezone,
      lockout: decision.lockout,
      versions: { software: SOFTWARE_VERSION, config: this.#configVersion },
      lockdown: () => this.#emergency.lockdown,
      turnstiles: new Turnstiles(doors),
      site: (places) => this.#makeSite(places),
      prompts: this.#prompter,
      onEntered: (door, people, at) => this.#lanes.get(door)?.entered(people, at),
    });
  }

  /** Before the records start, so that nothing is missed of what was retained. */
  #makeSite(places: Places): Site | null {
    const { access, mqtt, gate } = this.#config;
    if (access.site === undefined || mqtt === undefined) return null;
    const topic = `${mqtt.topic}/sites/${access.site.id}`;
    const key = resolveSecret(access.site.key);
    const site = new Site({ gate: gate.id, topic, key, places, records: this.#records, log: this.#log });
    this.#records.onLink((up) => site.link(up));
    return site;
  }

  /** Who is where, and which passes were used, is known again before anybody is let in. */
  #restoreEntry(): void {
    const { entries, setAside } = readKept(this.#config.dataDir);
    if (setAside !== null)
      this.#log.error({ file: setAside }, 'it was lost who is where: the file is damaged');
    const strange = this.#entrance.memory.restore(entries);
    if (strange.length > 0) this.#log.error({ keys: strange.length }, 'some of who is where cannot be read');
  }

  #makeLane(door: Door, gallery: Gallery): Lane {
    return new Lane({
      door,
      gallery,
      records: this.#records,
      log: this.#log,
      policy: this.#config.decision,
      qualityLimits: this.#config.vision.quality,
      versions: { software: SOFTWARE_VERSION, config: this.#configVersion },
      entrance: this.#entrance,
      directionOf: (camera) => this.#config.cameras.find(({ id }) => id === camera)?.direction ?? 'in',
      cloud: this.#cloud,
      depict: (camera, track) => this.#hosts.get(camera)?.picture(track),
      prompts: this.#prompter,
      challenge: (camera, order) => this.#hosts.get(camera)?.challenge(order),
      cancel: (camera, challenge) => this.#hosts.get(camera)?.cancel(challenge),
      actionScheduled: () => this.#calendar.holds(this.#config.decision.actionLiveness.schedule, Date.now()),
      settle: (camera, track, until) => {
        if (!this.#enrolment.waits(camera)) this.#hosts.get(camera)?.settle(track, until);
      },
    });
  }

  /** A prompt that is late helps nobody: it is sent once, and the broker forgets it in time. */
  #publishPrompt(prompt: Prompt): void {
    const { gate, mqtt } = this.#config;
    if (mqtt === undefined) {
      return;
    }
    const topic = topicsOf(mqtt.topic, gate.id).prompt(prompt.door);
    const expiryS = Math.ceil(prompt.forMs / 1000);
    this.#records.publish({ topic, payload: JSON.stringify(prompt), qos: 1, expiryS });
  }

  #makeHost(camera: CameraConfig): VisionHost {
    const { password, ...settings } = camera;
    const secret = secretOf(password);
    const host = new VisionHost({
      camera: { ...settings, ...(secret === undefined ? {} : { password: secret }) },
      vision: this.#config.vision,
      actions: this.#config.decision.actionLiveness.doors.includes(camera.door),
      log: this.#log,
      maxFrameAgeMs: this.#config.decision.maxFrameAgeMs,
    });
    const lane = this.#lanes.get(camera.door);
    const events = new CameraEvents(camera.id);
    host.on('sighting', (sighting) => lane?.sighting(sighting));
    host.on('crop', (crop) => lane?.picture(crop));
    host.on('qr', (qr) => this.#qr(camera, qr));
    host.on('trackEnd', (end) => lane?.trackEnd(end));
    host.on('progress', (progress) => lane?.actions.progress(progress));
    host.on('result', (result) => lane?.actions.result(result));
    host.on('clip', (clip) => lane?.actions.clip(clip));
    host.on('noClip', (missing) => lane?.actions.noClip(missing));
    host.on('sighting', (sighting) => this.#enrolment.sighting(sighting));
    host.on('crop', (crop) => this.#enrolment.crop(crop));
    host.on('trackEnd', (end) => this.#enrolment.trackEnd(end));
    host.on('camera', (state) => this.#cameraState(events, camera.id, state));
    host.on('up', () => this.#records.record({ type: 'vision.up', camera: camera.id, data: {} }));
    host.on('down', (failure) => {
      lane?.cameraLost(camera.id);
      this.#records.record({ type: 'vision.down', camera: camera.id, data: { ...failure } });
      this.#tellCamera(camera.id, { state: 'down', ...failure });
    });
    return host;
  }

  #makeReader(config: ReaderConfig): Reader {
    return new Reader({
      config,
      log: this.#log,
      onRead: (read) => this.#entrance.read(read),
      onState: (state) => this.#records.record(readerEntry(config, state)),
    });
  }

  /** A visitor holds up a pass; fresh or nothing, as with faces. */
  #qr({ id, door, direction }: CameraConfig, { text, capturedAt }: QrSighting): void {
    if (monotonicMs() - capturedAt > this.#config.decision.maxFrameAgeMs) return;
    this.#entrance.read({ kind: 'qr', reader: id, door, direction, at: capturedAt, text });
  }

  #doorEvent(event: DoorEvent): void {
    let latency: number | null = null;
    if (event.type === 'unlocked' && event.cause.kind === 'grant') {
      latency = this.#lanes.get(event.door)?.captureToRelay(event.cause.decisionId, event.relayAt) ?? null;
    }
    this.#records.record(journalEntry(event, latency));
    this.#entrance.doorEvent(event);
    const door = this.#doors.get(event.door);
    if (door !== undefined) {
      this.#tellDoor(door);
    }
  }

  #tellDoors(): void {
    for (const door of this.#doors.values()) {
      this.#tellDoor(door);
    }
  }

  #tellDoor(door: Door): void {
    this.#records.state('doors', door.id, { ...door.status() });
  }

  #cameraState(events: CameraEvents, camera: string, state: CameraState): void {
    const entry = events.entry(state);
    if (entry !== null) {
      this.#records.record(entry);
    }
    this.#tellCamera(camera, { ...state });
  }

  #tellCamera(camera: string, report: StateReport): void {
    this.#cameraStates.set(camera, report);
    this.#records.state('cameras', camera, report);
  }

  #galleryNow(): Gallery {
    if (this.#gallery === null) {
      throw new MenshenError('COMMAND_UNAVAILABLE', 'the gallery cannot be opened at present');
    }
    return this.#gallery;
  }

  #setLogLevel(level: LogLevel): LogLevel {
    const before = LOG_LEVELS.find((known) => known === this.#log.level) ?? 'info';
    this.#log.level = level;
    this.#records.level(level);
    return before;
  }

  #refreshGallery(): void {
    try {
      const change = this.#gallery?.refresh() ?? null;
      if (change !== null) {
        this.#records.record({ type: 'gallery.changed', data: { ...change } });
        this.#records.erased(change.removed);
        this.#entrance.erased(change.removed);
      }
    } catch (error) {
      this.#log.error(
        { err: messageOf(error) },
        'the gallery could not be read again; the people known stay',
      );
    }
  }
}

function secretOf(source: Parameters<typeof resolveSecret>[0] | undefined): string | undefined {
  return source === undefined ? undefined : resolveSecret(source);
}
