import { type CalibrationRecord, conditionOf, type Match, type Probe } from '../access/index.ts';
import {
  type Curve,
  embeddingCurve,
  galleryLocation,
  type Location,
  type OperatingPoint,
  operatingPoint,
  readSite,
  SAMPLED_PEOPLE,
  type SiteCalibration,
  worthOf,
} from '../calibration/index.ts';
import { type Logger, MenshenError, messageOf } from '../common/index.ts';
import type { Config } from '../config/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { ModelRef } from '../vision/types.ts';
import type { Records } from './records.ts';

/** A threshold that moved by less is not worth an event. */
const NOTICEABLE = 0.005;

interface Parts {
  readonly config: Pick<Config, 'dataDir' | 'decision' | 'vision'>;
  readonly records: Pick<Records, 'record'>;
  readonly log: Logger;
}

/** The network whose embeddings are compared, and its curve; both null when that cannot be known. */
interface Calibrated {
  readonly model: ModelRef | null;
  readonly curve: Curve | null;
}

/** Keeps the thresholds for a match in step with the people enrolled. */
export class ThresholdKeeper {
  readonly #parts: Parts;
  readonly #model: ModelRef | null;
  readonly #curve: Curve | null;
  #site: SiteCalibration | null = null;
  #siteLost = false;
  #sampled: { readonly references: string; readonly location: Location | null } = {
    references: '',
    location: null,
  };
  #point: OperatingPoint | null = null;
  #told: OperatingPoint | null = null;

  private constructor(parts: Parts, { model, curve }: Calibrated) {
    this.#parts = parts;
    this.#model = model;
    this.#curve = curve;
  }

  /** Reads the curve of the network that the catalogue names. Without one a fixed threshold is the only one there is. */
  static async open(parts: Parts): Promise<ThresholdKeeper> {
    return new ThresholdKeeper(parts, await calibrated(parts));
  }

  /** Begins with a gallery; `key` is what a site's calibration is sealed under. */
  start(gallery: Gallery, key: Uint8Array): void {
    const { config, log } = this.#parts;
    this.#siteLost = false;
    try {
      this.#site = this.#curve === null ? null : readSite(config.dataDir, key, this.#curve.model.sha256);
    } catch (error) {
      this.#siteLost = true;
      const code = error instanceof MenshenError ? error.code : 'INTERNAL';
      log.error(
        { code },
        `${messageOf(error)} The gate goes on without it: the people enrolled can only make the thresholds stricter.`,
      );
    }
    this.follow(gallery);
  }

  /** Takes over what changed in the gallery. */
  follow(gallery: Gallery): void {
    if (this.#curve === null || this.#model === null) return;
    const { decision } = this.#parts.config;
    this.#point = operatingPoint(this.#curve, {
      fpir: decision.fpir,
      fixed: decision.matchThreshold ?? null,
      references: comparable(gallery, this.#model),
      gallery: this.#locate(gallery, this.#model, this.#curve.deviations),
      site: this.#site,
      siteLost: this.#siteLost,
    });
    this.#tell(this.#point);
  }

  /** What a probe is asked for whose best candidate has this score; null without a candidate or a curve. */
  match(probe: Pick<Probe, 'frames' | 'model'>, score: number | null): Match | null {
    const point = this.#point;
    const { id, version } = probe.model;
    if (point === null || this.#curve === null || this.#model?.id !== id || this.#model.version !== version) {
      return null;
    }
    const condition = conditionOf(probe.frames, point);
    const worth = score === null ? null : worthOf(this.#curve, point, condition, score);
    const { source, fpir, references, people, location } = point;
    const calibration: CalibrationRecord = {
      source,
      fpir,
      references,
      people,
      location,
      condition,
      falseMatchRate: worth?.falseMatchRate ?? null,
      falsePositiveRate: worth?.falsePositiveRate ?? null,
      logLikelihoodRatio: worth?.logLikelihoodRatio ?? null,
    };
    return { threshold: point.thresholds[condition], calibration };
  }

  #locate(gallery: Gallery, model: ModelRef, deviations: number): Location | null {
    const sample = gallery.sample(model, SAMPLED_PEOPLE);
    const references = sample.join();
    if (references !== this.#sampled.references) {
      this.#sampled = { references, location: galleryLocation(gallery, model, deviations, sample) };
    }
    return this.#sampled.location;
  }

  #tell(point: OperatingPoint): void {
    const before = this.#told;
    const moved = before === null ? 1 : distance(before, point);
    if (moved < NOTICEABLE) return;
    this.#told = point;
    const { log, records } = this.#parts;
    log.info(
      { ...point },
      before === null ? 'thresholds for a match' : 'the thresholds for a match have moved',
    );
    if (before !== null) {
      records.record({ type: 'calibration.changed', data: { before: { ...before }, after: { ...point } } });
    }
  }
}

function comparable(gallery: Gallery, model: ModelRef): number {
  const { references, needReenrolment } = gallery.counts(model);
  return references - needReenrolment;
}

function distance(one: OperatingPoint, other: OperatingPoint): number {
  const { bare, masked, dark } = one.thresholds;
  const { thresholds } = other;
  return Math.max(
    Math.abs(bare - thresholds.bare),
    Math.abs(masked - thresholds.masked),
    Math.abs(dark - thresholds.dark),
  );
}

/** The gate goes on whatever is wrong with the models: the vision processes tell what it is. */
async function calibrated({ config, log }: Parts): Promise<Calibrated> {
  try {
    const { model, curve } = await embeddingCurve(config.vision.modelsDir);
    const { id, version } = model;
    if (curve === null && config.decision.matchThreshold === undefined) {
      log.error(
        { code: 'CALIBRATION_UNKNOWN', model: id },
        `nobody can be recognised: there is no calibration of the embedding network ${id} ${version}; set decision.matchThreshold`,
      );
    }
    return { model, curve };
  } catch (error) {
    const code = error instanceof MenshenError ? error.code : 'INTERNAL';
    log.error({ code, err: messageOf(error) }, 'the thresholds for a match cannot be known');
    return { model: null, curve: null };
  }
}
