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
