import { type ErrorCode, type Logger, type MenshenError, messageOf, monotonicMs } from '../common/index.ts';
import type { DoorConfig, InputLineConfig } from '../config/index.ts';
import type { GpioDriver, Level } from './gpio/driver.ts';
import { contactLevel, relayLevel } from './gpio/levels.ts';
import { type DoorInput, INITIAL_MEMORY, stateOf, step } from './machine.ts';
import { Relay } from './relay.ts';
import { RelayRecord } from './relay-record.ts';
import { type DoorSettings, doorSettings } from './settings.ts';
import { SupervisedInput } from './supervised-input.ts';
import type { DoorEvent, DoorStatus, UnlockCause } from './types.ts';

/** What came of `unlock`. `relayAt`: when the relay was energised (or extended), monotonic milliseconds. */
export type UnlockOutcome =
  | { readonly ok: true; readonly relayAt: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

export interface DoorOptions {
  readonly config: DoorConfig;
  readonly gpio: GpioDriver;
  /** Told every event after the relay was switched. What it throws, or rejects with, is logged and harms nothing. */
  readonly onEvent: (event: DoorEvent) => void;
  readonly logger: Logger;
}

/** A door: the state machine on its lines and its clock. Needs nothing else of the house, so that the exit stays free. */
export class Door {
  readonly id: string;
  readonly #config: DoorConfig;
  readonly #gpio: GpioDriver;
  readonly #settings: DoorSettings;
  readonly #onEvent: (event: DoorEvent) => void;
  readonly #logger: Logger;
  readonly #record = new RelayRecord();
  readonly #inputs: SupervisedInput[] = [];
  #relay: Relay | null = null;
  #memory = INITIAL_MEMORY;
  #pending: DoorInput[] = [];
  #stepping = false;
  #outbox: DoorEvent[] = [];
  #telling = false;
  #waiting: ((outcome: UnlockOutcome) => void)[] = [];
  #relayAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor({ config, gpio, onEvent, logger }: DoorOptions) {
    this.id = config.id;
    this.#config = config;
    this.#gpio = gpio;
    this.#settings = doorSettings(config);
    this.#onEvent = onEvent;
    this.#logger = logger;
  }

  /**
   * Opens the relay's line, released, and contact and exit button beside it. Resolves when each is open or has
   * failed for the first time, and never rejects: a line that cannot be opened is a fault of the door (told as
   * an event, shown by `status`), is tried again for ever, and keeps nothing else from working.
   */
  async start(): Promise<void> {
    if (this.#relay !== null || this.#stopped) return;
    const { line, activeLow } = this.#config.relay;
    this.#relay = new Relay({
      open: (handlers) => this.#gpio.openOutput(line, { rest: relayLevel(false, activeLow) }, handlers),
      level: (energised) => relayLevel(energised, activeLow),
      onSwitched: (energised, at) => this.#relaySwitched(energised, at),
      onFailed: (error) => this.#relayFailed(error),
    });
    this.#inputs.push(...this.#rexInput(), ...this.#contactInput());
    await Promise.all([this.#relay, ...this.#inputs].map((part) => part.start()));
  }

  /**
   * Energises the relay for the unlock time. With a driver that acts at once the relay has switched when
   * this call returns; the promise tells what came of it and never rejects. While the relay is at fault it is
   * tried once more at once; an unlock that was answered with a failure never energises it later.
   */
  unlock(cause: UnlockCause): Promise<UnlockOutcome> {
    if (this.#relay === null || this.#stopped) return Promise.resolve(this.#failure('is not running'));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#dispatch({ type: 'unlock', cause });
    });
  }

  /** Ends every unlock at once; the door keeps working. */
  release(): void {
    if (this.#relay !== null && !this.#stopped) this.#dispatch({ type: 'release' });
  }

  /** Drives the relay released, synchronously and past everything else: for a dying process. Never throws. */
  releaseNow(): void {
    this.#relay?.releaseNow();
  }

  /** Releases the relay, then gives the lines up. Never rejects. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.release();
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#answer(this.#failure('was stopped'));
    const [released] = await Promise.all([
      this.#relay?.close(),
      ...this.#inputs.map((input) => input.stop()),
    ]);
    if (released === true) this.#outbox.push(...this.#record.switched(false, monotonicMs()));
    this.#tell();
  }

  status(): DoorStatus {
    const { energised, contact, faults } = this.#memory;
    return { door: this.id, state: stateOf(this.#memory), relay: energised ? 'on' : 'off', contact, faults };
  }

  #dispatch(input: DoorInput): void {
    this.#pending.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) this.#step(next);
    this.#stepping = false;
    this.#tell();
  }

  #step(input: DoorInput): void {
    const relay = this.#relay;
    if (relay === null || this.#stopped) return;
    const now = monotonicMs();
    const result = step(this.#memory, input, now, this.#settings);
    this.#memory = result.memory;
    const energised = result.relay === 'on';
    relay.set(energised);
    this.#outbox.push(...this.#record.admit(result.events, relay.settled, this.#relayAt));
    if (relay.settled && energised) this.#answer({ ok: true, relayAt: Math.max(this.#relayAt, now) });
    this.#arm(result.wakeAt);
  }

  #arm(wakeAt: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (wakeAt === null) return;
    const delay = Math.max(0, Math.ceil(wakeAt - monotonicMs()));
    this.#timer = setTimeout(() => this.#dispatch({ type: 'tick' }), delay);
  }

  #relaySwitched(energised: boolean, at: number): void {
    this.#relayAt = at;
    this.#outbox.push(...this.#record.switched(energised, at));
    this.#answer(energised ? { ok: true, relayAt: at } : this.#failure('was locked again'));
    this.#dispatch({ type: 'line_ok', line: 'relay' });
  }

  #relayFailed(error: MenshenError): void {
    const message = `door "${this.id}": relay: ${error.message}`;
    this.#answer({ ok: false, code: error.code, message });
    this.#dispatch({ type: 'line_fault', line: 'relay', code: error.code, message });
  }

  #answer(outcome: UnlockOutcome): void {
    for (const resolve of this.#waiting.splice(0)) resolve(outcome);
  }

  #failure(what: string): UnlockOutcome {
    return { ok: false, code: 'GPIO_UNAVAILABLE', message: `door "${this.id}" ${what}` };
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let event = this.#outbox.shift(); event !== undefined; event = this.#outbox.shift()) {
      tellSafely(this.#onEvent, event, this.#logger);
    }
    this.#telling = false;
  }

  #rexInput(): SupervisedInput[] {
    const { rex } = this.#config;
    if (rex === undefined) return [];
    const idle = contactLevel(rex.normally);
    return [
      this.#input('rex', rex, idle, (level) => this.#dispatch({ type: 'rex', pressed: level !== idle })),
    ];
  }

  #contactInput(): SupervisedInput[] {
    const { contact } = this.#config;
    if (contact === undefined) return [];
    const idle = contactLevel(contact.normally);
    return [
      this.#input('contact', contact, idle, (level) =>
        this.#dispatch({ type: 'contact', position: level === idle ? 'closed' : 'open' }),
      ),
    ];
  }

  #input(
    line: 'contact' | 'rex',
    config: { readonly line: InputLineConfig; readonly debounceMs: number },
    idle: Level,
    onLevel: (level: Level) => void,
  ): SupervisedInput {
    return new SupervisedInput({
      open: (handlers) =>
        this.#gpio.openInput(config.line, { idle, debounceMs: config.debounceMs }, handlers),
      onLevel,
      onFault: ({ code, message }) =>
        this.#dispatch({ type: 'line_fault', line, code, message: `door "${this.id}": ${line}: ${message}` }),
      onRecovered: () => this.#dispatch({ type: 'line_ok', line }),
    });
  }
}

/** A listener that throws, or is async and rejects, must not reach the door. */
function tellSafely(listener: (event: DoorEvent) => unknown, event: DoorEvent, logger: Logger): void {
  const failed = (error: unknown) =>
    logger.error(
      { door: event.door, type: event.type, error: messageOf(error) },
      'a door event was not taken',
    );
  try {
    const result = listener(event);
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
