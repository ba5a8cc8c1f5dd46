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
import { Door, type DoorEvent, Emergency, type GpioDriver, Inputs } from '../door/index.ts';
import { topicsOf } from '../mqtt/language.ts';
import { Reader, type ReaderState } from '../readers/index.ts';
import { Cameras } from './cameras.ts';
import { partsOf } from './change-parts.ts';
import { CloudCalls } from './cloud-calls.ts';
import { CloudEvents } from './cloud-events.ts';
import { CameraEnrolment, CommandService, type RestartRequest } from './commands/index.ts';
import { discoveryOf } from './discovery.ts';
import { emergencyEntry, inputEntry, journalEntry } from './door-events.ts';
import { Entrance } from './entrance.ts';
import { GalleryKeeper } from './gallery-keeper.ts';
import { Turnstiles } from './lanes.ts';
import { readerEntry } from './reader-events.ts';
import { Recognition } from './recognition.ts';
import { Records } from './records.ts';
import { Site } from './site.ts';
import { SiteFollowing, siteSettings } from './site-people/index.ts';
import type { ThresholdKeeper } from './thresholds.ts';

const SOFTWARE_VERSION = softwareVersion();

/** Every part of a gate, made and tied to the others: what each tells goes to those whom it concerns. Nothing runs yet. */
export class Assembly {
  readonly config: Config;
  readonly versions: { readonly software: string; readonly config: string };
  readonly records: Records;
  readonly cloud: CloudCalls | null;
  readonly console: ConsoleThread | null;
  readonly doors: ReadonlyMap<string, Door>;
  readonly emergency: Emergency;
  readonly inputs: Inputs;
  readonly entrance: Entrance;
  readonly cameras: Cameras;
  readonly readers: readonly Reader[];
  readonly gallery: GalleryKeeper;
  readonly following: SiteFollowing;
  readonly commands: CommandService;
  /** Resolves when a command wants the gate to end and start again. */
  readonly restartAsked: Promise<RestartRequest>;
  /** Null until the gate has started. */
  thresholds: ThresholdKeeper | null = null;
  readonly #log: Logger;
  readonly #recognition: Recognition;
  readonly #prompter: Prompter;
  readonly #readerStates = new Map<string, ReaderState>();

