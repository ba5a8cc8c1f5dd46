import { table } from '../../../scripts/demo/screen.ts';
import { quantile } from '../../../scripts/support/quantile.ts';

/** The figures of the suite, for the table at its end. */
export class Tally {
  readonly #rows: string[][] = [];

  add(fault: string, what: string, figure: string | number): void {
    this.#rows.push([fault, what, String(figure)]);
  }

  /** Milliseconds: how many, the median and the worst. */
  times(fault: string, what: string, values: readonly number[]): void {
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    this.add(
      fault,
      what,
      values.length === 0
        ? 'none'
        : `median ${ms(quantile(values, 0.5))}, worst ${ms(Math.max(...values))} (of ${values.length})`,
    );
  }

  print(): void {
    if (this.#rows.length > 0) {
      console.log(`\n${table([['fault', 'what', 'figure'], ...this.#rows])}\n`);
    }
  }
}

/** How often each value occurs, for a table: `CAMERA_ENDED 20, CAMERA_UNREACHABLE 31`. */
export function counts(values: readonly unknown[]): string {
  const found = new Map<string, number>();
  for (const value of values) {
    found.set(String(value), (found.get(String(value)) ?? 0) + 1);
  }
  return [...found].map(([value, count]) => `${value} ${count}`).join(', ');
}

/** A random number below `max`. */
export function upTo(max: number): number {
  return Math.random() * max;
}
