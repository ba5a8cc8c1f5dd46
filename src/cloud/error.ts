import type { CloudApi, RealNameRecord } from './api/index.ts';
import { type CatalogueEntry, type CloudErrorCode, catalogueEntry } from './catalogue.ts';

/** Why a call has no result. Data, not thrown: a cloud that does not answer is an everyday thing at a door. */
export interface CloudError {
  readonly api: CloudApi;
  readonly code: CloudErrorCode;
  /** Meaning, whose fault it is, and whether the same call may succeed later. */
  readonly entry: CatalogueEntry;
  /** What went wrong, where, and what to do; holds no secret, no personal data and no picture. */
  readonly message: string;
  /** Request id of the last attempt, for the operator of the service; null when none was sent. */
  readonly requestId: string | null;
  /** The service answered, or may have: the call is counted. */
  readonly counted: boolean;
  /** Real-name authentication tells more in some of its failures. */
  readonly record?: RealNameRecord;
}

export interface Said {
  readonly requestId?: string | null;
  readonly counted?: boolean;
  readonly record?: RealNameRecord;
}

/** An error with the entry of its code; `what` is added to the meaning where it tells more. */
export function cloudError(api: CloudApi, code: CloudErrorCode, what: string, said: Said = {}): CloudError {
  const entry = catalogueEntry(api, code);
  return {
    api,
    code,
    entry,
    message: `${api}: ${entry.meaning}${what === '' ? '' : ` ${what}`} (${code})`,
    requestId: said.requestId ?? null,
    counted: said.counted ?? false,
    ...(said.record && { record: said.record }),
  };
}
