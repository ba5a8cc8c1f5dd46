import type { Curve } from '../../src/calibration/index.ts';

/** A curve of round figures. */
export const CURVE: Curve = {
  model: { id: 'test', version: '1', sha256: 'a'.repeat(64) },
  deviations: 1.3,
  location: 0.35,
  knots: [
    { rate: 0.5, excess: -0.15 },
    { rate: 0.1, excess: 0 },
    { rate: 0.01, excess: 0.12 },
    { rate: 0.001, excess: 0.2 },
  ],
  decade: 0.08,
  conditions: { masked: 0.02, dark: 0.05, darkBelow: 0.2 },
  likelihood: { slope: 9, offset: -1 },
  fitted: [],
  by: 'hand',
};
