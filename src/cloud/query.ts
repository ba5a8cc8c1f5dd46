import { MenshenError } from '../common/index.ts';

/** A query as text (with or without `?`, encoded) or as names and values (not encoded). */
export type QueryInput = string | Iterable<readonly [name: string, value: string]>;

type Pair = readonly [name: string, value: string];

/**
 * The query as it is signed and sent: sorted by name, each name and value percent-encoded by RFC 3986, so that `+`,
 * `%20` and lower-case escapes give the same text. Repeated names keep their order. Throws INTERNAL when the escapes
 * are no UTF-8.
 */
export function canonicalQuery(query: QueryInput): string {
  const pairs = typeof query === 'string' ? split(query).map(decode) : [...query];
  return pairs
    .toSorted(byName)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

/** The query as it was sent, sorted by name, nothing encoded anew. */
export function sortedQuery(query: string): string {
  return split(query)
    .map((text): readonly [string, string] => [text.split('=', 1)[0] ?? '', text])
    .toSorted(byName)
    .map(([, text]) => text)
    .join('&');
}

function split(query: string): readonly string[] {
  return query
    .replace(/^\?/, '')
    .split('&')
    .filter((text) => text !== '');
}

function decode(text: string): Pair {
  const equals = text.indexOf('=');
  const [name, value] = equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
  try {
    return [decodeURIComponent(name.replaceAll('+', ' ')), decodeURIComponent(value.replaceAll('+', ' '))];
  } catch {
    throw new MenshenError('INTERNAL', 'A query holds escapes that are no UTF-8; it cannot be signed.');
  }
}

/** By code units: the manual's "order of the 26 letters", carried on to all characters. */
function byName(a: Pair, b: Pair): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}

/** encodeURIComponent leaves five characters that RFC 3986 reserves. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
