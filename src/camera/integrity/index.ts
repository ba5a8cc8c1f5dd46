/**
 * Whether a stream can be what its camera sees now: repeats.ts knows pictures again (a frozen or looped stream),
 * timing.ts compares its clock with ours, encoder.ts tells one encoder from another; watch.ts puts them together. The
 * gate compares the report with what the camera was before. docs/explanation/injection.md gives limits and figures.
 */
export { encoderOf } from './encoder.ts';
export { IntegrityWatch } from './watch.ts';
