import type { StepTime, TimedStep } from './messages.ts';

/** Samples kept of one step between two heartbeats; more than a camera can deliver in a second. */
const MAX_SAMPLES = 1000;

/** How long the steps took since the last reading. */
export class StepTimes {
  #samples = new Map<TimedStep, number[]>();

  add(step: TimedStep, ms: number): void {
    const samples = this.#samples.get(step) ?? [];
    if (samples.length === 0) this.#samples.set(step, samples);
    if (samples.length < MAX_SAMPLES) samples.push(ms);
  }

  /** Count, median and 99th percentile of each step since the last call. */
  read(): Partial<Record<TimedStep, StepTime>> {
    const result: Partial<Record<TimedStep, StepTime>> = {};
    for (const [step, samples] of this.#samples) {
      samples.sort((a, b) => a - b);
      result[step] = { count: samples.length, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
    }
    this.#samples = new Map();
    return result;
  }
}

/** The smallest sample that `part` (0..1) of the samples do not exceed; `sorted` is not empty. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
