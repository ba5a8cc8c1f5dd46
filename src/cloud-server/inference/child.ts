import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ERRORS, type ErrorCode, MenshenError } from '../../common/index.ts';
import { type Answer, type Order, parseAnswer } from './tasks.ts';

/** Time to open the networks, on a slow board too. */
const READY_MS = 60_000;
/** The variables an inference process gets: the server's own may hold secrets. */
const ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './process.js', import.meta.url);

export type TaskAnswer = Extract<Answer, { readonly id: number }>;

/** One run of an inference process. */
export class InferenceProcess {
  /** Resolves when the networks are open; rejects when they cannot be opened. */
  readonly ready: Promise<void>;
  /** Resolves, with how it ended, when the process is gone. */
  readonly ended: Promise<string>;
  onAnswer: (answer: TaskAnswer) => void = () => {};
  readonly #process: ChildProcess;

  constructor(settings: { readonly modelsDir: string; readonly mirroredClips: boolean }) {
    this.#process = start();
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.ended.then(() => this.kill());
    this.ready = this.#listen();
    this.send({ type: 'start', ...settings });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(order: Order): void {
    if (this.#process.connected) this.#process.send(order, undefined, undefined, () => {});
  }

  /** Kills the process with the ffmpeg it may have started. */
  kill(): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // nobody is left in the group
    }
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.kill(), READY_MS);
      void this.ended.then((how) => {
        clearTimeout(late);
        reject(new MenshenError('INTERNAL', `The inference process ended before it was ready: ${how}.`));
      });
      this.#process.on('message', (message: unknown) => {
        const answer = parseAnswer(message);
        if (answer === null) this.kill();
        else if (answer.type === 'ready') {
          clearTimeout(late);
          resolve();
        } else if (answer.type === 'unfit') {
          reject(new MenshenError(codeOf(answer.code), answer.message));
        } else this.onAnswer(answer);
      });
    });
  }
}

function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'INTERNAL';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** In a group of its own, and bound to this process where util-linux has setpriv. Its stdout goes to stderr. */
function start(): ChildProcess {
  const loader = ENTRY.pathname.endsWith('.ts')
    ? ['--import', createRequire(import.meta.url).resolve('tsx')]
    : [];
  const node = [process.execPath, ...loader, fileURLToPath(ENTRY)];
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const [file = process.execPath, ...args] =
    setpriv === undefined ? node : [setpriv, '--pdeathsig', 'KILL', '--', ...node];
  const env: NodeJS.ProcessEnv = {};
  for (const name of ENVIRONMENT) if (process.env[name] !== undefined) env[name] = process.env[name];
  return spawn(file, args, {
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
    detached: true,
    env,
  });
}
