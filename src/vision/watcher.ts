import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type CameraSource, type Integrity, openCamera, type Picture } from '../camera/index.ts';
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
import { QrWatch } from './qr/watch.ts';
import { copyPicture, snapshotJpeg } from './snapshot.ts';
import type { QrSighting } from './types.ts';
import type { Uplink } from './uplink.ts';

/** Without frames for this long the tracks are ended by the clock. */
const SILENCE_MS = 800;
const EXPIRE_EVERY_MS = 200;
/** The event loop's delay is sampled this often: each time wakes the process, and what delays anybody is longer. */
const DELAY_RESOLUTION_MS = 50;

const MAX_SNAPSHOTS = 4;

/** Rounds after which the steps run at their pace: the networks have their memory, and V8 has compiled the loops. */
const WARM_UP_ROUNDS = 10;

/** What a vision process does: takes the camera's newest frame, looks at it, tells what it saw, and again. */
export class Watcher {
  readonly #uplink: Uplink;
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #camera: CameraSource | null = null;
  #pipeline: Pipeline | null = null;
  #witness: Witness | null = null;
  #qr: QrWatch | null = null;
  #snapshots: string[] = [];
  #cameraId = '';
  #frames = 0;
  #busySince: number | null = null;
  #lastFrameAt = Number.NEGATIVE_INFINITY;
  #lastBeat = { at: monotonicMs(), frames: 0 };

  constructor(uplink: Uplink) {
    this.#uplink = uplink;
    this.#loopDelay.enable();
  }

