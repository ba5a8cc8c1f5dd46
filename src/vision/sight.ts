import type { Frame, Picture } from '../camera/types.ts';
import { type Logger, monotonicMs } from '../common/index.ts';
import { ActionObserver } from './action-observer.ts';
import { FaceAnalyser } from './analyser.ts';
import { partsOf } from './challenge/clip-parts.ts';
import type { ChallengeOrder, ClipFault } from './challenge/types.ts';
import { Witness } from './challenge/witness.ts';
import { FaceCropper, toJpeg } from './crop.ts';
import { CropEncoder } from './crop-encoder.ts';
import { HeadAnalyser } from './head.ts';
import type { Heartbeat, VisionSettings } from './messages.ts';
import { defaultModelsDir } from './models/index.ts';
import { Pipeline, type PipelineListener } from './pipeline.ts';
import { copyPicture, snapshotJpeg } from './snapshot.ts';
import type { ModelRef } from './types.ts';
import type { Uplink } from './uplink.ts';

const MAX_SNAPSHOTS = 4;

/** Rounds after which the steps run at their pace: the networks have their memory, and V8 has compiled the loops. */
const WARM_UP_ROUNDS = 10;

/** The open networks of a vision process, and what they see of frames, told to the gate process. */
export class Sight {
  /** Which weights are in use. */
  readonly models: Readonly<Record<string, ModelRef>>;
  readonly #analyser: FaceAnalyser;
  readonly #head: HeadAnalyser | null;
  readonly #camera: string;
  readonly #uplink: Uplink;
  readonly #pipeline: Pipeline;
  readonly #witness: Witness;
  readonly #listener: PipelineListener;
  #snapshots: string[] = [];

  private constructor(
    settings: VisionSettings,
    analyser: FaceAnalyser,
    head: HeadAnalyser | null,
    uplink: Uplink,
    log: Logger,
  ) {
    const { camera, area, vision } = settings;
    const { maxFaces, recognise, idleIntervalMs } = vision;
    this.models = { ...analyser.models, ...head?.models };
    this.#analyser = analyser;
    this.#head = head;
    this.#camera = camera.id;
    this.#uplink = uplink;
    this.#witness = this.#makeWitness(head === null ? null : new ActionObserver(analyser, head));
    const options = { camera: camera.id, area, maxFaces, recognise, idleIntervalMs, witness: this.#witness };
    this.#pipeline = new Pipeline(analyser, options);
    this.#listener = this.#makeListener(log);
  }

  /** Opens the networks. Throws MODELS_CATALOG_INVALID, MODEL_MISSING, MODEL_ALTERED or MODEL_UNSUPPORTED. */
  static async open(settings: VisionSettings, uplink: Uplink, log: Logger): Promise<Sight> {
    const { threads, detectionScore, quality, modelsDir = defaultModelsDir() } = settings.vision;
    const analyser = await FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
    const head = settings.actions ? await HeadAnalyser.open({ modelsDir, threads }) : null;
    return new Sight(settings, analyser, head, uplink, log);
  }

  /** Runs every step on a grey picture, so that the first person after a start does not wait for it; between two steps the event loop runs. */
  warmUp(): Promise<void> {
    return warmUp(this.#analyser, this.#head);
  }

  /** Looks at a frame; one at a time. The frame's picture is not used after the promise has settled. */
  async look(frame: Frame): Promise<void> {
    await this.#pipeline.process(frame, this.#listener);
    this.#photograph(frame.picture);
  }

  /** Ends the tracks that have not been seen for too long; for times without frames. `now` is monotonic ms. */
  expire(now: number): void {
    for (const end of this.#pipeline.expire(now)) void this.#uplink.send({ type: 'trackEnd', end });
  }

  settle(track: string, until: number): void {
    this.#pipeline.settle(track, until);
  }

  resume(track: string): void {
    this.#pipeline.resume(track);
  }

  /** Watches for an action; what comes of it is told. */
  challenge(order: ChallengeOrder): void {
    this.#witness.challenge(order, this.#pipeline.follows(order.track), monotonicMs());
  }

  cancel(challenge: string): void {
    this.#witness.cancel(challenge);
  }

  picture(track: string): void {
    this.#pipeline.wantPicture(track);
  }

  /** Tells the next picture; of several requests at a time the newest few are heard. */
  snapshot(request: string): void {
    this.#snapshots = [...this.#snapshots.slice(1 - MAX_SNAPSHOTS), request];
  }

  /** How long the steps took since they were asked for last. */
  steps(): Heartbeat['steps'] {
    return this.#pipeline.times.read();
  }

  #makeWitness(observer: ActionObserver | null): Witness {
    return new Witness(this.#camera, observer, {
      progress: (progress) => void this.#uplink.send({ type: 'progress', progress }),
      result: (result) => void this.#uplink.send({ type: 'result', result }),
      clip: (challenge, clip) => void this.#tellClip(challenge, clip),
    });
  }

  /** One piece after the other has left: what is told of people goes between them. */
  async #tellClip(challenge: string, clip: Uint8Array | ClipFault): Promise<void> {
    const camera = this.#camera;
    if (typeof clip === 'string') {
      await this.#uplink.send({ type: 'noClip', missing: { camera, challenge, fault: clip } });
      return;
    }
    for (const part of partsOf(camera, challenge, clip)) await this.#uplink.send({ type: 'clip', part });
  }

  #makeListener(log: Logger): PipelineListener {
    const encoder = new CropEncoder((crop) => void this.#uplink.send({ type: 'crop', crop }), log);
    return {
      sighting: (sighting) => void this.#uplink.send({ type: 'sighting', sighting }),
      trackEnd: (end) => void this.#uplink.send({ type: 'trackEnd', end }),
      crop: (crop) => encoder.add(crop),
    };
  }

  /** The frame's picture is copied now and compressed while the next frames are looked at. */
  #photograph(picture: Picture): void {
    if (this.#snapshots.length === 0) return;
    const camera = this.#camera;
    const all = this.#snapshots.splice(0);
    void snapshotJpeg(copyPicture(picture)).then(
      (jpeg) => {
        for (const each of all) {
          void this.#uplink.send({ type: 'snapshot', snapshot: { camera, request: each, ...jpeg } });
        }
      },
      () => {},
    );
  }
}

async function warmUp(analyser: FaceAnalyser, head: HeadAnalyser | null): Promise<void> {
  const [width, height] = [640, 360];
  const data = new Uint8Array((width * height * 3) / 2).fill(128);
  const picture: Picture = { format: 'yuv420p', width, height, data };
  const face = { box: { x: 260, y: 120, width: 120, height: 120 }, score: 1 };
  const cropper = new FaceCropper();
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await analyser.detect(picture);
    await analyser.mask(picture, face);
    const landmarks = await analyser.landmarks(picture, face);
    analyser.quality(picture, face, landmarks);
    await analyser.embed(picture, landmarks);
    await analyser.liveness(picture, face);
    analyser.enclosure(picture, face);
    await head?.pose(picture, face.box);
    await head?.eyes(picture, landmarks);
    await toJpeg(cropper.cut(picture, face.box));
  }
}
