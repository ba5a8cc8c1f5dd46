import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MenshenError, messageOf } from '../common/index.ts';
import { CALM, type EmergencyState } from './emergency-state.ts';

const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

const EmergencyFileSchema = z.strictObject({
  version: z.literal(1),
  fires: z.array(z.strictObject({ input: z.string(), since: z.string(), active: z.boolean() })),
  lockdown: z.strictObject({ by: z.string(), since: z.string(), exempt: z.array(z.string()) }).nullable(),
});

/** Where the emergency state of a gate is kept. */
export function emergencyFile(dataDir: string): string {
  return join(dataDir, 'emergency.json');
}

/**
 * The state that was kept; calm when there is no file, since none was ever needed.
 * @throws MenshenError EMERGENCY_UNREADABLE
 */
export function readEmergency(file: string): EmergencyState {
  try {
    const { fires, lockdown } = EmergencyFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { fires, lockdown };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return CALM;
    throw new MenshenError(
      'EMERGENCY_UNREADABLE',
      `${file}: ${messageOf(error)}; a lockdown is taken to be in force: end it, or stop the gate and delete the file`,
      { cause: error },
    );
  }
}

/** What a gate kept, for those who only look. A file that cannot be read counts as calm, with the reason. Never throws. */
export function keptEmergency(dataDir: string): {
  readonly state: EmergencyState;
  readonly problem: string | null;
} {
  try {
    return { state: readEmergency(emergencyFile(dataDir)), problem: null };
  } catch (error) {
    return { state: CALM, problem: messageOf(error) };
  }
}

export interface EmergencyWriterOptions {
  readonly file: string;
  /** Told at each attempt that failed; it is tried again until it succeeds. */
  onFailed(error: MenshenError): void;
  /** The newest state is on disk. */
  onSaved(): void;
}

/**
 * Keeps the newest state on disk: whole or not at all, flushed with its folder, 0600. Nobody waits for it, and a
 * disk that hangs holds up one write and no thread of ours.
 */
export class EmergencyWriter {
  readonly #options: EmergencyWriterOptions;
  #next: EmergencyState | null = null;
  #writing: Promise<void> | null = null;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: EmergencyWriterOptions) {
    this.#options = options;
  }

  save(state: EmergencyState): void {
    this.#next = state;
    this.#begin();
  }

  /** Resolves when all is on disk, when the disk refuses, or after `ms`; nothing is tried again afterwards. */
  async stop(ms: number): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  #begin(): void {
    if (this.#writing !== null || this.#timer !== null || this.#next === null) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== null) {
      const state = this.#next;
      this.#next = null;
      try {
        await writeWhole(this.#options.file, JSON.stringify({ version: 1, ...state }));
      } catch (error) {
        this.#next ??= state;
        this.#failed(error);
        return;
      }
      this.#failures = 0;
      if (this.#next === null) this.#options.onSaved();
    }
  }

  #failed(error: unknown): void {
    const delay = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#begin();
      }, delay);
    }
    this.#options.onFailed(
      new MenshenError('EMERGENCY_UNSAVED', `${this.#options.file}: ${messageOf(error)}`, { cause: error }),
    );
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
