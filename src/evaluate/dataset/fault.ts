import { MenshenError } from '../../common/index.ts';

export function unreadable(place: string, why: string): MenshenError {
  return new MenshenError('DATASET_UNREADABLE', `${place}: ${why}${why.endsWith('.') ? '' : '.'}`);
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
