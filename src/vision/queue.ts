/** Runs jobs one after another: the buffers of the networks serve one face at a time. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `job` when all jobs given before have ended, whether well or not. */
  run<T>(job: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(job, job);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
