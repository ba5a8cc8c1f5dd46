import { type Logger, monotonicMs } from '../../common/index.ts';
import { InferenceProcess, type TaskAnswer } from './child.ts';
import { parseResult, type Refused, type Task, type TaskKind, type TaskResult } from './tasks.ts';

/** Tasks of one process at a time: while one is in the networks, the picture of the next is decoded. */
const AT_ONCE = 2;
/** From here on a process is taken to hang; action liveness decodes and looks at up to 120 pictures. */
const TASK_MS: Readonly<Record<TaskKind, number>> = {
  detect: 15_000,
  attributes: 15_000,
  compare: 20_000,
  silentLiveness: 15_000,
  portrait: 15_000,
  actionLiveness: 45_000,
};
const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 10_000;

export interface PoolOptions {
  readonly processes: number;
  /** Tasks that may wait; with more the server says that there are too many calls. */
  readonly queue: number;
  readonly modelsDir: string;
  readonly mirroredClips: boolean;
  readonly log: Logger;
}

/** How a task ended. `busy`: it was not begun, the queue is full. `failed`: our own fault. */
export type Outcome<Kind extends TaskKind> =
  | { readonly kind: 'done'; readonly value: TaskResult<Kind> }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed' };

/** The end of a task as the process tells it. */
type Ending =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'failed' };

interface Job {
  readonly task: Task;
  readonly finish: (ending: Ending) => void;
  deadline: number;
}

/** Inference processes behind a bounded queue: started, watched, and started again when one dies or hangs. */
export class InferencePool {
  readonly #options: PoolOptions;
  readonly #workers: Worker[];
  readonly #waiting: Job[] = [];
  #closed = false;

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.processes }, () => new Worker());
  }

  /** Resolves when every process has opened its networks. Throws what keeps one from it, MODEL_MISSING for one. */
  static async start(options: PoolOptions): Promise<InferencePool> {
    const pool = new InferencePool(options);
    try {
      await Promise.all(pool.#workers.map((worker) => pool.#launch(worker)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Tasks that wait for a process, and tasks in work. */
  get load(): { readonly waiting: number; readonly working: number } {
    return {
      waiting: this.#waiting.length,
      working: this.#workers.reduce((sum, worker) => sum + worker.jobs.size, 0),
    };
  }

  /** Process ids, for those that watch. */
  get pids(): number[] {
    return this.#workers.flatMap(({ child }) => child?.pid ?? []);
  }

  /** Does a task in one of the processes. Never rejects. */
  run<Kind extends TaskKind>(kind: Kind, task: Extract<Task, { kind: Kind }>): Promise<Outcome<Kind>> {
    if (this.#closed) return Promise.resolve({ kind: 'failed' });
    if (this.#waiting.length >= this.#options.queue) return Promise.resolve({ kind: 'busy' });
    return new Promise((resolve) => {
      const finish = (ending: Ending): void => {
        const value = ending.kind === 'done' ? parseResult<Kind>(kind, ending.value) : null;
        if (value !== null) resolve({ kind: 'done', value });
        else resolve(ending.kind === 'refused' ? ending : { kind: 'failed' });
      };
      this.#waiting.push({ task, finish, deadline: Number.POSITIVE_INFINITY });
      this.#next();
    });
  }

  /** Ends the processes; what waits fails. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.finish({ kind: 'failed' });
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const free = this.#workers
        .filter(({ ready, jobs }) => ready && jobs.size < AT_ONCE)
        .sort((a, b) => a.jobs.size - b.jobs.size)[0];
      if (free === undefined) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      job.deadline = monotonicMs() + TASK_MS[job.task.kind];
      free.give(job);
    }
  }

  async #launch(worker: Worker): Promise<void> {
    const { modelsDir, mirroredClips, log } = this.#options;
    const child = new InferenceProcess({ modelsDir, mirroredClips });
    worker.child = child;
    child.onAnswer = (answer) => {
      if (worker.child !== child) return;
      const job = worker.jobs.get(answer.id);
      worker.jobs.delete(answer.id);
      if (answer.type === 'failed') log.error({ task: job?.task.kind }, answer.message);
      job?.finish(endingOf(answer));
      this.#next();
    };
    void child.ended.then((how) => {
      if (worker.child === child) this.#replace(worker, how);
    });
    await child.ready;
    worker.readySince = monotonicMs();
    worker.watch = setInterval(() => this.#watch(worker), 250);
    this.#next();
  }

  #watch(worker: Worker): void {
    const late = [...worker.jobs.values()].find(({ deadline }) => deadline < monotonicMs());
    if (late === undefined) return;
    this.#options.log.error({ task: late.task.kind }, 'an inference process hangs and is killed');
    worker.child?.kill();
  }

  #replace(worker: Worker, how: string): void {
    const wasReady = worker.readySince !== null;
    worker.fail();
    // A process that never opened its networks is told by the rejection of `start`, or by the retry that follows.
    if (this.#closed) return;
    if (wasReady) worker.failures = 0;
    const delay = Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** worker.failures++);
    this.#options.log.error({ delay }, `an inference process ended (${how}) and is started again`);
    setTimeout(() => {
      // Should it fail, its end brings us back here.
      if (!this.#closed) this.#launch(worker).catch(() => {});
    }, delay).unref();
  }
}

class Worker {
  child: InferenceProcess | null = null;
  readySince: number | null = null;
  failures = 0;
  watch: NodeJS.Timeout | null = null;
  readonly jobs = new Map<number, Job>();
  #count = 0;

  get ready(): boolean {
    return this.readySince !== null;
  }

  give(job: Job): void {
    const id = this.#count++;
    this.jobs.set(id, job);
    this.child?.send({ type: 'task', id, task: job.task });
  }

  fail(): void {
    this.readySince = null;
    this.child = null;
    if (this.watch !== null) clearInterval(this.watch);
    for (const [id, job] of [...this.jobs]) {
      this.jobs.delete(id);
      job.finish({ kind: 'failed' });
    }
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.fail();
    if (child === null) return;
    child.kill();
    await child.ended;
  }
}

function endingOf(answer: TaskAnswer): Ending {
  if (answer.type === 'result') return { kind: 'done', value: answer.value };
  return answer.type === 'refused' ? { kind: 'refused', refused: answer.refused } : { kind: 'failed' };
}
