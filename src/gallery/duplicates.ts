import { type Curve, galleryLocation, operatingPoint } from '../calibration/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { Gallery } from './gallery.ts';

/** Newcomers who are taken for somebody enrolled without being it, of all newcomers: the operator is asked about them. */
const ASKED_FOR_NOTHING = 0.01;

/** For a network that was never calibrated. */
export const UNCALIBRATED_DUPLICATE = 0.5;

/**
 * Cosine from which a newcomer probably is somebody enrolled already: so high that it is one in a hundred who is asked
 * about for nothing, by the network's calibration and by how much the people of this gallery look alike.
 */
export function duplicateScore(gallery: Gallery, model: ModelRef, curve: Curve | null): number {
  if (curve === null || curve.model.id !== model.id || curve.model.version !== model.version) {
    return UNCALIBRATED_DUPLICATE;
  }
  const { references, needReenrolment } = gallery.counts(model);
  return operatingPoint(curve, {
    fpir: ASKED_FOR_NOTHING,
    fixed: null,
    references: references - needReenrolment,
    gallery: galleryLocation(gallery, model, curve.deviations),
    site: null,
  }).thresholds.bare;
}
