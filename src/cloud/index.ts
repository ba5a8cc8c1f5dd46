/**
 * CTYun's six face APIs from the client's side. A newcomer begins with api/ (what the manual defines, one file an API,
 * as schemas that both ends share) and catalogue.ts (every error, whose fault it is, whether a retry may help), then
 * client.ts: how a call is made. ledger.ts counts what is paid for; signing.ts and envelope/ are the manual's 6.2.
 * Nothing here loads native inference code or sharp: a thread of the gate imports this room, and passes in what writes
 * pictures anew (`fitInOwnProcess` of src/photo/client.ts). The gate process itself imports asking.ts alone.
 */
export * from './api/index.ts';
export { Breaker, type BreakerOptions, type BreakerState, type Permit } from './breaker.ts';
export type { CallCounter, CallOptions } from './caller.ts';
export * from './catalogue.ts';
export { type ActionVerdict, CloudClient, type CloudClientOptions } from './client.ts';
export { type ClipHeader, clipHeader } from './clip/index.ts';
export { type CloudKeys, readCloudKeys } from './credentials.ts';
export * from './envelope/index.ts';
export { type CloudError, cloudError } from './error.ts';
export {
  askAboutFace,
  type FaceAnswer,
  type FaceCalls,
  type FaceQuestion,
  type QuestionOptions,
} from './escalation.ts';
export { checkDigit, normaliseIdNumber, normaliseName } from './id-number.ts';
export { type Identity, identityOf, verifyIdentity } from './identity.ts';
export { InputRefused } from './input-refused.ts';
export * from './keys.ts';
export {
  type ApiUsage,
  type CallPackage,
  type PackageState,
  QuotaLedger,
  type QuotaWarning,
  type Ticket,
  WARN_AT,
} from './ledger.ts';
export { RateWindow, Slots, type Turn } from './pacing.ts';
export { type PictureHeader, pictureHeader } from './picture-header.ts';
export type { FitLimits, FitPicture } from './prepare.ts';
export type { CloudAnswer } from './run.ts';
export * from './signing.ts';
