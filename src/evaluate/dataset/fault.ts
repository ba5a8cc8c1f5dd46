import { type Stats, statSync } from 'node:fs';
import { MenshenError, messageOf } from '../../common/index.ts';

export function unreadable(place: string, why: string): MenshenError {
  return new MenshenError('DATASET_UNREADABLE', `${place}: ${why}${why.endsWith('.') ? '' : '.'}`);
}

/** What lies at a place that was named. Throws DATASET_UNREADABLE where that is nothing, or nobody's to see. */
export function statOf(place: string): Stats {
  let found: Stats | undefined;
  try {
    found = statSync(place, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(place, `it cannot be read (${messageOf(error)})`);
  }
  if (found === undefined) throw unreadable(place, 'it does not exist');
  return found;
}

/** The data are read, and say nothing about what is asked. */
export function tooLittle(why: string): MenshenError {
  return new MenshenError('DATASET_TOO_LITTLE', why);
}

/** "a", "b" and 3 more. */
export function some(names: Iterable<string>, most = 4): string {
  const all = [...names];
  const shown = all.slice(0, most).map((name) => JSON.stringify(name));
  const rest = all.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
