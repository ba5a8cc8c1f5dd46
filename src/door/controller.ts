import { type ErrorCode, type Logger, type MenshenError, messageOf, monotonicMs } from '../common/index.ts';
import type { DoorConfig } from '../config/index.ts';
import { type ContactConfig, ContactLine } from './contact-line.ts';
import type { GpioDriver } from './gpio/driver.ts';
import { isEnergised, lockLevel } from './gpio/levels.ts';
import { type DoorInput, holdAllowed, INITIAL_MEMORY, stateOf, step } from './machine.ts';
import { Relay } from './relay.ts';
import { RelayRecord } from './relay-record.ts';
import { type DoorSettings, doorSettings } from './settings.ts';
import type { DoorEvent, DoorStatus, HoldCause, HoldKind, PassCause } from './types.ts';

/** What came of `unlock`. `relayAt`: when the relay unlocked (or was told to for longer), monotonic milliseconds. */
export type UnlockOutcome =
  | { readonly ok: true; readonly relayAt: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** What came of `hold`: a hold that was taken stands until it ends, also while the relay cannot be switched. */
export type HoldOutcome =
  | { readonly ok: true }
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
  readonly #inputs: ContactLine[];
  readonly #relay: Relay;
  #memory = INITIAL_MEMORY;
  #pending: DoorInput[] = [];
  #stepping = false;
  #outbox: DoorEvent[] = [];
  #telling = false;
  #waiting: ((outcome: UnlockOutcome) => void)[] = [];
  #relayAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #started = false;
  #stopped = false;

  constructor({ config, gpio, onEvent, logger }: DoorOptions) {
    this.id = config.id;
    this.#config = config;
    this.#gpio = gpio;
    this.#settings = doorSettings(config);
    this.#onEvent = onEvent;
    this.#logger = logger;
    this.#relay = new Relay({
      open: (handlers) =>
        gpio.openOutput(config.relay.line, { rest: lockLevel(false, config.relay) }, handlers),
      level: (unlocked) => lockLevel(unlocked, config.relay),
      onSwitched: (unlocked, at) => this.#relaySwitched(unlocked, at),
      onFailed: (error) => this.#relayFailed(error),
    });
    this.#inputs = [
      ...this.#contact('rex', config.rex, (active) => ({ type: 'rex', pressed: active })),
      ...this.#contact('contact', config.contact, (active) => ({
        type: 'contact',
        position: active ? 'open' : 'closed',
      })),
    ];
  }

  /**
   * Opens the relay's line, locked unless a hold was given before, and contact and exit button beside it. Resolves
   * when each is open or has failed for the first time, and never rejects: a line that cannot be opened is a fault of
   * the door (told as an event, shown by `status`), is tried again for ever, and keeps nothing else from working.
   */
  async start(): Promise<void> {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    await Promise.all([this.#relay, ...this.#inputs].map((part) => part.start()));
  }

  /**
   * Unlocks the door for the unlock time, or the extended one. With a driver that acts at once the relay has
   * switched when this call returns; the promise tells what came of it and never rejects. While the relay is at
   * fault it is tried once more at once; an unlock that was answered with a failure never switches it later.
   */
  unlock(
    cause: PassCause,
    { extended = false }: { readonly extended?: boolean } = {},
  ): Promise<UnlockOutcome> {
    if (!this.#started || this.#stopped) return Promise.resolve(this.#failure('is not running'));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#dispatch({ type: 'unlock', cause, extended });
    });
  }

  /**
   * Makes the door remain open: unlocked until `endHold`, `release`, or `forMs` milliseconds later. One hold of each
   * kind at a time: a new order replaces the one before, the same order again changes nothing. It outlasts a fault of
   * the relay. In a lockdown an emergency alone acts; a schedule waits for its end, the others are refused
   * (DOOR_LOCKDOWN). May be called before `start`.
   */
  hold(cause: HoldCause, { forMs = null }: { readonly forMs?: number | null } = {}): HoldOutcome {
    if (this.#stopped) return this.#failure('was stopped');
    if (!holdAllowed(this.#memory, cause.kind)) {
      const message = `door "${this.id}" does not remain open: there is a lockdown`;
      return { ok: false, code: 'DOOR_LOCKDOWN', message };
    }
    this.#dispatch({ type: 'hold', cause, forMs });
    return { ok: true };
  }

  /** Ends the hold of this kind, if there is one; the door locks unless something else keeps it unlocked. */
  endHold(kind: HoldKind): void {
    this.#dispatch({ type: 'end_hold', kind });
  }

  /** Begins or ends a lockdown: see `hold`; grants that run are over, the exit button works. May be called before `start`. */
  lockdown(active: boolean): void {
    this.#dispatch({ type: 'lockdown', active });
  }

  /** Ends an alarm although the door is not closed; false when there is none. Left open, the door will alarm again. */
  clearAlarm(by: string): boolean {
    const { alarm } = this.#memory;
    this.#dispatch({ type: 'clear_alarm', by });
    return alarm !== null;
  }

  /** Ends every unlock and every hold at once, except those of an emergency; the door keeps working. */
  release(): void {
    this.#dispatch({ type: 'release' });
  }

  /** Locks the door, synchronously and past everything else, unless there is an emergency: for a dying process. Never throws. */
  releaseNow(): void {
    if (!this.#emergency) this.#relay.releaseNow();
  }

  /** Locks the door, unless there is an emergency, then gives the lines up. Never rejects. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.release();
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#answer(this.#failure('was stopped'));
    const [released] = await Promise.all([
      this.#relay.close({ unlocked: this.#emergency }),
      ...this.#inputs.map((input) => input.stop()),
    ]);
    if (released === true && !this.#emergency)
      this.#outbox.push(...this.#record.switched(false, monotonicMs()));
    this.#tell();
  }

  status(): DoorStatus {
    const { unlocked, contact, warned, holds, lockdown, faults } = this.#memory;
    return {
      door: this.id,
      state: stateOf(this.#memory),
      lock: unlocked ? 'unlocked' : 'locked',
      relay: isEnergised(unlocked, this.#config.relay) ? 'on' : 'off',
      contact,
      heldOpenWarning: warned,
      holds: holds.map(({ cause }) => cause),
      lockdown,
      faults,
    };
  }

  get #emergency(): boolean {
    return this.#memory.holds.some(({ cause }) => cause.kind === 'emergency');
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
    if (this.#stopped) return;
    const now = monotonicMs();
    const result = step(this.#memory, input, now, this.#settings);
    this.#memory = result.memory;
    const unlocked = result.lock === 'unlocked';
    relay.set(unlocked);
    relay.fallBack(this.#emergency);
    this.#outbox.push(...this.#record.admit(result.events, relay.settled, this.#relayAt));
    if (relay.settled && unlocked) this.#answer({ ok: true, relayAt: Math.max(this.#relayAt, now) });
    this.#arm(result.wakeAt);
  }

  #arm(wakeAt: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (wakeAt === null) return;
    const delay = Math.max(0, Math.ceil(wakeAt - monotonicMs()));
    this.#timer = setTimeout(() => this.#dispatch({ type: 'tick' }), delay);
  }

  #relaySwitched(unlocked: boolean, at: number): void {
    this.#relayAt = at;
    this.#outbox.push(...this.#record.switched(unlocked, at));
    this.#answer(unlocked ? { ok: true, relayAt: at } : this.#failure('was locked again'));
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

  #failure(what: string): Extract<UnlockOutcome, { ok: false }> {
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

  #contact(
    line: 'contact' | 'rex',
    config: ContactConfig | undefined,
    inputOf: (active: boolean) => DoorInput,
  ): ContactLine[] {
    if (config === undefined) return [];
    const handlers = {
      onActive: (active: boolean) => this.#dispatch(inputOf(active)),
      onFault: ({ code, message }: MenshenError) =>
        this.#dispatch({ type: 'line_fault', line, code, message: `door "${this.id}": ${line}: ${message}` }),
      onRecovered: () => this.#dispatch({ type: 'line_ok', line }),
    };
    return [new ContactLine(config, this.#gpio, handlers)];
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
