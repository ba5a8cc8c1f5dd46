import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MenshenError, messageOf } from '../common/index.ts';
import type { SecretSource } from './schema.ts';

/** No password or key is longer; a wrong path (a log, a device) is noticed before it is read. */
const MAX_SECRET_BYTES = 65_536;

/**
 * The secret itself, without the one newline at its end that editors leave. The result must never be logged.
 * A file that every user of the machine can read is refused.
 * @throws MenshenError SECRET_UNREADABLE, naming the source but not the content.
 */
export function resolveSecret(source: SecretSource): string {
  if ('value' in source) return source.value;
  if ('env' in source) {
    const value = process.env[source.env];
    if (value === undefined || value === '') {
      throw new MenshenError('SECRET_UNREADABLE', `the environment variable ${source.env} is not set`);
    }
    return value;
  }
  return readSecretFile('file' in source ? source.file : credentialPath(source.credential));
}

/** As `resolveSecret`; a secret that is not configured is undefined. */
export function secretOf(source: SecretSource | undefined): string | undefined {
  return source === undefined ? undefined : resolveSecret(source);
}

/** systemd puts the credentials of LoadCredential= into a folder of the service's own. */
function credentialPath(name: string): string {
  const directory = process.env.CREDENTIALS_DIRECTORY;
  if (directory === undefined || directory === '') {
    throw new MenshenError(
      'SECRET_UNREADABLE',
      `the credential "${name}" is asked for, but CREDENTIALS_DIRECTORY is not set: the process was not started by systemd with LoadCredential=`,
    );
  }
  if (basename(name) !== name || name === '..' || name === '.') {
    throw new MenshenError('SECRET_UNREADABLE', `"${name}" is no name of a credential: it must not hold "/"`);
  }
  return join(directory, name);
}

function readSecretFile(path: string): string {
  const refuse = (why: string): never => {
    throw new MenshenError('SECRET_UNREADABLE', `${path}: ${why}`);
  };
  let content: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o007) !== 0) refuse('every user of this machine can read or change it; run `chmod o= FILE`');
    if (size > MAX_SECRET_BYTES) refuse(`holds ${size} bytes; at most ${MAX_SECRET_BYTES} are allowed`);
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw new MenshenError('SECRET_UNREADABLE', `${path}: ${messageOf(error)}`, { cause: error });
  }
  const secret = content.replace(/\r?\n$/, '');
  return secret === '' ? refuse('is empty') : secret;
}
