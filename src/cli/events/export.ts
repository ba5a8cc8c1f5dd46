import { once } from 'node:events';
import { z } from 'zod';
import { type JournalEvent, JournalReader } from '../../journal/index.ts';
import { dataDirOf, type Place } from './place.ts';

/** Events read at a time. */
const PAGE = 500;

export const EXPORT_FORMATS = ['jsonl', 'csv'] as const;

export interface ExportOptions extends Place {
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly after: number;
  /** UTC, ISO 8601; null for no bound. */
  readonly since: string | null;
  readonly until: string | null;
  /** Types, or beginnings of types ("access"); none for all. */
  readonly type: readonly string[];
}

const COLUMNS = [
  'seq',
  'id',
  'at',
  'gate',
  'type',
  'door',
  'camera',
  'cause',
  'reason',
  'person',
  'data',
] as const;

/** What of `data` has a column of its own. */
const FiguresSchema = z.object({
  reason: z.string().optional().catch(undefined),
  person: z.object({ name: z.string() }).nullish().catch(undefined),
});

/** `menshen events export`: the journal on stdout, oldest first, also beside a running gate. */
export async function exportEvents(options: ExportOptions): Promise<void> {
  const reader = new JournalReader({ dataDir: await dataDirOf(options) });
  if (options.format === 'csv') await write(csvLine(COLUMNS));
  const format = options.format === 'csv' ? csvOf : (event: JournalEvent) => `${JSON.stringify(event)}\n`;
  let { after } = options;
  for (;;) {
    const events = reader.range({ after, limit: PAGE });
    const wanted = events.filter((event) => isWanted(event, options));
    await write(wanted.map(format).join(''));
    if (events.length < PAGE) return;
    after = events.at(-1)?.seq ?? after;
  }
}

function isWanted({ at, type }: JournalEvent, options: ExportOptions): boolean {
  return (
    (options.since === null || at >= options.since) &&
    (options.until === null || at < options.until) &&
    (options.type.length === 0 || options.type.some((one) => type === one || type.startsWith(`${one}.`)))
  );
}

function csvOf(event: JournalEvent): string {
  const { reason, person } = FiguresSchema.parse(event.data);
  const { seq, id, at, gate, type, door, camera, cause, data } = event;
  return csvLine([seq, id, at, gate, type, door, camera, cause, reason, person?.name, JSON.stringify(data)]);
}

/** RFC 4180. A text that a spreadsheet would take for a formula is given an apostrophe. */
function csvLine(values: readonly (string | number | null | undefined)[]): string {
  const cells = values.map((value) => {
    const text = String(value ?? '');
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${cells.join(',')}\r\n`;
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}
