/** What is left of a package. Times are UTC milliseconds. */
export interface Stock {
  readonly remaining: number;
  readonly validFrom: number;
  readonly validUntil: number;
}

const DAY_MS = 86_400_000;
/** Further ahead nobody plans: packages last a year. */
const MAX_DAYS = 3660;
/** Stands for no use at all: above nothing, and no denormal, which a thread that flushes them takes for zero. */
const NEXT_TO_NOTHING = 1e-9;

/**
 * Whole days for which the packages, used in the order given, cover `perDay` calls from `now` on; null without any
 * package. With no use it is the time until the last of them ends.
 */
export function daysCovered(stocks: readonly Stock[], perDay: number, now: number): number | null {
  if (stocks.length === 0) return null;
  const left = stocks.map((stock) => stock.remaining);
  for (let day = 0; day < MAX_DAYS; day += 1) {
    const at = now + day * DAY_MS;
    let need = Math.max(perDay, NEXT_TO_NOTHING);
    stocks.forEach((stock, index) => {
      if (at < stock.validFrom || at >= stock.validUntil) return;
      const taken = Math.min(need, left[index] ?? 0);
      left[index] = (left[index] ?? 0) - taken;
      need -= taken;
    });
    if (need > 0) return day;
  }
  return MAX_DAYS;
}
