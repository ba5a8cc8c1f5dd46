import {
  ImpostorSums,
  type Location,
  type OperatingPoint,
  operatingPoint,
  readCurve,
} from '../calibration/index.ts';
import type { DecisionConfig, VisionConfig } from '../config/index.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../vision/models/index.ts';
import { cosine } from './measures/comparisons.ts';

/** People compared with one another, as many as a gate looks at. */
const SAMPLE = 300;

/** Gives the threshold that a gate with these references would have; null for a network that was never calibrated. */
export type GateThreshold = (
  gallery: readonly { readonly person: string; readonly vector: Float32Array }[],
  /** References a probe is compared with; by default all of them. */
  references?: number,
) => OperatingPoint | null;

/** The rule by which a gate of this configuration finds its threshold. Throws MODELS_CATALOG_INVALID. */
export async function gateThreshold(
  vision: VisionConfig,
  { fpir, matchThreshold }: Pick<DecisionConfig, 'fpir' | 'matchThreshold'>,
): Promise<GateThreshold> {
  const dir = vision.modelsDir ?? defaultModelsDir();
  const { sha256 } = entryForRole(await readCatalogue(dir), 'embedding');
  const curve = await readCurve([dir, defaultModelsDir()], sha256);
  return (gallery, references = gallery.length) =>
    curve === null
      ? null
      : operatingPoint(curve, {
          fpir,
          fixed: matchThreshold ?? null,
          references,
          gallery: locate(gallery, curve.deviations),
          site: null,
        });
}

/** Where the tail begins among the people of a gallery, by one reference each. */
function locate(gallery: Parameters<GateThreshold>[0], deviations: number): Location | null {
  const first = new Map<string, Float32Array>();
  for (const { person, vector } of gallery) if (!first.has(person)) first.set(person, vector);
  const sample = [...first.values()].slice(0, SAMPLE);
  const sums = new ImpostorSums(sample.length);
  for (const [one, vector] of sample.entries()) {
    for (let other = one + 1; other < sample.length; other++) {
      sums.add(one, other, cosine(vector, sample[other]));
    }
  }
  return sums.location(deviations);
}

/** Where a gate's threshold came from, in words. */
export function pointText({ source, fpir, people, references }: OperatingPoint): string {
  if (source === 'fixed') return 'the configured threshold';
  const from =
    source === 'gallery' ? `${people} people compared with one another` : 'the curve of the network';
  return `the gate's own (FPIR ${fpir}, ${references} references, ${from})`;
}
