/** One measured figure of `npm run bench`. */
export interface BenchRow {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** What the value should not exceed; null where it is only told. */
  readonly bound: number | null;
  /** Whether the value keeps the bound; true where there is none. */
  readonly holds: boolean;
  readonly what: string;
}

/** The value below which the part `q` (0..1) of the values lies: nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
