import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MenshenError, messageOf } from '../common/index.ts';

/** What a probe may be like; each has thresholds of its own. */
export const CONDITIONS = ['bare', 'masked', 'dark'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** How impostor scores of an embedding network are spread, fitted by scripts/calibration/fit.ts. */
const CurveSchema = z.strictObject({
  model: z.strictObject({ id: z.string(), version: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Deviations above the mean at which the tail of impostor scores begins, in whatever population. */
  deviations: z.number().positive(),
  /** Where the tail begins in the population of those known whose people look most alike: for want of a site's own. */
  location: z.number(),
  /** The false match rate at so much above the location; falling rates. */
  knots: z
    .array(z.strictObject({ rate: z.number().positive().max(1), excess: z.number() }))
    .min(2)
    .refine(
      (knots) =>
        knots.every(
          (knot, i) => i === 0 || (knot.rate < knots[i - 1].rate && knot.excess > knots[i - 1].excess),
        ),
      'rates must fall and excesses rise',
    ),
  /** Beyond the last knot the rate falls by ten for each so much of cosine (exponential tail). */
  decade: z.number().positive(),
  /** How much higher scores lie with a mask worn, and in the dark (mean luma of the face below `below`); never negative. */
  conditions: z.strictObject({
    masked: z.number().min(0),
    dark: z.number().min(0),
    darkBelow: z.number().min(0).max(1),
  }),
  /** Decimal logarithm of the likelihood ratio: slope * (score - location) + offset. */
  likelihood: z.strictObject({ slope: z.number().positive(), offset: z.number() }),
  /** Where all this comes from. */
  fitted: z.array(
    z.strictObject({
      population: z.string(),
      people: z.int(),
      pictures: z.int(),
      pairs: z.int(),
      location: z.number(),
      excess: z.record(z.string(), z.number()),
    }),
  ),
  by: z.string(),
});
export type Curve = z.infer<typeof CurveSchema>;
export const CurvesSchema = z.strictObject({ curves: z.array(CurveSchema) });

/** File of the curves, beside the networks. */
export const CURVES_FILE = 'calibration.json';

/**
 * The curve of a network, by the digest of its weights; from the first of the folders that has it. Null when it was
 * never calibrated.
 * @throws MenshenError MODELS_CATALOG_INVALID when a file of curves is damaged
 */
export async function readCurve(folders: readonly string[], sha256: string): Promise<Curve | null> {
  for (const folder of folders) {
    const path = join(folder, CURVES_FILE);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      continue;
    }
    const found = parseCurves(text, path).find(({ model }) => model.sha256 === sha256);
    if (found !== undefined) return found;
  }
  return null;
}

function parseCurves(text: string, path: string): Curve[] {
  try {
    return CurvesSchema.parse(JSON.parse(text)).curves;
  } catch (error) {
    throw new MenshenError('MODELS_CATALOG_INVALID', `${path} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The cosine that impostors reach at this false match rate of a comparison, 0..1, where their tail begins at `location`. */
export function cosineAt(curve: Curve, location: number, rate: number): number {
  const { knots, decade } = curve;
  const last = knots[knots.length - 1];
  if (rate <= last.rate) return location + last.excess + decade * Math.log10(last.rate / rate);
  const after = Math.max(
    1,
    knots.findIndex((knot) => knot.rate <= rate),
  );
  const [a, b] = [knots[after - 1], knots[after]];
  const part = Math.log(a.rate / Math.min(rate, a.rate)) / Math.log(a.rate / b.rate);
  return location + a.excess + part * (b.excess - a.excess);
}

/** The false match rate of a comparison at a cosine: the inverse of `cosineAt`; at most the rate of the first knot. */
export function rateAt(curve: Curve, location: number, cosine: number): number {
  const { knots, decade } = curve;
  const excess = cosine - location;
  const last = knots[knots.length - 1];
  if (excess >= last.excess) return last.rate * 10 ** ((last.excess - excess) / decade);
  const after = Math.max(
    1,
    knots.findIndex((knot) => knot.excess >= excess),
  );
  const [a, b] = [knots[after - 1], knots[after]];
  const part = Math.max(0, (excess - a.excess) / (b.excess - a.excess));
  return a.rate * (b.rate / a.rate) ** part;
}
