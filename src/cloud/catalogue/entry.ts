/**
 * Whose fault an error is: what was sent, the face in it, the keys or rights, the paid calls, too many calls in a
 * short time, the service itself, or the way there.
 */
export const FAULTS = ['input', 'face', 'credentials', 'quota', 'throttled', 'service', 'network'] as const;
export type Fault = (typeof FAULTS)[number];

/** One code: what it means, whose fault it is, and whether the same call may succeed when it is made again. */
export interface CatalogueEntry {
  /** For a reader: what it means and what to do. */
  readonly meaning: string;
  readonly fault: Fault;
  /** The same call, made again a little later, may succeed. Never so when throttled: the manual says not to. */
  readonly retry: boolean;
}

/** A code of the manual, with the words the service itself uses. */
export interface ManualEntry extends CatalogueEntry {
  /** 错误信息 and 错误描述, one for each row that the manual has for this code. */
  readonly rows: readonly { readonly message: string; readonly details: string }[];
}

type Row = readonly [message: string, details: string];

/** An entry whose cause lies in what was sent, unless said otherwise: sending it again changes nothing. */
export function entry(
  meaning: string,
  fault: Fault,
  rows: Row | readonly Row[],
  options: { readonly retry?: boolean } = {},
): ManualEntry {
  const list = isRow(rows) ? [rows] : rows;
  return {
    meaning,
    fault,
    retry: options.retry ?? false,
    rows: list.map(([message, details]) => ({ message, details })),
  };
}

function isRow(rows: Row | readonly Row[]): rows is Row {
  return typeof rows[0] === 'string';
}
