/**
 * How well recognition works, on anybody's pictures: verification, identification, liveness, mask and quality by ISO/IEC
 * 19795-1 and 30107-3. Begin with dataset/ (what is judged, and how folders, names and lists are read), then analyse.ts
 * (what the chain makes of each picture, kept so that a run can go on where it was broken off), measures/ (one file a
 * question), statistics/ (rates and their bounds, pure) and report/ (Markdown, HTML, plots). This room loads the networks:
 * only commands import it.
 */
export { type Analysed, analysePictures, type Judge, openJudge } from './analyse.ts';
export {
  type Dataset,
  type DatasetOptions,
  type Item,
  type PictureList,
  readDataset,
  type Wanted,
} from './dataset/dataset.ts';
export { isPairList } from './dataset/pair-list.ts';
export { type Pair, type PairedPictures, readPairs } from './dataset/pairs.ts';
export { type GatePoint, type GateThreshold, gateThreshold } from './gate-threshold.ts';
export { type Judged, withoutCopies } from './measures/acquisition.ts';
export { type Division, divide, divideBy } from './measures/division.ts';
export { type IdentificationOptions, identificationReport } from './measures/identification.ts';
export { livenessReport } from './measures/liveness.ts';
export { maskReport } from './measures/mask.ts';
export { type QualityOptions, qualityReport } from './measures/quality.ts';
export { type VerificationOptions, verificationReport } from './measures/verification.ts';
export { htmlOf } from './report/html.ts';
export { markdownOf } from './report/markdown.ts';
export type { Report, Table } from './report/report.ts';
