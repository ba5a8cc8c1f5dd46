/** One measured figure of `npm run bench`. */
export interface BenchRow {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** What the value should keep to; null where it is only told. */
  readonly bound: number | null;
  /** The bound is the least the value should be, not the most. */
  readonly least?: boolean;
  /** Whether the value keeps the bound; true where there is none. */
  readonly holds: boolean;
  readonly what: string;
}

/** A figure without a bound. */
export function told(id: string, value: number, unit: string, what: string): BenchRow {
  return { id, value, unit, bound: null, holds: true, what };
}

/** A figure that should not be larger than `bound`. */
export function atMost(id: string, value: number, unit: string, bound: number, what: string): BenchRow {
  return { id, value, unit, bound, holds: value <= bound, what };
}

/** A figure that should not be smaller than `bound`. */
export function atLeast(id: string, value: number, unit: string, bound: number, what: string): BenchRow {
  return { id, value, unit, bound, least: true, holds: value >= bound, what };
}
