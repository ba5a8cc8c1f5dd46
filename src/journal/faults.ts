import Database from 'better-sqlite3';
import { MenshenError } from '../common/index.ts';

/** The file is damaged or no database at all. */
export function isDamage(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

/** The disk (or its file system) did not do what was asked: full, read-only, failing, locked. */
export function isDiskFault(error: unknown): boolean {
  if (error instanceof Database.SqliteError) {
    return /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY|LOCKED|NOMEM|PERM|PROTOCOL)/.test(error.code);
  }
  return error instanceof Error && 'syscall' in error;
}

export type DiskFault = 'full' | 'readonly' | 'failing';

/** What is wrong with the disk, by the cause of a JOURNAL_WRITE_FAILED. */
export function diskFaultOf(cause: unknown): DiskFault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) return 'full';
  return /^(SQLITE_READONLY|EROFS)/.test(code) ? 'readonly' : 'failing';
}

/** A transaction that found the disk full is rolled back and leaves the handle sound; other faults may not. */
export function needsReopening(error: unknown): boolean {
  return !(error instanceof Database.SqliteError && error.code === 'SQLITE_FULL');
}

export function writeFailed(path: string, cause: unknown): MenshenError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MenshenError(
    'JOURNAL_WRITE_FAILED',
    `The journal ${path} could not be written: ${why}. Free some space or make the file system writable; writing goes on by itself after that.`,
    { cause },
  );
}
