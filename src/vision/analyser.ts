import type { Picture } from '../camera/types.ts';
import type { QualityConfig } from '../config/index.ts';
import { AlignedSampler } from './aligned-sampler.ts';
import { FaceCropper } from './crop.ts';
import { Detector } from './detect.ts';
import { Embedder } from './embedding.ts';
import { EnclosureMeter } from './enclosure.ts';
import { LandmarkFinder, type Landmarks } from './landmarks.ts';
import { LivenessDetector } from './liveness.ts';
import { MaskedFaces, type MaskedNetworks, openMasked } from './masked.ts';
import { loadModels, type ModelRole } from './models/index.ts';
import { Network } from './network.ts';
import { QualityMeter } from './quality.ts';
import { Queue } from './queue.ts';
import { SecondLook } from './second-look.ts';
import { findFaces } from './still.ts';
import type {
  Box,
  DetectedFace,
  FaceAnalysis,
  FaceEmbedding,
  MaskLook,
  MaskReading,
  ModelRef,
  QualityReport,
} from './types.ts';

export interface AnalyserOptions {
  /** Folder of catalog.json and the networks. */
  readonly modelsDir: string;
  /** Threads a network may use. */
  readonly threads: number;
  /** Detector's confidence at least, 0..1. */
  readonly detectionScore: number;
  readonly quality: QualityConfig;
}

const ROLES = ['detection', 'landmarks', 'liveness', 'embedding'] as const satisfies readonly ModelRole[];
type AnalyserRole = (typeof ROLES)[number];

/**
 * From a picture to faces with landmarks, quality, liveness and embedding. Holds the networks and their
 * buffers for the life of the process; steps may be called at any time and run one after another.
 */
export class FaceAnalyser {
  readonly #options: AnalyserOptions;
  readonly #networks: Readonly<Record<AnalyserRole, Network>>;
  readonly #masked: MaskedFaces;
  readonly #detector: Detector;
  readonly #finder: LandmarkFinder;
  readonly #liveness: LivenessDetector;
  readonly #embedder: Embedder;
  readonly #quality: QualityMeter;
  readonly #enclosure = new EnclosureMeter();
  readonly #cropper = new FaceCropper();
  readonly #queue = new Queue();
  readonly #second = new SecondLook();

