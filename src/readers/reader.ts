import { isAbsolute, join } from 'node:path';
import { type ErrorCode, type Logger, MenshenError, messageOf, monotonicMs } from '../common/index.ts';
import type { ReaderConfig } from '../config/index.ts';
import { maskedNumber } from './card-number.ts';
import { Device } from './device.ts';
import { KeypadEntry } from './entry.ts';
import { KeyboardDecoder, keyboardSetup } from './evdev.ts';
import { FrameDecoder, lineSetup } from './serial.ts';
import type { Credential, CredentialRead, Key, ReaderListener, ReaderState } from './types.ts';

/** A device that is not there is looked for this often: whoever plugs it in again sees it work at once. */
const RETRY_MS = 1000;
/** What a reader says that is nothing is told to the log this often at most. */
const NONSENSE_EVERY_MS = 60_000;
const BY_ID = { evdev: '/dev/input/by-id', serial: '/dev/serial/by-id' };

export interface ReaderOptions {
  readonly config: ReaderConfig;
  readonly log: Logger;
  /** Neither may throw. */
  readonly onRead: (read: CredentialRead) => void;
  readonly onState: (state: ReaderState) => void;
}

/** Keeps one reader open: tells what is presented to it, and opens it again when it was unplugged. */
export class Reader implements ReaderListener {
  readonly #config: ReaderConfig;
  readonly #log: Logger;
  readonly #onRead: ReaderOptions['onRead'];
  readonly #onState: ReaderOptions['onState'];
  readonly #entry: KeypadEntry;
  #device: Device | null = null;
  #decoder: KeyboardDecoder | FrameDecoder | null = null;
  #stopped = true;
  #told = '';
  #retry: NodeJS.Timeout | null = null;
  #forget: NodeJS.Timeout | null = null;
  #silence: NodeJS.Timeout | null = null;
  #lastCard = { number: '', at: Number.NEGATIVE_INFINITY };
  #nonsense = { count: 0, toldAt: Number.NEGATIVE_INFINITY };

  constructor({ config, log, onRead, onState }: ReaderOptions) {
    this.#config = config;
    this.#log = log.child({ reader: config.id });
    this.#onRead = onRead;
    this.#onState = onState;
    this.#entry = new KeypadEntry(config.keypad, (digits) => this.#tell({ kind: 'keypad', digits }));
  }

  /** Opens the device, now and whenever it is back, until `stop`. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    void this.#open();
  }

  /** Closes the device; nothing is told afterwards. */
  stop(): void {
    this.#stopped = true;
    this.#close();
  }

  card(number: string): void {
    this.#entry.clear();
    const now = monotonicMs();
    const { number: last, at } = this.#lastCard;
    this.#lastCard = { number, at: now };
    if (number === last && now - at < this.#config.card.repeatMs) return;
    this.#log.info({ card: maskedNumber(number) }, 'a card was read');
    this.#tell({ kind: 'card', number });
  }

  key(key: Key): void {
    const { enabled, timeoutMs } = this.#config.keypad;
    if (!enabled) return;
    this.#entry.press(key, monotonicMs());
    clearTimeout(this.#forget ?? undefined);
    this.#forget = setTimeout(() => this.#entry.clear(), timeoutMs);
  }

  nonsense(what: string): void {
    this.#entry.clear();
    const now = monotonicMs();
    this.#nonsense.count++;
    if (now - this.#nonsense.toldAt < NONSENSE_EVERY_MS) return;
    this.#log.warn({ what, times: this.#nonsense.count }, 'the reader says what cannot be understood');
    this.#nonsense = { count: 0, toldAt: now };
  }

  alive(): void {
    if (this.#stopped) return;
    this.#state({ state: 'up' });
    this.#expectWord();
  }

  async #open(): Promise<void> {
    const { kind, id, heartbeatMs = 0 } = this.#config;
    const decoder =
      kind === 'evdev' ? new KeyboardDecoder(this.#config, this) : new FrameDecoder(this.#config, this);
    const setup = kind === 'evdev' ? keyboardSetup(this.#config) : lineSetup(this.#config);
    try {
      const device = await Device.open(this.#path(), setup, {
        data: (piece) => decoder.push(piece),
        gone: (why) => this.#down('READER_MISSING', `The reader ${id} is gone: ${why}.`),
      });
      if (this.#stopped) {
        device.close();
        return;
      }
      this.#device = device;
      this.#decoder = decoder;
    } catch (error) {
      const code = error instanceof MenshenError ? error.code : 'INTERNAL';
      this.#down(code, `The reader ${id} cannot be opened: ${messageOf(error)}`);
      return;
    }
    // A converter with a heartbeat is up when it is heard; without one an open line must do.
    if (heartbeatMs > 0) this.#expectWord();
    else this.#state({ state: 'up' });
  }

  #expectWord(): void {
    const { id, heartbeatMs = 0 } = this.#config;
    clearTimeout(this.#silence ?? undefined);
    if (heartbeatMs === 0) return;
    const message = `The reader ${id} has said nothing for ${heartbeatMs} ms: its converter has no power, or the line is cut.`;
    const silent = () => this.#state({ state: 'down', code: 'READER_SILENT', message });
    this.#silence = setTimeout(silent, heartbeatMs);
  }

  #down(code: ErrorCode, message: string): void {
    this.#close();
    if (this.#stopped) return;
    this.#state({ state: 'down', code, message });
    this.#retry = setTimeout(() => void this.#open(), RETRY_MS);
  }

  #close(): void {
    for (const timer of [this.#retry, this.#forget, this.#silence]) clearTimeout(timer ?? undefined);
    this.#entry.clear();
    this.#decoder?.stop();
    this.#device?.close();
    this.#device = null;
    this.#decoder = null;
  }

  #state(state: ReaderState): void {
    const cause = state.state === 'up' ? 'up' : state.code;
    if (cause === this.#told) return;
    this.#told = cause;
    if (state.state === 'up') this.#log.info('the reader works');
    else this.#log.warn({ code: state.code }, state.message);
    this.#onState(state);
  }

  #tell(credential: Credential): void {
    const { id, door, direction } = this.#config;
    if (!this.#stopped) this.#onRead({ reader: id, door, direction, at: monotonicMs(), ...credential });
  }

  #path(): string {
    const { device, kind } = this.#config;
    return isAbsolute(device) ? device : join(BY_ID[kind], device);
  }
}
