import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MenshenError, messageOf } from '../common/index.ts';
import { describeProblems } from './problems.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { readYaml } from './source.ts';
import { isMapping, type KeyPath, mapMarked } from './tree.ts';

/** A configuration that was read, checked and completed with the defaults. */
export interface LoadedConfig {
  /** Deeply frozen; every path in it is absolute. */
  readonly config: Config;
  /** Absolute path of the file. */
  readonly path: string;
  /**
   * Version of the configuration: the first 12 hex digits of the SHA-256 of its canonical JSON (keys sorted,
   * defaults filled in, paths as written, literal secrets left out). Comments and order don't change it.
   */
  readonly sha256: string;
  /** Line of the file (from 1) at which a setting stands, or what holds it where it is a default. */
  line(path: KeyPath): number;
}

/** Hundreds of doors fit in; a log given by mistake does not. */
const MAX_CONFIG_BYTES = 262_144;
const SYSTEM_PATH = '/etc/menshen/menshen.yaml';
const LOCAL_PATH = 'menshen.yaml';

/** The file to read: the one given (`--config`), else $MENSHEN_CONFIG, else /etc/menshen/menshen.yaml, else ./menshen.yaml. */
export function configPath(given?: string): string {
  const environment = process.env.MENSHEN_CONFIG;
  if (given !== undefined) return resolve(given);
  if (environment !== undefined && environment !== '') return resolve(environment);
  return existsSync(SYSTEM_PATH) || !existsSync(LOCAL_PATH) ? SYSTEM_PATH : resolve(LOCAL_PATH);
}

/**
 * Reads the configuration at `path` (by default the one `configPath()` names). Relative paths in it are reckoned
 * from the folder of the file.
 * @throws MenshenError CONFIG_UNREADABLE, CONFIG_SYNTAX, or CONFIG_INVALID listing every problem with line and column.
 */
export async function loadConfig(path: string = configPath()): Promise<LoadedConfig> {
  const file = resolve(path);
  return parseConfig(await readText(file), file);
}

/** `loadConfig` for a text in memory; `file` is its absolute path, for messages and relative paths. */
export function parseConfig(text: string, file: string): LoadedConfig {
  const source = readYaml(text, file);
  const parsed = ConfigSchema.safeParse(source.value);
  if (!parsed.success) {
    const problems = describeProblems(parsed.error.issues, source, file);
    throw new MenshenError('CONFIG_INVALID', problems.join('\n'));
  }
  const directory = dirname(file);
  return {
    config: deepFreeze(mapMarked(parsed.data, 'x-path', (part) => absolute(part, directory))),
    path: file,
    sha256: versionOf(parsed.data),
    line: (keys) => source.locate(keys).line,
  };
}

async function readText(file: string): Promise<string> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new MenshenError('CONFIG_UNREADABLE', `${file}: ${why}`, { cause });
  };
  let bytes: Uint8Array;
  try {
    const stats = await stat(file);
    if (!stats.isFile()) return refuse('is not a file');
    if (stats.size > MAX_CONFIG_BYTES) {
      return refuse(`holds ${stats.size} bytes; at most ${MAX_CONFIG_BYTES} are allowed`);
    }
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    return refuse(messageOf(error), error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    return refuse('is not UTF-8 text', error);
  }
}

function absolute(part: unknown, directory: string): unknown {
  return typeof part === 'string' && !part.includes('://') ? resolve(directory, part) : part;
}

function versionOf(config: Config): string {
  const canonical = JSON.stringify(withoutSecrets(config), (_, value: unknown) =>
    isMapping(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
  return createHash('sha256').update(canonical).digest('hex').slice(0, 12);
}

/**
 * A copy that may be shown or logged: literal secrets read `***`. Where a secret is named by file, credential or
 * environment variable, the name stays.
 */
export function redactConfig(config: Config): Config {
  return withoutSecrets(config);
}

/** Whether a secret stands in the configuration itself, wherever in it. */
export function hasLiteralSecret(config: Config): boolean {
  let found = false;
  mapMarked(config, 'x-secret', (part) => {
    found ||= isLiteral(part);
    return part;
  });
  return found;
}

function withoutSecrets(config: Config): Config {
  return mapMarked(config, 'x-secret', (part) => (isLiteral(part) ? { value: '***' } : part));
}

function isLiteral(secret: unknown): boolean {
  return isMapping(secret) && Object.hasOwn(secret, 'value');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const entry of Object.values(value)) deepFreeze(entry);
    Object.freeze(value);
  }
  return value;
}