  constructor(loaded: LoadedConfig, gpio: GpioDriver, log: Logger) {
    const { config } = loaded;
    this.config = config;
    this.versions = { software: SOFTWARE_VERSION, config: loaded.sha256 };
    this.#log = log;
    this.records = recordsOf(config, log);
    this.cloud = this.#makeCloud();
    this.console = consoleOf(config, log);
    this.#prompter = new Prompter([
      (prompt) => this.console?.show(prompt),
      (prompt) => this.#publishPrompt(prompt),
    ]);
    const onEvent = (event: DoorEvent) => this.#doorEvent(event);
    this.doors = new Map(
      config.doors.map((door) => [door.id, new Door({ config: door, gpio, onEvent, logger: log })]),
    );
    this.gallery = this.#makeKeeper();
    this.following = new SiteFollowing({
      settings: siteSettings(config),
      record: (event) => this.records.record(event),
      refreshGallery: () => this.gallery.refresh(),
      log,
    });
    const calendar = new Calendar(config.calendar, config.gate.timezone);
    this.entrance = this.#makeEntrance(calendar);
    const enrolment = new CameraEnrolment(config.decision, config.vision.quality);
    const { records, entrance, versions, doors, cloud } = this;
    this.cameras = new Cameras({ config, records, enrolment, entrance, log });
    this.#recognition = new Recognition({
      ...{
        config,
        versions,
        log,
        records,
        doors,
        cameras: this.cameras,
        entrance,
        enrolment,
        cloud,
        calendar,
      },
      prompts: this.#prompter,
      thresholds: () => this.thresholds,
    });
    this.readers = config.readers.map((reader) => this.#makeReader(reader));
    this.emergency = this.#makeEmergency();
    this.inputs = new Inputs({
      inputs: config.inputs,
      gpio,
      emergency: this.emergency,
      onEvent: (event) => this.records.record(inputEntry(event)),
      onStatus: (status) => this.records.state({ of: 'inputs', id: status.input, report: status }),
      logger: log,
    });
    let restart: (request: RestartRequest) => void = () => {};
    this.restartAsked = new Promise((resolve) => {
      restart = resolve;
    });
    this.commands = this.#makeCommands(loaded, enrolment, (request) => restart(request));
  }

  /** Tells outside how each door is. */
  tellDoors(): void {
    for (const door of this.doors.values()) this.#tellDoor(door);
  }

  #makeCloud(): CloudCalls | null {
    const { cloud, dataDir, log } = this.config;
    if (cloud === undefined) return null;
    const events = new CloudEvents((event) => this.records.record(event));
    return new CloudCalls({ dataDir, config: cloud, logLevel: log.level }, events, this.#log);
  }

  #makeKeeper(): GalleryKeeper {
    return new GalleryKeeper({
      config: this.config,
      log: this.#log,
      onOpen: (gallery, key) => {
        this.records.useKey(key);
        this.thresholds?.start(gallery, key);
        this.#recognition.begin(gallery);
        this.following.start();
      },
      onFault: (code, message) => this.cameras.allDown(code, message),
      onChange: (change) => {
        // First: whoever comes next is judged by it.
        if (this.gallery.gallery !== null) this.thresholds?.follow(this.gallery.gallery);
        for (const part of partsOf(change))
          this.records.record({ type: 'gallery.changed', data: { ...part } });
        this.records.erased(change.removed);
        this.entrance.erased(change.removed);
      },
    });
  }

  #makeEntrance(calendar: Calendar): Entrance {
    const { doors, access, decision, gate } = this.config;
    return new Entrance({
      doors: this.doors,
      gallery: () => this.gallery.gallery,
      records: this.records,
      log: this.#log,
      policy: entryPolicy(doors, access),
      calendar,
      zone: gate.timezone,
      lockout: decision.lockout,
      versions: this.versions,
      lockdown: () => this.emergency.lockdown,
      turnstiles: new Turnstiles(doors),
      site: (places) => this.#makeSite(places),
      prompts: this.#prompter,
      admits: (person) => this.following.admits(person),
      onEntered: (door, people, at) => this.#recognition.lane(door)?.entered(people, at),
    });
  }

  /** Before the records start, so that nothing is missed of what was retained. */
  #makeSite(places: Places): Site | null {
    const { access, mqtt, gate } = this.config;
    if (access.site === undefined || mqtt === undefined) return null;
    const topic = `${mqtt.topic}/sites/${access.site.id}`;
    const key = resolveSecret(access.site.key);
    const site = new Site({ gate: gate.id, topic, key, places, records: this.records, log: this.#log });
    this.records.onLink((up) => site.link(up));
    return site;
  }

  #makeReader(config: ReaderConfig): Reader {
    return new Reader({
      config,
      log: this.#log,
      onRead: (read) => this.entrance.read(read),
      onState: (state) => {
        this.#readerStates.set(config.id, state);
        this.records.record(readerEntry(config, state));
      },
    });
  }

  #makeEmergency(): Emergency {
    const { dataDir, inputs } = this.config;
    return new Emergency({
      dataDir,
      doors: [...this.doors.values()],
      inputs,
      onEvent: (event) => {
        this.records.record(emergencyEntry(event));
        this.tellDoors();
      },
      logger: this.#log,
    });
  }

  #makeCommands(
    loaded: LoadedConfig,
    enrolment: CameraEnrolment,
    restart: (request: RestartRequest) => void,
  ): CommandService {
    const { dataDir, key } = this.config;
    const { records, doors, emergency, inputs, cloud } = this;
    const commands = new CommandService({
      ...{ loaded, records, doors, emergency, inputs, enrolment, cloud, restart },
      software: SOFTWARE_VERSION,
      log: this.#log,
      hosts: this.cameras.hosts,
      cameraStates: this.cameras.states,
      readerStates: this.#readerStates,
      site: () => this.following.condition,
      startedAt: performance.now(),
      resetZone: (zone, by) => this.entrance.reset(zone, by),
      openGallery: () => this.gallery.open(),
      gallerySource: () => ({ dataDir, key: secretOf(key) }),
      refreshGallery: () => this.gallery.refresh(),
      setLogLevel: (level) => this.#setLogLevel(level),
    });
    records.onCommand = (command) => commands.take(command);
    return commands;
  }

  /** A prompt that is late helps nobody: it is sent once, and the broker forgets it in time. */
  #publishPrompt(prompt: Prompt): void {
    const { gate, mqtt } = this.config;
    if (mqtt === undefined) return;
    const topic = topicsOf(mqtt.topic, gate.id).prompt(prompt.door);
    const expiryS = Math.ceil(prompt.forMs / 1000);
    this.records.publish({ topic, payload: JSON.stringify(prompt), qos: 1, expiryS });
  }

  #doorEvent(event: DoorEvent): void {
    let latency: number | null = null;
    if (event.type === 'unlocked' && event.cause.kind === 'grant') {
      const lane = this.#recognition.lane(event.door);
      latency = lane?.captureToRelay(event.cause.decisionId, event.relayAt) ?? null;
    }
    this.records.record(journalEntry(event, latency));
    this.entrance.doorEvent(event);
    const door = this.doors.get(event.door);
    if (door !== undefined) this.#tellDoor(door);
  }

  #tellDoor(door: Door): void {
    this.records.state({ of: 'doors', id: door.id, report: door.status() });
  }

  #setLogLevel(level: LogLevel): LogLevel {
    const before = LOG_LEVELS.find((known) => known === this.#log.level) ?? 'info';
    this.#log.level = level;
    this.records.level(level);
    return before;
  }
}

function recordsOf(config: Config, log: Logger): Records {
  const { dataDir, gate, mqtt, journal, commands } = config;
  return new Records(
    {
      dataDir,
      gate: gate.id,
      version: SOFTWARE_VERSION,
      logLevel: config.log.level,
      key: null,
      mqtt: mqtt === undefined ? null : { ...mqtt, password: secretOf(mqtt.password) },
      retention: journal,
      commands: commands ?? null,
      ...discoveryOf(config, SOFTWARE_VERSION),
    },
    log,
  );
}

function consoleOf({ console: page, doors }: Config, log: Logger): ConsoleThread | null {
  if (page === undefined) return null;
  return new ConsoleThread({ host: page.listen, port: page.port, doors: doors.map(({ id }) => id) }, log);
}
