import {
  embeddingCurve,
  ImpostorSums,
  type Location,
  type OperatingPoint,
  operatingPoint,
  SAMPLED_PEOPLE,
  type Worth,
  worthOf,
} from '../calibration/index.ts';
import { cosine } from '../common/index.ts';
import type { DecisionConfig, VisionConfig } from '../config/index.ts';

/** Where a gate would stand. */
export interface GatePoint {
  readonly point: OperatingPoint;
  /** What a score of a bare face is worth there, by the calibration. */
  readonly worth: (score: number) => Worth;
}

/** Gives the threshold that a gate with these references would have; null for a network that was never calibrated. */
export type GateThreshold = (
  gallery: readonly { readonly person: string; readonly vector: Float32Array }[],
  /** References a probe is compared with; by default all of them. */
  references?: number,
) => GatePoint | null;

/** The rule by which a gate of this configuration finds its threshold. Throws MODELS_CATALOG_INVALID. */
export async function gateThreshold(
  vision: VisionConfig,
  { fpir, matchThreshold }: Pick<DecisionConfig, 'fpir' | 'matchThreshold'>,
): Promise<GateThreshold> {
  const { curve } = await embeddingCurve(vision.modelsDir);
  return (gallery, references = gallery.length) => {
    if (curve === null) return null;
    const point = operatingPoint(curve, {
      fpir,
      fixed: matchThreshold ?? null,
      references,
      gallery: locate(gallery, curve.deviations),
      site: null,
    });
    return { point, worth: (score) => worthOf(curve, point, 'bare', score) };
  };
}

/** Where the tail begins among the people of a gallery, by one reference each. */
function locate(gallery: Parameters<GateThreshold>[0], deviations: number): Location | null {
  const first = new Map<string, Float32Array>();
  for (const { person, vector } of gallery) if (!first.has(person)) first.set(person, vector);
  return locationOf([...first.values()].slice(0, SAMPLED_PEOPLE), deviations);
}

/** Where the tail begins among people with one reference each. */
export function locationOf(references: readonly Float32Array[], deviations: number): Location | null {
  const sums = new ImpostorSums(references.length);
  for (const [one, reference] of references.entries()) {
    for (let other = one + 1; other < references.length; other++) {
      sums.add(one, other, cosine(reference, references[other]));
    }
  }
  return sums.location(deviations);
}

/** The gate's threshold beside those that are asked for; none without a calibration. */
export function ownThreshold(gate: GatePoint | null): { readonly asked: string; readonly at: number }[] {
  return gate === null ? [] : [{ asked: pointText(gate), at: gate.point.thresholds.bare }];
}

/** Where a gate's threshold came from, in words. */
function pointText({ point: { source, fpir, people, references } }: GatePoint): string {
  if (source === 'fixed') return 'the configured threshold';
  const from =
    source === 'gallery' ? `${people} people compared with one another` : 'the curve of the network';
  return `the gate's own (FPIR ${fpir}, ${references} references, ${from})`;
}
