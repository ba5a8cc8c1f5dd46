import type { CalibrationRecord } from '../access/index.ts';

const PROBE = { bare: '', masked: ', a mask worn', dark: ', in the dark' } as const;

/** What a match threshold follows from and what the score is worth, in words; nothing of records that do not tell. */
export function calibrationLines(calibration: CalibrationRecord | null): string[] {
  if (calibration === null) return [];
  const { falseMatchRate: rate, falsePositiveRate, logLikelihoodRatio } = calibration;
  const lines = [`threshold ${originOf(calibration)}`];
  if (rate !== null && falsePositiveRate !== null && logLikelihoodRatio !== null) {
    lines.push(
      `one stranger in ${inWords(falsePositiveRate)} scores as high with anybody enrolled, one in ${inWords(rate)} with this person`,
      `10^${logLikelihoodRatio.toFixed(1)} times likelier for this person than for a stranger`,
    );
  }
  return lines;
}

function originOf({ source, fpir, references, people, condition }: CalibrationRecord): string {
  if (source === 'fixed' || fpir === null) return 'set by matchThreshold';
  const from = {
    model: 'the curve of the network (too few people are enrolled to know them)',
    gallery: `the ${people} people here compared with one another`,
    site: `menshen calibrate, from ${people} people`,
  }[source];
  return `for one stranger in ${inWords(fpir)} attempts, ${references} references${PROBE[condition]}, by ${from}`;
}

/** "12,000" for a rate of 8.3e-5, two digits of it. */
function inWords(rate: number): string {
  return Number((1 / rate).toPrecision(2)).toLocaleString('en');
}
