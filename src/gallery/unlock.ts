import { MenshenError } from '../common/index.ts';
import { RowCipher } from './cipher.ts';
import { type Db, guarded } from './database.ts';
import { createKeyFile, keyFile, parseKey, readKeyFile } from './key.ts';
import { readMeta } from './store.ts';

export interface Unlocked {
  readonly cipher: RowCipher;
  /** The key file, when it had to be made; else null. */
  readonly newKeyFile: string | null;
}

/**
 * The cipher for this gallery's rows. The key is `key` (64 hex digits, from the configuration) or else the file
 * "key" of the data directory, which is made only while nobody is enrolled.
 * Throws KEY_MISSING, KEY_WRONG, KEY_INVALID; nothing is overwritten then.
 */
export function unlock(db: Db, path: string, dataDir: string, key: string | undefined): Unlocked {
  const file = keyFile(dataDir);
  const where = key === undefined ? file : 'the configuration';
  return guarded(path, () =>
    db
      .transaction(() => {
        const stored = readMeta(db).keyCheck;
        const empty = isEmpty(db);
        if (stored === null && !empty) {
          throw new MenshenError(
            'GALLERY_CORRUPT',
            `The gallery ${path} has lost its key check value. Restore it from an export.`,
          );
        }
        const given = key === undefined ? readKeyFile(file) : parseKey(key, where);
        if (given === null && !empty) {
          throw new MenshenError(
            'KEY_MISSING',
            `The key ${file} of the gallery ${path} is missing. Restore the key the gallery was made with; nothing was overwritten.`,
          );
        }
        if (given !== null && stored !== null) {
          const cipher = new RowCipher(given);
          if (cipher.isKeyCheck(stored)) return { cipher, newKeyFile: null };
          throw new MenshenError(
            'KEY_WRONG',
            `The key from ${where} does not open the gallery ${path}. Restore the key the gallery was made with.`,
          );
        }
        const cipher = new RowCipher(given ?? createKeyFile(file));
        db.prepare('UPDATE meta SET key_check = ?').run(cipher.keyCheck);
        return { cipher, newKeyFile: given === null ? file : null };
      })
      .immediate(),
  );
}

function isEmpty(db: Db): boolean {
  return db.prepare('SELECT 1 FROM people UNION ALL SELECT 1 FROM passes LIMIT 1').get() === undefined;
}
