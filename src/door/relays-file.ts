import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { MenshenError, makeFolder, messageOf } from '../common/index.ts';
import { type DoorConfig, DoorSchema, type LineConfig, lineKey } from '../config/index.ts';

const FILE = 'relays.json';

/** Where the service unit has its runtime directory; looked into when `release` is called by hand. */
const SYSTEM_FOLDER = '/run/menshen';

const RelaysFileSchema = z.strictObject({
  version: z.literal(1),
  /** Whose gate it was: a machine may run several. */
  dataDir: z.string(),
  relays: z.array(DoorSchema.shape.relay.omit({ pulseMs: true }).extend({ door: DoorSchema.shape.id })),
});

/** The relay of a door: its line, and how it is wired. */
export type RelayLine = z.infer<typeof RelaysFileSchema>['relays'][number];

/** What a gate has left about its relays. */
export interface RecordedRelays {
  readonly relays: readonly RelayLine[];
  /** Records that could not be read, each with the reason. */
  readonly problems: readonly string[];
}

/**
 * Leaves a record of the relay lines that a gate drives, and how, for `menshen door release`: it must work when
 * the configuration is no longer valid, or says something else by then. Written whole or not at all, 0600, into
 * the runtime directory of systemd, else into `<dataDir>/run`. Never throws: gives back why it could not be written
 * (DATA_DIR_UNUSABLE), for the log; the record before it is gone then, since one with the wrong polarity would unlock.
 */
export function recordRelays(doors: readonly DoorConfig[], dataDir: string): MenshenError | null {
  const folder = runtimeDirectory() ?? join(dataDir, 'run');
  const file = join(folder, FILE);
  const relays = doors.map(({ id, relay: { line, activeLow, energised } }): RelayLine => {
    return { door: id, line, activeLow, energised };
  });
  try {
    makeFolder(folder, 0o700);
    writeWhole(file, JSON.stringify({ version: 1, dataDir: resolve(dataDir), relays }));
    return null;
  } catch (error) {
    return new MenshenError(
      'DATA_DIR_UNUSABLE',
      `the relays could not be recorded in ${file}: ${messageOf(error)}; until they are, \`menshen door release\` goes by the configuration alone${remove(file)}`,
      { cause: error },
    );
  }
}

/** What the gate of this data directory last recorded. Never throws. */
export function recordedRelays(dataDir: string): RecordedRelays {
  const own = runtimeDirectory();
  const folders = own === undefined ? [SYSTEM_FOLDER, join(dataDir, 'run')] : [own];
  const relays: RelayLine[] = [];
  const problems: string[] = [];
  for (const folder of folders) {
    try {
      const record = read(join(folder, FILE));
      if (record === null || (folder === SYSTEM_FOLDER && record.dataDir !== resolve(dataDir))) continue;
      relays.push(...record.relays.filter((relay) => !relays.some((known) => sameLine(known, relay))));
    } catch (error) {
      problems.push(`${join(folder, FILE)} could not be read and is not used: ${messageOf(error)}`);
    }
  }
  return { relays, problems };
}

/** Both are the same line of the same driver. */
export function sameLine(one: { readonly line: LineConfig }, other: { readonly line: LineConfig }): boolean {
  return lineKey(one.line) === lineKey(other.line);
}

/** systemd names the directory it keeps for the service; several are separated by colons. */
function runtimeDirectory(): string | undefined {
  const [first = ''] = (process.env.RUNTIME_DIRECTORY ?? '').split(':');
  return first === '' ? undefined : first;
}

function writeWhole(file: string, text: string): void {
  const next = `${file}.new`;
  const handle = openSync(next, 'w', 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
}

function remove(file: string): string {
  try {
    rmSync(file, { force: true });
    return '';
  } catch (error) {
    return `; the record before it is out of date and could not be removed: ${messageOf(error)}`;
  }
}

function read(file: string): z.infer<typeof RelaysFileSchema> | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) return null;
    throw error;
  }
  const parsed = RelaysFileSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}
