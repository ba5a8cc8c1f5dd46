import type { Logger } from '../common/index.ts';
import type { LoadedConfig } from '../config/index.ts';
import {
  type GpioDriver,
  installReleaseGuard,
  openGpio,
  recordRelays,
  reportOnStdout,
} from '../door/index.ts';
import type { EventInput } from '../journal/index.ts';
import { Assembly } from './assembly.ts';
import type { Continuation, RestartRequest } from './commands/index.ts';
import { readKept } from './entry-store.ts';
import { type Health, healthOf } from './health.ts';
import { lockDataDir } from './instance-lock.ts';
import { ServiceManager } from './service-manager.ts';
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

/**
 * The gate: every room put together (assembly.ts), started and stopped. Doors come first and go last: the exit button
 * works before anything else is tried and whatever of it fails, and the relays are released however the process ends.
 */
export class Gate {
  readonly #parts: Assembly;
  readonly #log: Logger;
  readonly #service: ServiceManager;
  readonly #gpio: GpioDriver;
  readonly #unlock: () => void;
  #clock: NodeJS.Timeout | undefined;
  #removeGuard = () => {};

  private constructor(loaded: LoadedConfig, gpio: GpioDriver, unlock: () => void, log: Logger) {
    this.#parts = new Assembly(loaded, gpio, log);
    this.#log = log;
    this.#service = new ServiceManager(log);
    this.#gpio = gpio;
    this.#unlock = unlock;
  }

  /** Resolves when a command wants the gate to end and start again. */
  get restartAsked(): Promise<RestartRequest> {
    return this.#parts.restartAsked;
  }

  /** How the gate is now: a new configuration is judged by it. */
  health(): Health {
    const { doors, cameras, gallery, records } = this.#parts;
    return healthOf(doors.values(), cameras.states, gallery.gallery !== null, records.online);
  }

  /** Records what happened to the gate from outside. */
  record(event: EventInput): void {
    this.#parts.records.record(event);
  }

  /** Answers the command that had the gate started again, once there is a broker. */
  async conclude(end: Continuation, event: EventInput | null): Promise<void> {
    const { records, commands } = this.#parts;
    if (event !== null) records.record(event);
    await records.whenOnline(ONLINE_MS);
    commands.conclude(end);
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
    const parts = this.#parts;
    if (again) this.#service.pause();
    else this.#service.stopping();
    clearInterval(this.#clock);
    parts.gallery.pause();
    for (const reader of parts.readers) reader.stop();
    parts.entrance.stop();
    for (const door of parts.doors.values()) door.release();
    await Promise.all([...parts.doors.values(), parts.inputs].map((part) => part.stop()));
    parts.records.record({ type: 'system.stopped', data: { reason } });
    await Promise.all([
      parts.cloud?.stop(CLOUD_STOP_MS),
      parts.console?.stop(),
      parts.cameras.stop(),
      parts.following.stop(FOLLOWING_STOP_MS),
      parts.records.stop(RECORDS_STOP_MS),
      parts.emergency.stop(RECORDS_STOP_MS),
    ]);
    await parts.gallery.close();
    await this.#gpio.close();
    this.#removeGuard();
    this.#unlock();
    this.#log.info({ reason }, 'the gate has stopped');
  }

  async #start(): Promise<void> {
    const parts = this.#parts;
    const { config, versions, records } = parts;
    const doors = [...parts.doors.values()];
    this.#removeGuard = installReleaseGuard(doors);
    await Promise.all([...doors, parts.inputs].map((part) => part.start()));
    const unrecorded = recordRelays(config.doors, config.dataDir);
    if (unrecorded !== null) this.#log.warn({ code: unrecorded.code }, unrecorded.message);
    this.#restoreEntry();
    // What takes longest begins first.
    parts.cameras.prepare();
    records.start();
    const started = records.record({ type: 'system.started', data: { ...versions, node: process.version } });
    parts.tellDoors();
    parts.cloud?.start();
    parts.console?.start();
    parts.thresholds = await ThresholdKeeper.open({ config, records, log: this.#log });
    this.#clock = setInterval(() => parts.entrance.tick(), TICK_MS);
    // Before the people are loaded: doors work, and however many they are, systemd does not give up on the gate.
    this.#service.ready(() => true);
    parts.gallery.start();
    // A card read while the records are still coming up would open a door without leaving any, if the power went just then.
    await records.taken(started, RECORDS_UP_MS);
    for (const reader of parts.readers) reader.start();
    this.#log.info({ version: versions.software }, 'the gate is up');
  }

  /** Who is where, and which passes were used, is known again before anybody is let in. */
  #restoreEntry(): void {
    const { config, entrance } = this.#parts;
    const { entries, setAside } = readKept(config.dataDir);
    if (setAside !== null)
      this.#log.error({ file: setAside }, 'it was lost who is where: the file is damaged');
    const strange = entrance.memory.restore(entries);
    if (strange.length > 0) this.#log.error({ keys: strange.length }, 'some of who is where cannot be read');
  }
}
