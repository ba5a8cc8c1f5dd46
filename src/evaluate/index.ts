/**
 * How well recognition works, on anybody's pictures: verification, identification, liveness, mask and quality by ISO/IEC
 * 19795-1 and 30107-3. Begin with dataset.ts (what is judged), then analyse.ts (what the chain makes of each picture,
 * kept so that a run can go on where it was broken off), measures/ (one file a question), statistics/ (rates and their
 * bounds, pure) and report/ (Markdown, HTML, plots). This room loads the networks: only commands import it.
 */
export { type Analysed, analysePictures, openJudge } from './analyse.ts';
export { type Dataset, type Item, type PictureList, readDataset, readPairs } from './dataset.ts';
export { type GateThreshold, gateThreshold } from './gate-threshold.ts';
export { type IdentificationOptions, identificationReport } from './measures/identification.ts';
export { livenessReport } from './measures/liveness.ts';
export { maskReport } from './measures/mask.ts';
export { qualityReport } from './measures/quality.ts';
export { verificationReport } from './measures/verification.ts';
export { htmlOf } from './report/html.ts';
export { markdownOf } from './report/markdown.ts';
export type { Report, Table } from './report/report.ts';
