import { type ErrorCode, type Logger, MenshenError, messageOf } from '../common/index.ts';
import { type Config, secretOf } from '../config/index.ts';
import { type BundlingPlace, Gallery, type GalleryChange, gateKey } from '../gallery/index.ts';
import { changePeople } from './people/client.ts';

/** How often a gallery that could not be opened is tried again. */
const RETRY_MS = 5000;
const REFRESH_MS = 1000;
/** How often visitors whose time is over are forgotten. */
const OLD_PASSES_MS = 60_000;
/** SQLite waits with the whole thread: the exit button must not wait for an enrolment's commit. */
const BUSY_MS = 20;
/** References that were read one by one at opening, from which on they are bundled for the next time: they took a quarter of a second, and seconds on a small board. */
const WORTH_BUNDLING = 5000;
/** A command that changes people waits for so long at most. */
const BUNDLING_MS = 3000;

interface KeeperParts {
  readonly config: Pick<Config, 'dataDir' | 'key'>;
  readonly log: Logger;
  /** It is open, once; `key` seals what else the gate keeps. Where this throws, it is opened and told again later. */
  readonly onOpen: (gallery: Gallery, key: ReturnType<typeof gateKey>) => void;
  /** It cannot be opened, for a reason that was not told before. */
  readonly onFault: (code: ErrorCode, message: string) => void;
  /** Somebody was enrolled, changed or removed, by whichever process. */
  readonly onChange: (change: GalleryChange) => void;
  readonly worthBundling?: number;
}

/**
 * Keeps the gallery of a running gate. One that cannot be opened does not end the gate: it is tried again until it can
 * be, and nobody is recognised meanwhile.
 */
export class GalleryKeeper {
  readonly #parts: KeeperParts;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #paused = new AbortController();
  /** The try under way. */
  #opening: Promise<void> | null = null;
  #gallery: Gallery | null = null;
  /** The look at the file that is under way, and those that wait for it. */
  #looking: Promise<unknown> = Promise.resolve();
  #looks = 0;
  #fault = '';

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Null while it is not open. */
  get gallery(): Gallery | null {
    return this.#gallery;
  }

  /** Waits while it is being loaded. Rejects with MenshenError COMMAND_UNAVAILABLE while it cannot be opened. */
  async open(): Promise<Gallery> {
    await this.#opening;
    if (this.#gallery === null) {
      throw new MenshenError('COMMAND_UNAVAILABLE', 'the gallery cannot be opened at present');
    }
    return this.#gallery;
  }

  /** Does not wait for the gallery: however large it is, exit buttons work while it is loaded. */
  start(): void {
    this.#tryOpen();
    this.#timers.push(
      setInterval(() => this.#tryOpen(), RETRY_MS),
      setInterval(() => this.#look(), REFRESH_MS),
      setInterval(() => void this.#dropOldPasses(), OLD_PASSES_MS),
    );
  }

  /** No more looking at the file; a load under way is given up. */
  pause(): void {
    this.#paused.abort();
    for (const timer of this.#timers) {
      clearInterval(timer);
    }
  }

  /** To be called once it is paused. */
  async close(): Promise<void> {
    await this.#opening;
    await this.#looking;
    this.#gallery?.close();
  }

  /**
   * Takes over what was changed in the file up to now, in slices, between which exit buttons work. Resolves to false when it
   * cannot be read.
   */
  refresh(): Promise<boolean> {
    this.#looks += 1;
    const look = this.#looking.then(() => this.#refresh());
    this.#looking = look.then(() => {
      this.#looks -= 1;
    });
    return look;
  }

  /** While one is under way, the next second comes soon enough. */
  #look(): void {
    if (this.#looks === 0) void this.refresh();
  }

  /** Never rejects. */
  async #refresh(): Promise<boolean> {
    const { signal } = this.#paused;
    if (signal.aborted) return false;
    try {
      const change = (await this.#gallery?.refreshInSlices(signal)) ?? null;
      if (change !== null) {
        this.#parts.onChange(change);
      }
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#parts.log.error(
        { err: messageOf(error) },
        'the gallery could not be read again; the people known stay',
      );
      return false;
    }
  }

  #tryOpen(): void {
    if (this.#gallery !== null || this.#opening !== null) {
      return;
    }
    this.#opening = this.#open().finally(() => {
      this.#opening = null;
    });
  }

  /** Never rejects. */
  async #open(): Promise<void> {
    const { config, log, onOpen } = this.#parts;
    const { dataDir } = config;
    const { signal } = this.#paused;
    let gallery: Gallery | null = null;
    try {
      const key = secretOf(config.key);
      gallery = await Gallery.openInSlices({ dataDir, key, log, busyTimeoutMs: BUSY_MS }, signal);
      signal.throwIfAborted();
      onOpen(gallery, gateKey(dataDir, key));
      this.#gallery = gallery;
      void this.#bundle(gallery);
    } catch (error) {
      gallery?.close();
      if (!signal.aborted) this.#failed(error);
    }
  }

  /** In a process of its own, some seconds at a time, so that the next start is quicker. Never rejects. */
  async #bundle({ alone }: Gallery): Promise<void> {
    const { config, log, worthBundling = WORTH_BUNDLING } = this.#parts;
    if (alone < worthBundling) return;
    try {
      const key = secretOf(config.key);
      let from: BundlingPlace | undefined;
      do {
        const task = { kind: 'bundle', limitMs: BUNDLING_MS, ...(from && { from }) } as const;
        const request = { dataDir: config.dataDir, ...(key === undefined ? {} : { key }), task };
        ({ next: from } = await changePeople(request));
      } while (from !== undefined && !this.#paused.signal.aborted);
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'the people could not be bundled; the next start takes as long');
    }
  }

  #failed(error: unknown): void {
    const code = error instanceof MenshenError ? error.code : 'INTERNAL';
    const message = messageOf(error);
    if (message !== this.#fault) {
      this.#fault = message;
      this.#parts.log.error(
        { code, err: message },
        'nobody can be recognised: the gallery cannot be opened; exit buttons work',
      );
      this.#parts.onFault(code, message);
    }
  }

  /** What others changed is taken over before, in slices: a write takes it over at once. */
  async #dropOldPasses(): Promise<void> {
    const { log } = this.#parts;
    if (!(await this.refresh())) return;
    try {
      const dropped = this.#gallery?.dropOldPasses() ?? 0;
      if (dropped > 0) log.info({ passes: dropped }, 'visitors whose time is over were forgotten');
    } catch (error) {
      log.error({ err: messageOf(error) }, 'old passes could not be erased; it is tried again');
    }
  }
}
