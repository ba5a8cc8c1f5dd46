import { type ErrorCode, isoNow, type Logger, MenshenError, messageOf } from '../common/index.ts';
import type { InputConfig } from '../config/index.ts';
import type { Door } from './controller.ts';
import { EmergencyWriter, emergencyFile, readEmergency } from './emergency-file.ts';
import {
  CALM,
  type EmergencyState,
  fireAt,
  fireCleared,
  fireRaised,
  firesReset,
  type Lockdown,
} from './emergency-state.ts';

/** What happened; becomes an event in the journal. */
export type EmergencyEvent =
  | { readonly type: 'fire'; readonly input: string }
  | { readonly type: 'fire_cleared'; readonly input: string }
  | { readonly type: 'reset'; readonly by: string; readonly inputs: readonly string[] }
  | { readonly type: 'lockdown'; readonly by: string; readonly exempt: readonly string[] }
  | { readonly type: 'lockdown_ended'; readonly by: string }
  | { readonly type: 'fault'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault_cleared' };

export type ResetOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

export interface EmergencyOptions {
  readonly dataDir: string;
  readonly doors: readonly Pick<Door, 'id' | 'hold' | 'endHold' | 'lockdown'>[];
  readonly inputs: readonly InputConfig[];
  /** Told every event after the doors were worked. What it throws is logged and harms nothing. */
  readonly onEvent: (event: EmergencyEvent) => void;
  readonly logger: Logger;
}

/** Who is said to have ordered the lockdown that an unreadable file stands for. */
export const UNREADABLE = 'unreadable emergency state';

/**
 * Fire alarm and lockdown of a gate. Doors are worked first, then the state is put on disk by the by, so that both
 * survive a restart. A fire outranks a lockdown.
 */
export class Emergency {
  readonly #options: EmergencyOptions;
  readonly #writer: EmergencyWriter;
  #state: EmergencyState = CALM;
  #unsaved = false;

  /**
   * Takes up what was in force when the gate last ran, and works the doors by it: before they are started, so that
   * none locks first. A file that cannot be read errs on the safe side: nobody gets in (lockdown), everybody gets
   * out by the exit button, and a fire input that is active opens the doors again as soon as it is read.
   */
  constructor(options: EmergencyOptions) {
    this.#options = options;
    this.#writer = new EmergencyWriter({
      file: emergencyFile(options.dataDir),
      onFailed: (error) => this.#saveFailed(error),
      onSaved: () => this.#saved(),
    });
    try {
      this.#state = this.#known(readEmergency(emergencyFile(options.dataDir)));
    } catch (error) {
      this.#state = { ...CALM, lockdown: { by: UNREADABLE, since: isoNow(), exempt: [] } };
      this.#fault(error);
    }
    this.#workDoors();
  }

  get state(): EmergencyState {
    return this.#state;
  }

  /** For the rules: who locked down and who may come in all the same; null when there is none. */
  get lockdown(): Lockdown | null {
    return this.#state.lockdown;
  }

  /** A fire input was read: active opens its doors at once; at rest ends nothing by itself, unless it resets automatically. */
  fireInput(input: string, active: boolean): void {
    const known = this.#state.fires.find((fire) => fire.input === input);
    if (active === (known?.active ?? false)) {
      // At rest already, before a restart perhaps: what resets by itself must not wait for somebody.
      if (known !== undefined && !active && this.#resetsItself(input)) this.#resetOf(input);
      return;
    }
    if (active) {
      this.#become(fireRaised(this.#state, input, isoNow()), { type: 'fire', input });
      return;
    }
    this.#become(fireCleared(this.#state, input), { type: 'fire_cleared', input });
    if (this.#resetsItself(input)) this.#resetOf(input);
  }

  /** Ends the fire alarm: the doors lock again. Refused (FIRE_ACTIVE) while a fire input is active, as far as was last read. */
  reset(by: string): ResetOutcome {
    const { fires } = this.#state;
    const active = fires.filter((fire) => fire.active).map(({ input }) => input);
    if (active.length > 0) {
      return {
        ok: false,
        code: 'FIRE_ACTIVE',
        message: `the fire alarm is not reset: still active: ${active.join(', ')}`,
      };
    }
    if (fires.length > 0) {
      this.#become(firesReset(this.#state), { type: 'reset', by, inputs: fires.map(({ input }) => input) });
    }
    return { ok: true };
  }

  /** Begins a lockdown, or changes who is exempt from the one in force. `exempt`: ids of people and names of groups. */
  lockDown(by: string, exempt: readonly string[] = []): void {
    const lockdown = { by, since: this.#state.lockdown?.since ?? isoNow(), exempt: [...exempt] };
    this.#become({ ...this.#state, lockdown }, { type: 'lockdown', by, exempt: lockdown.exempt });
  }

  /** Ends the lockdown; false when there is none. */
  endLockdown(by: string): boolean {
    if (this.#state.lockdown === null) return false;
    this.#become({ ...this.#state, lockdown: null }, { type: 'lockdown_ended', by });
    return true;
  }

  /** Puts on disk what is not there yet, within `ms`. The state stands: doors that a fire opened stay open. */
  async stop(ms: number): Promise<void> {
    await this.#writer.stop(ms);
  }

  #become(state: EmergencyState, event: EmergencyEvent): void {
    this.#state = state;
    this.#workDoors();
    this.#writer.save(state);
    this.#tell(event);
  }

  #workDoors(): void {
    for (const door of this.#options.doors) {
      const fire = fireAt(this.#state, door.id, this.#options.inputs);
      // The fire first: a lockdown that ends meanwhile must not lock the door for a moment.
      if (fire !== null) door.hold({ kind: 'emergency', by: fire.input });
      door.lockdown(this.#state.lockdown !== null);
      if (fire === null) door.endHold('emergency');
    }
  }

  /** An alarm whose input is no longer configured will never be told to have cleared. */
  #known(state: EmergencyState): EmergencyState {
    const isInput = (name: string) =>
      this.#options.inputs.some(({ id, kind }) => id === name && kind === 'fire');
    return {
      ...state,
      fires: state.fires.map((fire) => (isInput(fire.input) ? fire : { ...fire, active: false })),
    };
  }

  #resetsItself(input: string): boolean {
    return this.#options.inputs.some(({ id, reset }) => id === input && reset === 'automatic');
  }

  #resetOf(input: string): void {
    this.#become(firesReset(this.#state, input), { type: 'reset', by: input, inputs: [input] });
  }

  #fault(error: unknown): void {
    const code = error instanceof MenshenError ? error.code : 'INTERNAL';
    const message = messageOf(error);
    this.#options.logger.error({ code, err: message }, 'the emergency state is not sound');
    this.#tell({ type: 'fault', code, message });
  }

  #saveFailed(error: MenshenError): void {
    if (this.#unsaved) return;
    this.#unsaved = true;
    this.#fault(error);
  }

  #saved(): void {
    if (!this.#unsaved) return;
    this.#unsaved = false;
    this.#tell({ type: 'fault_cleared' });
  }

  #tell(event: EmergencyEvent): void {
    try {
      this.#options.onEvent(event);
    } catch (error) {
      this.#options.logger.error(
        { type: event.type, error: messageOf(error) },
        'an emergency event was not taken',
      );
    }
  }
}
