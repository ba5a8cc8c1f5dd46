/**
 * Milliseconds of CLOCK_MONOTONIC, with fractions. On Linux every process of a machine reads the same
 * clock, so a capture time taken in the vision process can be compared with "now" in the gate process,
 * and a step of the wall clock (NTP, a dead RTC battery) changes no age and no timeout.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** UTC, ISO 8601 with milliseconds: the only form of wall-clock time in records. */
export function isoNow(): string {
  return new Date().toISOString();
}
