import { type CameraSource, openCamera } from '../camera/index.ts';
import { type Logger, monotonicMs } from '../common/index.ts';
import { CameraReport } from './camera-report.ts';
import type { ChallengeOrder } from './challenge/types.ts';
import type { Heartbeat, VisionSettings } from './messages.ts';
import { QrWatch } from './qr/watch.ts';
import { Sight } from './sight.ts';
import type { QrSighting } from './types.ts';
import type { Uplink } from './uplink.ts';

/** Without frames for this long the tracks are ended by the clock. */
const SILENCE_MS = 800;
const EXPIRE_EVERY_MS = 400;

/** What a vision process does: takes the camera's newest frame, looks at it, tells what it saw, and again. */
export class Watcher {
  readonly #uplink: Uplink;
  readonly #report: CameraReport;
  readonly #wanted: Promise<void>;
  #want: () => void = () => {};
  #camera: CameraSource | null = null;
  #sight: Sight | null = null;
  #qr: QrWatch | null = null;
  #frames = 0;
  #busySince: number | null = null;
  #lastFrameAt = Number.NEGATIVE_INFINITY;
  #lastBeat = { at: monotonicMs(), frames: 0 };

  constructor(uplink: Uplink) {
    this.#uplink = uplink;
    this.#report = new CameraReport(uplink);
    this.#wanted = new Promise((resolve) => {
      this.#want = resolve;
    });
  }

  /** Opens networks and camera; once `look` was called, looks at frames until `stop`, or the end of a file that is not repeated. */
  async run(settings: VisionSettings, log: Logger): Promise<void> {
    const camera = openCamera(
      settings.camera,
      (state) => this.#report.state(state),
      log,
      (integrity) => this.#report.integrity(integrity),
    );
    this.#camera = camera;
    const sight = await Sight.open(settings, this.#uplink, log);
    this.#sight = sight;
    // Not before the networks are open, which holds this thread up: on a slow machine pictures would pile up that are old when
    // they are decoded. A film would run by unseen.
    if (camera.live) camera.start();
    await sight.warmUp();
    void this.#uplink.send({ type: 'ready', models: sight.models });
    await this.#wanted;
    this.#qr = this.#watchQr(settings, log);
    this.#report.open();
    camera.start();
    await this.#lookOn(camera, sight);
  }

  /** From now on it is looked who is there; until then everything only gets ready. */
  look(): void {
    this.#want();
  }

  settle(track: string, until: number): void {
    this.#sight?.settle(track, until);
  }

  resume(track: string): void {
    this.#sight?.resume(track);
  }

  challenge(order: ChallengeOrder): void {
    this.#sight?.challenge(order);
  }

  cancel(challenge: string): void {
    this.#sight?.cancel(challenge);
  }

  picture(track: string): void {
    this.#sight?.picture(track);
  }

  snapshot(request: string): void {
    this.#sight?.snapshot(request);
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
    return {
      received,
      dropped,
      frames: this.#frames,
      fps,
      busyMs: this.#busySince === null ? 0 : now - this.#busySince,
      steps: this.#sight?.steps() ?? {},
      rssBytes: process.memoryUsage.rss(),
      untold: this.#uplink.untold,
    };
  }

  #watchQr({ area, qr }: VisionSettings, log: Logger): QrWatch | null {
    const onQr = (seen: QrSighting): void => void this.#uplink.send({ type: 'qr', qr: seen });
    return qr === null ? null : new QrWatch({ area, ...qr }, onQr, log);
  }

  async #lookOn(camera: CameraSource, sight: Sight): Promise<void> {
    const expiry = setInterval(() => this.#expire(sight), EXPIRE_EVERY_MS);
    try {
      for (let frame = await camera.next(); frame !== null; frame = await camera.next()) {
        this.#busySince = monotonicMs();
        try {
          this.#qr?.offer(frame);
          await sight.look(frame);
        } finally {
          frame.release();
          this.#busySince = null;
          this.#lastFrameAt = monotonicMs();
          this.#frames++;
        }
      }
    } finally {
      clearInterval(expiry);
      this.#expire(sight);
    }
  }

  /** Only while no frames come: a stream that lags must not lose its tracks to the clock. */
  #expire(sight: Sight): void {
    const now = monotonicMs();
    if (this.#busySince === null && now - this.#lastFrameAt >= SILENCE_MS) sight.expire(now);
  }
}
