/**
 * From what an operator can bear (FPIR: strangers let pass for each attempt) to a cosine. curve.ts: how the impostor
 * scores of a network are spread, as shipped; location.ts and gallery.ts: where their tail begins at a site, which depends on the
 * people there; operating-point.ts: the thresholds that follow, and what a score is worth; site-file.ts: what
 * `menshen calibrate` found out; network.ts: which curve is whose. Apart from reading and writing those two files it is pure.
 */
export {
  CONDITIONS,
  type Condition,
  CURVES_FILE,
  type Curve,
  CurvesSchema,
  cosineAt,
  rateAt,
  readCurve,
} from './curve.ts';
export { type Compared, galleryLocation, SAMPLED_PEOPLE } from './gallery.ts';
export { ImpostorSums, type Location } from './location.ts';
export { embeddingCurve } from './network.ts';
export {
  cautious,
  comparisonRate,
  ENOUGH_PEOPLE,
  type OperatingPoint,
  operatingPoint,
  type Source,
  searchRate,
  type Wanted,
  type Worth,
  worthOf,
} from './operating-point.ts';
export { readSite, removeSite, type SiteCalibration, siteFile, writeSite } from './site-file.ts';
