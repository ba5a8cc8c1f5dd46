/**
 * Every error that a call can end in, in one closed catalogue: the gateway's codes, those of the encrypted interface,
 * each service's own, the bytes of real-name's resStr, and the client's reasons for having no answer.
 * docs/reference/cloud-errors.md documents them one to one.
 */
import type { CloudApi } from './api/definition.ts';
import type { CatalogueEntry } from './catalogue/entry.ts';
import { ENVELOPE_ERRORS, type EnvelopeCode, GLOBAL_ERRORS, type GlobalCode } from './catalogue/global.ts';
import { LOCAL_ERRORS, type LocalCode } from './catalogue/local.ts';
import { SERVICE_ERRORS, type ServiceCode } from './catalogue/services.ts';

export { type CatalogueEntry, FAULTS, type Fault, type ManualEntry } from './catalogue/entry.ts';
export { ENVELOPE_ERRORS, type EnvelopeCode, GLOBAL_ERRORS, type GlobalCode } from './catalogue/global.ts';
export { LOCAL_ERRORS, type LocalCode } from './catalogue/local.ts';
export {
  IDENTITY_BYTES,
  type IdentityByte,
  OTHER_BYTE,
  PORTRAIT_BYTES,
  type PortraitByte,
  type ResultByte,
  resultByte,
} from './catalogue/real-name.ts';
export { SERVICE_ERRORS, type ServiceCode } from './catalogue/services.ts';

/** A code that came from the endpoint. */
export type AnsweredCode = GlobalCode | EnvelopeCode | ServiceCode;
export type CloudErrorCode = AnsweredCode | LocalCode;

/** The entry of a code for one service: its own table first, then the encrypted interface's, the gateway's, the client's. */
export function catalogueEntry(api: CloudApi, code: CloudErrorCode): CatalogueEntry {
  const entry = lookUp(api, code);
  return entry ?? LOCAL_ERRORS.UNLISTED;
}

/** The code among `spellings` that the catalogue knows as an answer for this service; the first one wins. */
export function knownCode(api: CloudApi, spellings: readonly string[]): AnsweredCode | null {
  return spellings.find((spelling): spelling is AnsweredCode => isAnswered(api, spelling)) ?? null;
}

function isAnswered(api: CloudApi, code: string): code is AnsweredCode {
  return [SERVICE_ERRORS[api], ENVELOPE_ERRORS, GLOBAL_ERRORS].some((table) => Object.hasOwn(table, code));
}

function lookUp(api: CloudApi, code: string): CatalogueEntry | undefined {
  const tables: readonly Readonly<Record<string, CatalogueEntry>>[] = [
    SERVICE_ERRORS[api],
    ENVELOPE_ERRORS,
    GLOBAL_ERRORS,
    LOCAL_ERRORS,
  ];
  return tables.find((table) => Object.hasOwn(table, code))?.[code];
}