  /** Opens networks and camera, then looks at frames until `stop`, or the end of a file that is not repeated. */
  async run(settings: VisionSettings, log: Logger): Promise<void> {
    const { camera, area, qr, vision } = settings;
    this.#cameraId = camera.id;
    const { threads, detectionScore, quality } = vision;
    const modelsDir = vision.modelsDir ?? defaultModelsDir();
    const analyser = await FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
    const head = settings.actions ? await HeadAnalyser.open({ modelsDir, threads }) : null;
    await warmUp(analyser, head);
    const witness = this.#makeWitness(camera.id, head === null ? null : new ActionObserver(analyser, head));
    const { maxFaces, recognise, idleIntervalMs } = vision;
    const options = { camera: camera.id, area, maxFaces, recognise, idleIntervalMs, witness };
    const pipeline = new Pipeline(analyser, options);
    this.#pipeline = pipeline;
    this.#witness = witness;
    if (qr !== null) {
      const onQr = (seen: QrSighting): void => void this.#uplink.send({ type: 'qr', qr: seen });
      this.#qr = new QrWatch({ area, ...qr }, onQr, log);
    }
    const onState = (state: Parameters<Parameters<typeof openCamera>[1]>[0]): void => {
      void this.#uplink.send({ type: 'camera', state });
    };
    const onIntegrity = (integrity: Integrity): void => {
      void this.#uplink.send({ type: 'integrity', integrity });
    };
    this.#camera = openCamera(camera, onState, log, onIntegrity);
    void this.#uplink.send({ type: 'ready', models: { ...analyser.models, ...head?.models } });
    this.#camera.start();
    const expiry = setInterval(() => this.#expire(), EXPIRE_EVERY_MS);
    try {
      await this.#look(this.#camera, pipeline, this.#listener(log));
    } finally {
      clearInterval(expiry);
      this.#expire();
    }
  }

  settle(track: string, until: number): void {
    this.#pipeline?.settle(track, until);
  }

  resume(track: string): void {
    this.#pipeline?.resume(track);
  }

  /** Watches for an action; what comes of it is told. */
  challenge(order: ChallengeOrder): void {
    const known = this.#pipeline?.follows(order.track) ?? false;
    this.#witness?.challenge(order, known, monotonicMs());
  }

  cancel(challenge: string): void {
    this.#witness?.cancel(challenge);
  }

  picture(track: string): void {
    this.#pipeline?.wantPicture(track);
  }

  /** Tells the next picture; of several requests at a time the newest few are heard. */
  snapshot(request: string): void {
    this.#snapshots = [...this.#snapshots.slice(1 - MAX_SNAPSHOTS), request];
  }

  /** Ends the camera and its ffmpeg. */
  async stop(): Promise<void> {
    await Promise.all([this.#camera?.stop(), this.#qr?.stop()]);
  }

  /** The sign of life; also begins the next period of its figures. */
  beat(): Heartbeat {
    const now = monotonicMs();
    const { received, dropped } = this.#camera?.stats() ?? { received: 0, dropped: 0 };
    const fps = ((this.#frames - this.#lastBeat.frames) * 1000) / Math.max(1, now - this.#lastBeat.at);
    this.#lastBeat = { at: now, frames: this.#frames };
    // The histogram measures the time between two of its own timers: without a delay it reads the resolution.
    const loopDelayMs = Math.max(0, this.#loopDelay.max / 1e6 - DELAY_RESOLUTION_MS);
    this.#loopDelay.reset();
    return {
      received,
      dropped,
      frames: this.#frames,
      fps,
      busyMs: this.#busySince === null ? 0 : now - this.#busySince,
      steps: this.#pipeline?.times.read() ?? {},
      rssBytes: process.memoryUsage.rss(),
      loopDelayMs,
      untold: this.#uplink.untold,
    };
  }

  #makeWitness(camera: string, observer: ActionObserver | null): Witness {
    return new Witness(camera, observer, {
      progress: (progress) => void this.#uplink.send({ type: 'progress', progress }),
      result: (result) => void this.#uplink.send({ type: 'result', result }),
      clip: (challenge, clip) => void this.#tellClip(camera, challenge, clip),
    });
  }

  /** One piece after the other has left: what is told of people goes between them. */
  async #tellClip(camera: string, challenge: string, clip: Uint8Array | ClipFault): Promise<void> {
    if (typeof clip === 'string') {
      await this.#uplink.send({ type: 'noClip', missing: { camera, challenge, fault: clip } });
      return;
    }
    for (const part of partsOf(camera, challenge, clip)) await this.#uplink.send({ type: 'clip', part });
  }

  #listener(log: Logger): PipelineListener {
    const encoder = new CropEncoder((crop) => void this.#uplink.send({ type: 'crop', crop }), log);
    return {
      sighting: (sighting) => void this.#uplink.send({ type: 'sighting', sighting }),
      trackEnd: (end) => void this.#uplink.send({ type: 'trackEnd', end }),
      crop: (crop) => encoder.add(crop),
    };
  }

  async #look(camera: CameraSource, pipeline: Pipeline, listener: PipelineListener): Promise<void> {
    for (let frame = await camera.next(); frame !== null; frame = await camera.next()) {
      this.#busySince = monotonicMs();
      try {
        this.#qr?.offer(frame);
        await pipeline.process(frame, listener);
        this.#photograph(frame.picture);
      } finally {
        frame.release();
        this.#busySince = null;
        this.#lastFrameAt = monotonicMs();
        this.#frames++;
      }
    }
  }

  /** The frame's picture is copied now and compressed while the next frames are looked at. */
  #photograph(picture: Picture): void {
    if (this.#snapshots.length === 0) return;
    const camera = this.#cameraId;
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

  /** Only while no frames come: a stream that lags must not lose its tracks to the clock. */
  #expire(): void {
    const now = monotonicMs();
    if (this.#busySince !== null || now - this.#lastFrameAt < SILENCE_MS) return;
    for (const end of this.#pipeline?.expire(now) ?? []) void this.#uplink.send({ type: 'trackEnd', end });
  }
}

/** Runs every step on a grey picture, so that the first person after a start does not wait for it. */
async function warmUp(analyser: FaceAnalyser, head: HeadAnalyser | null): Promise<void> {
  const [width, height] = [640, 360];
  const data = new Uint8Array((width * height * 3) / 2).fill(128);
  const picture: Picture = { format: 'yuv420p', width, height, data };
  const face = { box: { x: 260, y: 120, width: 120, height: 120 }, score: 1 };
  const cropper = new FaceCropper();
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await analyser.detect(picture);
    const landmarks = await analyser.landmarks(picture, face);
    analyser.quality(picture, face, landmarks);
    await analyser.embed(picture, landmarks);
    await analyser.liveness(picture, face);
    await head?.pose(picture, face.box);
    await head?.eyes(picture, landmarks);
    await toJpeg(cropper.cut(picture, face.box));
  }
}