  private constructor(
    options: AnalyserOptions,
    networks: Readonly<Record<AnalyserRole, Network>>,
    masked: MaskedNetworks,
  ) {
    const aligned = new AlignedSampler();
    this.#options = options;
    this.#networks = networks;
    this.#masked = new MaskedFaces(masked, networks.embedding.ref, aligned);
    this.#detector = new Detector(networks.detection);
    this.#finder = new LandmarkFinder(networks.landmarks);
    this.#liveness = new LivenessDetector(networks.liveness);
    this.#embedder = new Embedder(networks.embedding, aligned);
    this.#quality = new QualityMeter(options.quality, aligned);
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open(options: AnalyserOptions): Promise<FaceAnalyser> {
    const { modelsDir: dir, threads } = options;
    const models = await loadModels({ dir, roles: ROLES, threads });
    return new FaceAnalyser(
      options,
      {
        detection: new Network(models.detection),
        landmarks: new Network(models.landmarks),
        liveness: new Network(models.liveness),
        embedding: new Network(models.embedding),
      },
      await openMasked(dir, threads),
    );
  }

  /** Which weights are in use. */
  get models(): Readonly<Record<AnalyserRole, ModelRef>> & MaskedFaces['models'] {
    const { detection, landmarks, liveness, embedding } = this.#networks;
    return {
      detection: detection.ref,
      landmarks: landmarks.ref,
      liveness: liveness.ref,
      embedding: embedding.ref,
      ...this.#masked.models,
    };
  }

  /**
   * The faces of a video frame, best first. Boxes may reach beyond the picture. A frame in which one look at the whole
   * picture finds nobody is now and then looked at again: with a margin around it, where faces cut by the border or too
   * near are found, or with its shadows raised; where one was found so, the next frame is too.
   */
  detect(picture: Picture): Promise<DetectedFace[]> {
    const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
    const minScore = this.#options.detectionScore;
    return this.#queue.run(async () => {
      let found = await this.#detector.detect(picture, whole, minScore);
      if (found.length === 0 && this.#second.due) {
        const shadows = this.#detector.shadows(picture);
        const way = this.#second.way(shadows);
        found = await this.#detector.detectAgain(way, shadows.gain, minScore);
        this.#second.looked(found.length > 0);
      }
      this.#second.frame(found.length > 0);
      return found;
    });
  }

  /** The faces of a photo, best first: looks again, wider, into the shadows and closer, where one look finds nothing. */
  find(picture: Picture, minScore = this.#options.detectionScore): Promise<DetectedFace[]> {
    return this.#queue.run(() => findFaces(this.#detector, picture, minScore));
  }

  /** What the face wears over mouth and nose; null where the catalogue names no network for it. */
  async mask(picture: Picture, face: DetectedFace): Promise<MaskLook | null> {
    const { detector } = this.#masked;
    return detector === null ? null : this.#queue.run(() => detector.read(picture, face.box));
  }

  /** The points of a face; under a mask that `mask` tells of, by a network that knows where they lie beneath. */
  landmarks(picture: Picture, face: DetectedFace, mask: MaskReading | null = null): Promise<Landmarks> {
    const finder = (isMasked(mask) ? this.#masked.finder : null) ?? this.#finder;
    return this.#queue.run(() => finder.find(picture, face.box));
  }

  /** Measures a face. `area` is the recognition area in pixels of the picture, by default the whole of it. */
  quality(picture: Picture, face: DetectedFace, landmarks: Landmarks, area?: Box): QualityReport {
    return this.#quality.measure(picture, face, landmarks, area);
  }

  /** Probability that a face is a bona fide presentation, 0..1. */
  async liveness(picture: Picture, face: DetectedFace): Promise<{ score: number; model: ModelRef }> {
    const score = await this.#queue.run(() => this.#liveness.score(picture, face.box));
    return { score, model: this.#networks.liveness.ref };
  }

  /** How much of a rectangle around the face is straight edge, as of a screen or a sheet of paper, 0..1. */
  enclosure(picture: Picture, face: DetectedFace): number {
    return this.#enclosure.measure(picture, face.box);
  }

  /**
   * The embedding of a face (512 numbers, norm 1), a new array each time; null when the landmarks lie all on one
   * point. `mirrored` averages over the face and its mirror image, at twice the cost; `mask` is what is worn: a
   * masked face goes through a network of its own, if there is one of the same space.
   */
  async embed(
    picture: Picture,
    landmarks: Landmarks,
    options: { readonly mirrored?: boolean; readonly mask?: MaskReading | null } = {},
  ): Promise<FaceEmbedding | null> {
    const { mirrored = false, mask = null } = options;
    const embedder = (isMasked(mask) ? this.#masked.embedder : null) ?? this.#embedder;
    const vector = await this.#queue.run(() => embedder.embed(picture, landmarks.five, mirrored));
    if (vector === null) return null;
    const model = this.#networks.embedding.ref;
    return embedder === this.#embedder ? { vector, model } : { vector, model, by: embedder.network.ref };
  }

  /** JPEG of a face with surroundings. */
  crop(picture: Picture, box: Box): Promise<Uint8Array> {
    return this.#queue.run(() => this.#cropper.crop(picture, box));
  }

  /**
   * Every face of a photo, best first. The mask is told of all; liveness and embedding (mirrored) are given where all quality gates are
   * passed, or always with `all`.
   */
  async analyse(picture: Picture, options: { readonly all?: boolean } = {}): Promise<FaceAnalysis[]> {
    const analyses: FaceAnalysis[] = [];
    for (const face of await this.find(picture)) {
      const mask = await this.mask(picture, face);
      const landmarks = await this.landmarks(picture, face, mask);
      const quality = this.quality(picture, face, landmarks);
      const wanted = options.all === true || quality.failed.length === 0;
      analyses.push({
        face,
        landmarks: landmarks.five,
        quality,
        mask,
        liveness: wanted ? await this.liveness(picture, face) : null,
        embedding: wanted ? await this.embed(picture, landmarks, { mirrored: true, mask }) : null,
      });
    }
    return analyses;
  }

  /** Frees the networks. Nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.#queue.run(async () => {
      for (const network of Object.values(this.#networks)) await network.close();
      await this.#masked.close();
    });
  }
}

function isMasked(mask: MaskReading | null): boolean {
  return mask !== null && mask.state !== 'bare';
}
