import { Calendar, entryPolicy, type Places } from '../access/index.ts';
import { LOG_LEVELS, type Logger, type LogLevel, softwareVersion } from '../common/index.ts';
import {
  type Config,
  type LoadedConfig,
  type ReaderConfig,
  resolveSecret,
  secretOf,
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
import type { Gallery } from '../gallery/index.ts';
import type { EventInput } from '../journal/index.ts';
import { topicsOf } from '../mqtt/language.ts';
import { Reader, type ReaderState } from '../readers/index.ts';
import { Cameras } from './cameras.ts';
import { partsOf } from './change-parts.ts';
import { CloudCalls } from './cloud-calls.ts';
import { CloudEvents } from './cloud-events.ts';
import { CameraEnrolment, CommandService, type Continuation, type RestartRequest } from './commands/index.ts';
import { discoveryOf } from './discovery.ts';
import { emergencyEntry, inputEntry, journalEntry } from './door-events.ts';
import { Entrance } from './entrance.ts';
import { readKept } from './entry-store.ts';
import { GalleryKeeper } from './gallery-keeper.ts';
import { type Health, healthOf } from './health.ts';
import { lockDataDir } from './instance-lock.ts';
import { Lane } from './lane.ts';
import { Turnstiles } from './lanes.ts';
import { readerEntry } from './reader-events.ts';
import { Records } from './records.ts';
import { ServiceManager } from './service-manager.ts';
import { Site } from './site.ts';
import { SiteFollowing, siteSettings } from './site-people/index.ts';
import { ThresholdKeeper } from './thresholds.ts';

/** How often the rules of entry look at the clock. */
const TICK_MS = 1000;
/** Cards are read from the start on at the latest after this, with records or without. */
const RECORDS_UP_MS = 3000;
/** Time for the last records, within the 3 s a stop may take. */
const RECORDS_STOP_MS = 2000;
const FOLLOWING_STOP_MS = 500;
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
  readonly #cameras: Cameras;
  readonly #readers: readonly Reader[];
  readonly #readerStates = new Map<string, ReaderState>();
  readonly #gallery: GalleryKeeper;
  readonly #following: SiteFollowing;
  #thresholds: ThresholdKeeper | null = null;
  readonly #enrolment: CameraEnrolment;
  readonly #commands: CommandService;
  readonly #restart: Promise<RestartRequest>;
  #askRestart: (request: RestartRequest) => void = () => {};
  #clock: NodeJS.Timeout | undefined;
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
        ...discoveryOf(config, SOFTWARE_VERSION),
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
    this.#gallery = this.#makeKeeper();
    this.#following = new SiteFollowing({
      settings: siteSettings(config),
      record: (event) => this.#records.record(event),
      refreshGallery: () => this.#gallery.refresh(),
      log,
    });
    this.#entrance = this.#makeEntrance();
    this.#restart = new Promise((resolve) => {
      this.#askRestart = resolve;
    });
    this.#enrolment = new CameraEnrolment(config.decision, config.vision.quality);
    this.#cameras = new Cameras({
      config,
      records: this.#records,
      enrolment: this.#enrolment,
      entrance: this.#entrance,
      log,
    });
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
      onStatus: (status) => this.#records.state({ of: 'inputs', id: status.input, report: status }),
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
      hosts: this.#cameras.hosts,
      cameraStates: this.#cameras.states,
      readerStates: this.#readerStates,
      inputs: this.#inputs,
      site: () => this.#following.condition,
      enrolment: this.#enrolment,
      startedAt: performance.now(),
      resetZone: (zone, by) => this.#entrance.reset(zone, by),
      cloud: this.#cloud,
      openGallery: () => this.#gallery.open(),
      gallerySource: () => ({ dataDir, key: secretOf(key) }),
      refreshGallery: () => this.#gallery.refresh(),
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
    return healthOf(
      this.#doors.values(),
      this.#cameras.states,
      this.#gallery.gallery !== null,
      this.#records.online,
    );
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
    clearInterval(this.#clock);
    this.#gallery.pause();
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
      this.#cameras.stop(),
      this.#following.stop(FOLLOWING_STOP_MS),
      this.#records.stop(RECORDS_STOP_MS),
      this.#emergency.stop(RECORDS_STOP_MS),
    ]);
    await this.#gallery.close();
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
    // What takes longest begins first.
    this.#cameras.prepare();
    this.#records.start();
    const started = this.#records.record({
      type: 'system.started',
      data: { software: SOFTWARE_VERSION, config: this.#configVersion, node: process.version },
    });
    this.#tellDoors();
    this.#cloud?.start();
    this.#console?.start();
    const parts = { config: this.#config, records: this.#records, log: this.#log };
    this.#thresholds = await ThresholdKeeper.open(parts);
    this.#clock = setInterval(() => this.#entrance.tick(), TICK_MS);
    // Before the people are loaded: doors work, and however many they are, systemd does not give up on the gate.
    this.#service.ready(() => true);
    this.#gallery.start();
    // A card read while the records are still coming up would open a door without leaving any, if the power went just then.
    await this.#records.taken(started, RECORDS_UP_MS);
    for (const reader of this.#readers) {
      reader.start();
    }
    this.#log.info({ version: SOFTWARE_VERSION }, 'the gate is up');
  }

  #makeKeeper(): GalleryKeeper {
    return new GalleryKeeper({
      config: this.#config,
      log: this.#log,
      onOpen: (gallery, key) => {
        this.#records.useKey(key);
        this.#thresholds?.start(gallery, key);
        this.#recognise(gallery);
        this.#following.start();
      },
      onFault: (code, message) => this.#cameras.allDown(code, message),
      onChange: (change) => {
        // First: whoever comes next is judged by it.
        if (this.#gallery.gallery !== null) this.#thresholds?.follow(this.#gallery.gallery);
        for (const part of partsOf(change))
          this.#records.record({ type: 'gallery.changed', data: { ...part } });
        this.#records.erased(change.removed);
        this.#entrance.erased(change.removed);
      },
    });
  }

  #recognise(gallery: Gallery): void {
    for (const [id, door] of this.#doors) {
      this.#lanes.set(id, this.#makeLane(door, gallery));
    }
    this.#cameras.start(this.#lanes);
    this.#log.info({ ...gallery.counts() }, 'recognition begins');
  }

  #makeEntrance(): Entrance {
    const { doors, access, calendar, decision, gate } = this.#config;
    return new Entrance({
      doors: this.#doors,
      gallery: () => this.#gallery.gallery,
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
      admits: (person) => this.#following.admits(person),
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
      match: (probe, score) => this.#thresholds?.match(probe, score) ?? null,
      versions: { software: SOFTWARE_VERSION, config: this.#configVersion },
      entrance: this.#entrance,
      directionOf: (camera) => this.#config.cameras.find(({ id }) => id === camera)?.direction ?? 'in',
      cloud: this.#cloud,
      depict: (camera, track) => this.#cameras.hosts.get(camera)?.picture(track),
      prompts: this.#prompter,
      challenge: (camera, order) => this.#cameras.hosts.get(camera)?.challenge(order),
      cancel: (camera, challenge) => this.#cameras.hosts.get(camera)?.cancel(challenge),
      actionScheduled: () => this.#calendar.holds(this.#config.decision.actionLiveness.schedule, Date.now()),
      settle: (camera, track, until) => {
        if (!this.#enrolment.waits(camera)) this.#cameras.hosts.get(camera)?.settle(track, until);
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

  #makeReader(config: ReaderConfig): Reader {
    return new Reader({
      config,
      log: this.#log,
      onRead: (read) => this.#entrance.read(read),
      onState: (state) => {
        this.#readerStates.set(config.id, state);
        this.#records.record(readerEntry(config, state));
      },
    });
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
    this.#records.state({ of: 'doors', id: door.id, report: door.status() });
  }

  #setLogLevel(level: LogLevel): LogLevel {
    const before = LOG_LEVELS.find((known) => known === this.#log.level) ?? 'info';
    this.#log.level = level;
    this.#records.level(level);
    return before;
  }
}
