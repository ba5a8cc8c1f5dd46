import type { CheckRow } from './checks.ts';

const WORDS = { good: 'good', failed: 'FAILED', skipped: 'skipped' } as const;

/** The checks as lines for a person, failures with what to do. */
export function tableOf(endpoint: string, rows: readonly CheckRow[]): string[] {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.flatMap(({ what, result, ms, said, advice }) => [
    `${what.padEnd(width)}  ${WORDS[result].padEnd(7)}  ${(ms === null ? '' : `${Math.round(ms)} ms`).padStart(8)}  ${said}`,
    ...(advice === null ? [] : [`${' '.repeat(width)}           ${' '.repeat(8)}  -> ${advice}`]),
  ]);
  return [endpoint, ...lines];
}
