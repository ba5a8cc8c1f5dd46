import { cosine, MenshenError } from '../common/index.ts';
import { entryForRole, readCatalogue } from '../vision/models/index.ts';

/** The embedding network in use, and how the cosine of two of its embeddings becomes the score of the compare API. */
export interface CompareCurve {
  /** Id and version of the network. */
  readonly model: string;
  /** 0..1; one half at a false match rate of 1e-3. */
  score(one: Float32Array, other: Float32Array): number;
}

/** Reads the curve from the catalogue. Throws MODELS_CATALOG_INVALID when the network was never calibrated. */
export async function readCompareCurve(modelsDir: string): Promise<CompareCurve> {
  const { id, version, thresholds } = entryForRole(await readCatalogue(modelsDir), 'embedding');
  const midpoint = thresholds.compareMidpoint?.value;
  const slope = thresholds.compareSlope?.value;
  if (midpoint === undefined || slope === undefined) {
    throw new MenshenError(
      'MODELS_CATALOG_INVALID',
      `The embedding network ${id} has no compareMidpoint and compareSlope in catalog.json. Run scripts/calibrate-compare.ts --write on labelled pictures.`,
    );
  }
  return {
    model: `${id} ${version}`,
    score: (one, other) => 1 / (1 + Math.exp(-slope * (cosine(one, other) - midpoint))),
  };
}
