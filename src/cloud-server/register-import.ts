import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputRefused, normaliseIdNumber, normaliseName } from '../cloud/index.ts';
import { type CsvRow, type Logger, MenshenError, messageOf, parseCsv } from '../common/index.ts';
import { defaultModelsDir } from '../vision/models/index.ts';
import { InferencePool } from './inference/pool.ts';
import type { CloudStore, RegisterEntry } from './store/index.ts';

/** Headings by which a column is known, as English and as Chinese offices write them. */
const COLUMNS = {
  name: ['name', 'full_name', '姓名'],
  idNumber: ['id_number', 'id', '身份证号', '身份证号码', '公民身份号码'],
  portrait: ['portrait', 'photo', '照片', '人像'],
} as const;
type Column = keyof typeof COLUMNS;

const AT_ONCE = 4;

export interface RegisterImport {
  readonly store: CloudStore;
  readonly log: Logger;
  readonly modelsDir?: string;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Imports people from a CSV file with a heading: name, id_number and, where there is one, portrait (a picture file,
 * relative to the CSV file). All of it or nothing. Throws CLOUD_REGISTER_INVALID, which names the line, but neither
 * name nor ID number.
 */
export async function importRegister(
  path: string,
  options: RegisterImport,
): Promise<{ people: number; portraits: number }> {
  const people = peopleOf(path);
  const withPortrait = people.filter(({ portrait }) => portrait !== null).length;
  const entries = await withFaces(people, withPortrait, options);
  options.store.register.put(entries, new Date());
  return { people: people.length, portraits: withPortrait };
}

interface Person {
  readonly line: number;
  readonly name: string;
  readonly idNumber: string;
  /** Path of the picture. */
  readonly portrait: string | null;
}

function peopleOf(path: string): Person[] {
  const [heading, ...rows] = rowsOf(path);
  if (heading === undefined) throw invalid(path, 1, 'the file is empty');
  const at = {
    name: columnOf(heading, 'name'),
    idNumber: columnOf(heading, 'idNumber'),
    portrait: columnOf(heading, 'portrait'),
  };
  if (at.name < 0 || at.idNumber < 0) {
    throw invalid(path, 1, 'the heading must name the columns name, id_number and, if any, portrait');
  }
  const seen = new Map<string, number>();
  return rows.map(({ line, fields }) => {
    const refuse = (why: string) => invalid(path, line, why);
    const picture = at.portrait < 0 ? '' : (fields[at.portrait] ?? '').trim();
    const person = {
      line,
      name: normal(() => normaliseName(fields[at.name] ?? ''), refuse),
      idNumber: normal(() => normaliseIdNumber(fields[at.idNumber] ?? ''), refuse),
      portrait: picture === '' ? null : resolve(dirname(path), picture),
    };
    const before = seen.get(person.idNumber);
    if (before !== undefined) throw refuse(`the ID number stands on line ${before} already`);
    seen.set(person.idNumber, line);
    return person;
  });
}

function rowsOf(path: string): CsvRow[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new MenshenError('CLOUD_REGISTER_INVALID', `${path} cannot be read as UTF-8: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const rows = parseCsv(text);
  if (rows === null)
    throw new MenshenError('CLOUD_REGISTER_INVALID', `${path}: a quotation mark is out of place.`);
  return rows;
}

function columnOf({ fields }: CsvRow, column: Column): number {
  const names: readonly string[] = COLUMNS[column];
  return fields.findIndex((field) => names.includes(field.trim().toLowerCase()));
}

function normal(make: () => string, refuse: (why: string) => MenshenError): string {
  try {
    return make();
  } catch (error) {
    if (error instanceof InputRefused) throw refuse(error.message);
    throw error;
  }
}

async function withFaces(
  people: readonly Person[],
  portraits: number,
  options: RegisterImport,
): Promise<RegisterEntry[]> {
  if (portraits === 0) return people.map((person) => ({ ...person, face: null }));
  const pool = await InferencePool.start({
    processes: 1,
    queue: AT_ONCE,
    modelsDir: options.modelsDir ?? defaultModelsDir(),
    mirroredClips: false,
    log: options.log,
  });
  try {
    const entries: RegisterEntry[] = [];
    for (let from = 0; from < people.length; from += AT_ONCE) {
      const part = people.slice(from, from + AT_ONCE);
      entries.push(...(await Promise.all(part.map((person) => withFace(person, pool)))));
      options.onProgress?.(entries.length, people.length);
    }
    return entries;
  } finally {
    await pool.close();
  }
}

async function withFace(
  { line, name, idNumber, portrait }: Person,
  pool: InferencePool,
): Promise<RegisterEntry> {
  if (portrait === null) return { name, idNumber, face: null };
  const refuse = (why: string) => invalid(portrait, line, why);
  const picture = await readFile(portrait).catch((error: unknown) => {
    throw refuse(`the portrait cannot be read: ${messageOf(error)}`);
  });
  const outcome = await pool.run('portrait', { kind: 'portrait', picture, jpegOnly: false });
  if (outcome.kind === 'refused')
    throw refuse('the portrait is no JPEG, PNG or BMP of 32 to 5000 pixels, or damaged');
  if (outcome.kind !== 'done') throw refuse('the portrait could not be judged');
  const { face } = outcome.value;
  if (face === null) throw refuse('there is no face in the portrait');
  if (!face.good) throw refuse('the face in the portrait is too small, blurred, dark or bright');
  return { name, idNumber, face: { model: `${face.model.id} ${face.model.version}`, vector: face.vector } };
}

function invalid(path: string, line: number, why: string): MenshenError {
  return new MenshenError('CLOUD_REGISTER_INVALID', `${path}, line ${line}: ${why}.`);
}
