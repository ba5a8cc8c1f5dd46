/**
 * The people a door may open for: their consent, their references, and the 1:N search over them; encrypted on
 * disk, in memory for searching. A newcomer begins with reader.ts (what can be asked) and gallery.ts (what can be changed), then
 * database.ts (the tables), entitlement.ts, pin.ts and pass.ts (what people may use to come in), cipher.ts and unlock.ts (how they are sealed), enrol.ts (how photos become references), bundles.ts (how a large gallery is opened quickly), people.ts (how people are kept in memory), search.ts (how a probe finds its reference).
 * Nothing here decodes a picture or runs a network: the gate process imports this room.
 */
export {
  type EnrolmentLimits,
  enrolmentLimits,
  GATE_ADVICE,
  maskFaults,
  measureFaults,
  type QualityFault,
  qualityFaults,
} from './advice.ts';
export { type BundlingOptions, type BundlingPlace, bundleRows } from './bundler.ts';
export {
  type AcceptedFace,
  type Enrolment,
  type EnrolPhoto,
  type EnrolRequest,
  enrol,
  enrolFaces,
  judgePhoto,
  MISMATCH_SCORE,
  type PhotoAnalyser,
  type PhotoLack,
  UnfitPhoto,
} from './enrol.ts';
export { exportGallery } from './export.ts';
export { Gallery, type GalleryOptions } from './gallery.ts';
export { type ImportResult, importGallery } from './import.ts';
export { gateKey } from './key.ts';
export { normaliseCard, normaliseName } from './names.ts';
export { checkPass, type PassRequest } from './pass.ts';
export { hashPin, isPin } from './pin.ts';
export type { GalleryCounts } from './reader.ts';
export type { StoredPicture, StoredReference } from './row-reader.ts';
export { SitePeople, type SitePeopleOptions } from './site-people.ts';
export type {
  Candidate,
  Consent,
  Embedding,
  Entitlement,
  GalleryChange,
  GalleryFault,
  NewReference,
  Pass,
  Person,
  PinHash,
  Reference,
} from './types.ts';
