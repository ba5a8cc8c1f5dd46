import { type ErrorCode, type Logger, type MenshenError, messageOf } from '../common/index.ts';
import type { InputConfig } from '../config/index.ts';
import { ContactLine } from './contact-line.ts';
import type { Emergency } from './emergency.ts';
import type { GpioDriver } from './gpio/driver.ts';

/** What happened at an alarm input; becomes an event in the journal. */
export type InputEvent = { readonly input: string; readonly door: string | null } & (
  | {
      readonly type:
        | 'tamper'
        | 'tamper_cleared'
        | 'power_failed'
        | 'power_restored'
        | 'battery_low'
        | 'battery_ok'
        | 'fault_cleared';
    }
  | { readonly type: 'fault'; readonly code: ErrorCode; readonly message: string }
);

/** An alarm input at one moment. */
export interface InputStatus {
  readonly input: string;
  readonly kind: InputConfig['kind'];
  readonly door: string | null;
  /** `unknown` until it was first read. */
  readonly state: 'unknown' | 'idle' | 'active' | 'fault';
}

export interface InputsOptions {
  readonly inputs: readonly InputConfig[];
  readonly gpio: GpioDriver;
  readonly emergency: Pick<Emergency, 'fireInput' | 'reset'>;
  readonly onEvent: (event: InputEvent) => void;
  /** The status of an input has changed. */
  readonly onStatus: (status: InputStatus) => void;
  readonly logger: Logger;
}

/** Events of a kind of input that is active, and at rest again. Fire has its own, told by the emergency. */
const EVENTS = {
  tamper: { active: 'tamper', idle: 'tamper_cleared' },
  power_fail: { active: 'power_failed', idle: 'power_restored' },
  battery_low: { active: 'battery_low', idle: 'battery_ok' },
} as const;

/** The alarm inputs of a gate: each told as an event; fire goes to the emergency at once. */
export class Inputs {
  readonly #inputs: readonly AlarmInput[];

  constructor(options: InputsOptions) {
    this.#inputs = options.inputs.map((config) => new AlarmInput(config, options));
  }

  /** Resolves when each line was opened, or has failed for the first time; never rejects. */
  async start(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.stop()));
  }

  status(): readonly InputStatus[] {
    return this.#inputs.map((input) => input.status());
  }
}

class AlarmInput {
  readonly #config: InputConfig;
  readonly #options: InputsOptions;
  readonly #line: ContactLine;
  #state: InputStatus['state'] = 'unknown';
  /** What was last read, also while it is at fault. */
  #active = false;

  constructor(config: InputConfig, options: InputsOptions) {
    this.#config = config;
    this.#options = options;
    const normally = config.normally ?? (config.kind === 'fire_reset' ? 'open' : 'closed');
    this.#line = new ContactLine({ ...config, normally }, options.gpio, {
      onActive: (active) => this.#read(active),
      onFault: (error) => this.#failed(error),
      onRecovered: () => this.#tell({ ...this.#who, type: 'fault_cleared' }),
    });
  }

  start(): Promise<void> {
    return this.#line.start();
  }

  stop(): Promise<void> {
    return this.#line.stop();
  }

  status(): InputStatus {
    const { kind } = this.#config;
    return { ...this.#who, kind, state: this.#state };
  }

  get #who() {
    return { input: this.#config.id, door: this.#config.door ?? null };
  }

  #read(active: boolean): void {
    const changed = active !== this.#active;
    this.#active = active;
    this.#act(active, changed);
    this.#become(active ? 'active' : 'idle');
  }

  #act(active: boolean, changed: boolean): void {
    const { id, kind } = this.#config;
    const { emergency, logger } = this.#options;
    switch (kind) {
      case 'fire':
        emergency.fireInput(id, active);
        break;
      case 'fire_reset':
        if (active && changed) {
          const outcome = emergency.reset(id);
          if (!outcome.ok) logger.warn({ code: outcome.code, input: id }, outcome.message);
        }
        break;
      default:
        if (changed) this.#tell({ ...this.#who, type: EVENTS[kind][active ? 'active' : 'idle'] });
    }
  }

  #failed({ code, message }: MenshenError): void {
    const known = this.#state === 'fault';
    this.#become('fault');
    if (!known) this.#tell({ ...this.#who, type: 'fault', code, message });
  }

  #become(state: InputStatus['state']): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#guarded(() => this.#options.onStatus(this.status()));
  }

  #tell(event: InputEvent): void {
    this.#guarded(() => this.#options.onEvent(event));
  }

  /** A listener that throws must not reach the lines. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error(
        { input: this.#config.id, error: messageOf(error) },
        'what an input told was not taken',
      );
    }
  }
}
