import type { Rate } from '../statistics/binomial.ts';
import type { Bounds } from '../statistics/bootstrap.ts';

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Plot {
  readonly title: string;
  /** One whole `<svg>` element. */
  readonly svg: string;
}

/** What an evaluation found, for people (facts, tables, plots, notes) and for machines (`figures`, plain JSON). */
export interface Report {
  readonly title: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** What the reader must know to read the figures right. */
  readonly notes: readonly string[];
  readonly figures: Readonly<Record<string, unknown>>;
}

/** "1.23 %", with as many digits as are worth something. */
export function percent(value: number): string {
  if (Number.isNaN(value)) return 'too little data';
  const part = 100 * value;
  return `${part.toFixed(part !== 0 && part < 0.1 ? 4 : 2)} %`;
}

/** "1.23 % (0.80 to 1.90)". */
export function withBounds(value: number, { low, high }: Bounds): string {
  if (Number.isNaN(value)) return 'too little data';
  return Number.isNaN(low) ? 'too few people' : `${percent(value)} (${percent(low)} to ${percent(high)})`;
}

/** "1.23 % (0.80 to 1.90), 12 of 976". */
export function rateText(rate: Rate): string {
  if (rate.trials === 0) return 'too little data (0 trials)';
  return `${withBounds(rate.value, rate)}, ${rate.events} of ${rate.trials}`;
}

/** Decimal logarithm of a likelihood ratio; null for a network that was never calibrated. */
export function ratioText(ratio: number | null): string {
  return ratio === null ? 'not calibrated' : ratio.toFixed(2);
}

export function threshold(value: number): string {
  return Number.isNaN(value) ? 'none' : value.toFixed(4);
}
