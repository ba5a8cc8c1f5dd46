import { MenshenError } from '../common/index.ts';
import { resolveSecret } from '../config/index.ts';
import { askSecret, canAsk } from './ask.ts';

/** Characters a new passphrase must have: the file may lie around for years, and only the passphrase guards it. */
export const PASSPHRASE_MIN = 12;

const VARIABLE = 'MENSHEN_PASSPHRASE';

/**
 * The passphrase of an export: from the file, else the environment, else typed in (twice when it is new).
 * Never from the command line, where every user of the machine can read it. Throws USAGE, SECRET_UNREADABLE.
 */
export async function readPassphrase(options: {
  file?: string | undefined;
  isNew: boolean;
}): Promise<string> {
  const passphrase = await find(options);
  if (options.isNew && [...passphrase].length < PASSPHRASE_MIN) {
    throw new MenshenError(
      'USAGE',
      `The passphrase is too short; use at least ${PASSPHRASE_MIN} characters.`,
    );
  }
  return passphrase;
}

async function find({ file, isNew }: { file?: string | undefined; isNew: boolean }): Promise<string> {
  if (file !== undefined) return resolveSecret({ file });
  const given = process.env[VARIABLE];
  if (given !== undefined && given !== '') return given;
  if (!canAsk()) {
    throw new MenshenError('USAGE', `No passphrase: name a file with --passphrase-file, or set ${VARIABLE}.`);
  }
  const typed = await askSecret('Passphrase: ');
  if (isNew && (await askSecret('Once more: ')) !== typed) {
    throw new MenshenError('USAGE', 'The two passphrases differ.');
  }
  return typed;
}
