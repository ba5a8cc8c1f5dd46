import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Outcome } from '../access/index.ts';
import { MenshenError } from '../common/index.ts';
import { type JournalEvent, JournalReader } from '../journal/index.ts';
import { EXPORT_FORMATS, type ExportOptions, exportEvents } from './events/export.ts';
import { dataDirOf, type Place, placed } from './events/place.ts';
import { type VerifyOptions, verify } from './events/verify.ts';
import { explainEvent, summaryLine } from './explain.ts';
import { replayEvent } from './replay.ts';

/** How often `--follow` looks for new events. */
const POLL_MS = 250;

/** Events read at a time, and how far behind an event its consequences are looked for. */
const PAGE = 500;
const CONSEQUENCES = 200;

interface TailOptions extends Place {
  readonly number: number;
  readonly follow?: true;
  readonly json?: true;
}

/** `menshen events tail|explain|export|verify`. Reads the journal beside a running gate. Errors are thrown as MenshenError for main.ts to print. */
export function eventsCommand(): Command {
  const events = new Command('events').description('follow, explain, export and verify events');
  placed(events.command('tail'))
    .description('print the newest events, oldest first')
    .option('-n, --number <count>', 'how many', count, 20)
    .option('-f, --follow', 'go on with new events as they are recorded')
    .option('--json', 'one JSON object a line, whole')
    .action((options: TailOptions) => tail(options));
  placed(events.command('replay'))
    .description('judge a recorded decision again, by what the rules looked at then')
    .argument('<id>', 'number, id, or the beginning of an id')
    .option('--json', 'both outcomes as JSON')
    .action((id: string, options: Place & { json?: true }) => replay(id, options));
  placed(events.command('explain'))
    .description('explain one event for a person: of a decision, all that led to it')
    .argument('<id>', 'number, id, or the beginning of an id')
    .option('--json', 'the event as JSON')
    .action((id: string, options: Place & { json?: true }) => explain(id, options));
  placed(events.command('export'))
    .description('print the journal, oldest first')
    .addOption(
      new Option('-f, --format <format>', 'one JSON object a line, or a table')
        .choices(EXPORT_FORMATS)
        .default('jsonl'),
    )
    .option('--after <number>', 'only events numbered above', count, 0)
    .option('--since <time>', 'only events at or after this time (2026-05-01, or ISO 8601)', time, null)
    .option('--until <time>', 'only events before this time', time, null)
    .option('-t, --type <type...>', 'only these types; "access" stands for all that begin so', [])
    .action((options: ExportOptions) => exportEvents(options));
  placed(events.command('verify'))
    .description('prove that no record was altered, moved or taken away')
    .option(
      '--public-key <base64>',
      "the device's public key as kept elsewhere; by default that of the key file beside the journal",
    )
    .option('--json', 'print as JSON')
    .action((options: VerifyOptions) => verify(options));
  return events;
}

async function tail(options: TailOptions): Promise<void> {
  const reader = await readerOf(options);
  const print = (event: JournalEvent) =>
    console.log(options.json ? JSON.stringify(event) : summaryLine(event));
  const newest = reader.latest(Math.max(1, options.number));
  newest.slice(newest.length - Math.min(options.number, newest.length)).forEach(print);
  let last = newest.at(-1)?.seq ?? 0;
  while (options.follow) {
    await sleep(POLL_MS);
    const events = patiently(() => following(reader, last));
    events.forEach(print);
    last = events.at(-1)?.seq ?? last;
  }
}

/** What came after number `last`; everything, when a new journal has begun its numbers again. */
function following(reader: JournalReader, last: number): JournalEvent[] {
  const events = reader.range({ after: last, limit: PAGE });
  if (events.length > 0 || (reader.latest(1)[0]?.seq ?? last) >= last) {
    return events;
  }
  return reader.range({ after: 0, limit: PAGE });
}

/** For a moment, while a damaged journal is replaced, there is none. */
function patiently(read: () => JournalEvent[]): JournalEvent[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof MenshenError && error.code === 'JOURNAL_UNREADABLE') {
      return [];
    }
    throw error;
  }
}

async function explain(id: string, options: Place & { json?: true }): Promise<void> {
  const reader = await readerOf(options);
  const event = reader.get(id);
  if (options.json) {
    console.log(JSON.stringify(event, null, 2));
    return;
  }
  const consequences = reader
    .range({ after: event.seq, limit: CONSEQUENCES })
    .filter(({ cause }) => cause === event.id);
  console.log(explainEvent(event, consequences));
}

/** Judges a recorded decision again; fails when it comes out otherwise. */
async function replay(id: string, options: Place & { json?: true }): Promise<void> {
  const event = (await readerOf(options)).get(id);
  const result = replayEvent(event);
  if (options.json) console.log(JSON.stringify(result, null, 2));
  const line = ({ outcome, reason, rule, detail }: Outcome) =>
    `${outcome}, ${reason}, rule "${rule}": ${detail}`;
  if (!result.sameRules) console.error('note: the record was made by rules of another version');
  if (!result.same) {
    throw new MenshenError(
      'EVENT_REPLAY_DIFFERS',
      `recorded: ${line(result.recorded)}\njudged again: ${line(result.replayed)}`,
    );
  }
  if (!options.json) console.log(`the same again: ${line(result.replayed)}`);
}

async function readerOf(place: Place): Promise<JournalReader> {
  return new JournalReader({ dataDir: await dataDirOf(place) });
}

function count(text: string): number {
  if (!/^\d{1,7}$/.test(text)) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 9999999.');
  }
  return Number(text);
}

function time(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError('It must be a date, or a time in ISO 8601.');
  }
  return at.toISOString();
}
