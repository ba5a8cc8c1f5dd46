import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, messageOf, monotonicMs } from '../common/index.ts';
import { ClipAssembler } from './challenge/clip-parts.ts';
import { ChildPipe } from './child-pipe.ts';
import { encodeToVision, parseFromVision } from './codec.ts';
import type { FromVision, Told, ToVision, VisionSettings } from './messages.ts';
import { type Packet, PIPE_FD } from './packet.ts';

/** Time from the start of the process to `ready`: networks are read, proved and opened, on a slow board too. */
const READY_MS = 30_000;
/** After being asked to stop, a process that is still there is killed. */
const STOP_MS = 1500;
const LAST_WORDS_MS = 500;
/** How often the time since the last sign of life is looked at, as a part of the time allowed. */
const LOOKS_PER_HANG = 10;
/** The variables a vision process gets. The gate's own may hold secrets, which who decodes video must not have. */
const ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];
/** Young objects and memory freed by one thread take less room so (docs/explanation/performance.md); the pipeline makes few. */
const FRUGAL = { args: ['--max-semi-space-size=2'], env: { MALLOC_ARENA_MAX: '2' } };

/** The vision process, built or in source as this file is. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './process.js', import.meta.url);

/** How a vision process came to its end, when it was not asked to. */
export interface VisionFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One run of a vision process, watched. */
export class VisionChild {
  /** Resolves when the process and all it started are gone; null when it was asked to stop. */
  readonly ended: Promise<VisionFailure | null>;
  readonly #settings: VisionSettings;
  readonly #onMessage: (message: Told) => void;
  readonly #clips = new ClipAssembler();
  readonly #process: ChildProcess;
  readonly #pipe: ChildPipe;
  readonly #watch: NodeJS.Timeout;
  #allowedMs: number;
  #silentMs = 0;
  #stopping = false;
  #failure: VisionFailure | null = null;

  /**
   * Starts the process `entry`. `onMessage` gets its messages, each checked. Throws when the system refuses to
   * start a process in a way that Node throws for, want of memory for one.
   */
  constructor(settings: VisionSettings, onMessage: (message: Told) => void, entry = ENTRY) {
    this.#settings = settings;
    this.#onMessage = onMessage;
    this.#allowedMs = Math.max(READY_MS, settings.vision.hangMs);
    this.#process = start(entry);
    this.#pipe = new ChildPipe(this.#process.stdio?.[PIPE_FD], {
      packet: (packet) => this.#receive(packet),
      fault: (what) => this.#fail('VISION_FAILED', what),
    });
    this.ended = this.#end();
    this.#watch = this.#startWatch(settings.vision.hangMs / LOOKS_PER_HANG);
    this.send({ type: 'start', settings });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(message: ToVision): void {
    this.#pipe.send(encodeToVision(message));
  }

  /** Asks the process to end, and kills it if it does not; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.send({ type: 'stop' });
    const timer = setTimeout(() => this.#kill(), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #receive(packet: Packet): void {
    if (this.#failure !== null || this.#stopping) return;
    const { camera, vision } = this.#settings;
    const parsed = parseFromVision(packet, camera.id, monotonicMs());
    if ('problem' in parsed) {
      this.#fail('VISION_FAILED', `it sent what is no message: ${parsed.problem}`);
      return;
    }
    this.#silentMs = 0;
    if (parsed.type === 'ready') this.#allowedMs = vision.hangMs;
    if (parsed.type === 'failed') this.#failure = { code: parsed.code, message: parsed.message };
    if (parsed.type === 'heartbeat' && parsed.heartbeat.busyMs > vision.hangMs) {
      this.#fail(
        'VISION_HUNG',
        `it has been at work on one frame for ${parsed.heartbeat.busyMs.toFixed(0)} ms`,
      );
    } else if (parsed.type === 'clip') {
      this.#assemble(parsed);
    } else if (parsed.type !== 'failed') {
      this.#onMessage(parsed);
    }
  }

  #assemble({ part }: Extract<FromVision, { type: 'clip' }>): void {
    try {
      const clip = this.#clips.add(part);
      if (clip !== null) this.#onMessage({ type: 'clip', clip });
    } catch (error) {
      this.#fail('VISION_FAILED', `it sent what is no clip: ${messageOf(error)}`);
    }
  }

  /** Counts only time in which this process ran itself: after a suspend both sides need a moment. */
  #startWatch(period: number): NodeJS.Timeout {
    let last = monotonicMs();
    return setInterval(() => {
      const now = monotonicMs();
      this.#silentMs += Math.min(now - last, 2 * period);
      last = now;
      if (this.#silentMs > this.#allowedMs) {
        this.#fail('VISION_HUNG', `no sign of life for ${this.#silentMs.toFixed(0)} ms`);
      }
    }, period);
  }

  #fail(code: ErrorCode, what: string): void {
    this.#failure ??= { code, message: `${this.#label()}: ${what}. It was killed and is started again.` };
    this.#kill();
  }

  async #end(): Promise<VisionFailure | null> {
    const how = await new Promise<string>((resolve) => {
      this.#process.once('error', (error) => {
        if (this.#process.pid === undefined) resolve(`cannot be started: ${error.message}`);
      });
      this.#process.once('exit', (code, signal) => resolve(`ended by ${signal ?? `exit code ${code}`}`));
    });
    clearInterval(this.#watch);
    this.#kill();
    await this.#lastWords();
    if (this.#stopping) return null;
    return (
      this.#failure ?? { code: 'VISION_FAILED', message: `${this.#label()}: ${how}. It is started again.` }
    );
  }

  /** What the process said before it ended may still be in the pipe. */
  async #lastWords(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_WORDS_MS);
    });
    await Promise.race([this.#pipe.closed, late]);
    clearTimeout(timer);
  }

  /** Kills the process and whatever else is in its group. */
  #kill(): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // nobody is left in the group
    }
  }

  #label(): string {
    return `Vision process of camera ${this.#settings.camera.id}`;
  }
}

/**
 * Starts the process in a group of its own, to be killed with all it starts, and bound to this process where
 * util-linux has setpriv: then the kernel kills it when this process dies, even while it hangs. Its stdout goes to
 * stderr, because stdout belongs to the command that runs here.
 */
function start(entry: URL): ChildProcess {
  const node = [process.execPath, ...FRUGAL.args, ...loaderFor(entry), fileURLToPath(entry)];
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const [file = process.execPath, ...args] =
    setpriv === undefined ? node : [setpriv, '--pdeathsig', 'KILL', '--', ...node];
  const env: NodeJS.ProcessEnv = { ...FRUGAL.env };
  for (const name of ENVIRONMENT) if (process.env[name] !== undefined) env[name] = process.env[name];
  return spawn(file, args, {
    stdio: ['ignore', 2, 2, 'pipe'],
    detached: true,
    env,
  });
}

/** Running from source, Node reads TypeScript through tsx. */
function loaderFor(entry: URL): string[] {
  return entry.pathname.endsWith('.ts') ? ['--import', createRequire(import.meta.url).resolve('tsx')] : [];
}
