import { randomUUID } from 'node:crypto';
import { captureRejectionSymbol, EventEmitter } from 'node:events';
import type { CameraState, Integrity } from '../camera/types.ts';
import { LOG_LEVELS, type Logger, type LogLevel, messageOf, monotonicMs } from '../common/index.ts';
import type { CameraConfig, VisionConfig } from '../config/index.ts';
import type {
  ChallengeClip,
  ChallengeOrder,
  ChallengeProgress,
  ChallengeResult,
  ClipMissing,
} from './challenge/types.ts';
import { VisionChild, type VisionFailure } from './child.ts';
import type { Heartbeat, Snapshot, Told, VisionSettings } from './messages.ts';
import type { ModelRef, QrSighting, Sighting, TrackCrop, TrackEnd } from './types.ts';

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 10_000;
/** Parts of the delay by which it varies at random, so that the processes of several cameras do not start in step. */
const JITTER = 0.2;
/** A process that was up this long was sound: the next failure begins with the shortest delay again. */
const SOUND_AFTER_MS = 60_000;
/** What only a person can put right is tried again this slowly. */
const LASTING_RETRY_MS = 30_000;

/** As `decision.maxFrameAgeMs`. */
const MAX_FRAME_AGE_MS = 800;

export interface VisionHostOptions {
  /** The camera's configuration with its password read. */
  readonly camera: Omit<CameraConfig, 'password'> & { readonly password?: string };
  readonly vision: VisionConfig;
  /** Actions may be demanded of people: the networks for them are loaded. */
  readonly actions?: boolean;
  readonly log: Logger;
  /** QR codes of older frames are not told; 800 by default. */
  readonly maxFrameAgeMs?: number;
  /** File of the vision process, by default the one that ships with Menshen. */
  readonly entry?: URL;
}

/** Why there is no vision at the moment. */
export interface VisionDown extends VisionFailure {
  readonly retryInMs: number;
}

export interface VisionHostEvents {
  /** The process is ready: its networks are open. The camera's state comes apart. */
  up: [{ readonly models: Readonly<Record<string, ModelRef>> }];
  /** The process is gone, and with it every track; told once until it is up again or the cause is another. */
  down: [VisionDown];
  sighting: [Sighting];
  /** The picture of a sighting that was told before; also of a track that has ended meanwhile. */
  crop: [TrackCrop];
  /** A QR code, once while it is held up. */
  qr: [QrSighting];
  trackEnd: [TrackEnd];
  /** A challenge has got that far. */
  progress: [ChallengeProgress];
  /** A challenge has ended; before the `trackEnd` of a track that ended it. None comes when vision goes down. */
  result: [ChallengeResult];
  /** The clip of a challenge, after its result; or why there is none. */
  clip: [ChallengeClip];
  noClip: [ClipMissing];
  camera: [CameraState];
  /** What must be thought of the camera's stream has changed. */
  integrity: [Integrity];
  heartbeat: [Heartbeat];
}

/**
 * Keeps the vision process of one camera running, from the gate process: starts it, believes none of its messages
 * unchecked, kills it when it hangs, starts it again when it is gone. Loads no native code itself. A listener that
 * throws, or whose promise is rejected, is told to the log and changes nothing else.
 */
export class VisionHost extends EventEmitter<VisionHostEvents> {
  readonly #settings: VisionSettings;
  readonly #log: Logger;
  readonly #entry: URL | undefined;
  readonly #snapshots = new Map<string, (snapshot: Snapshot) => void>();
  #child: VisionChild | null = null;
  #retry: NodeJS.Timeout | null = null;
  #stopped = true;
  #looking = false;
  #failures = 0;
  #upSince: number | null = null;
  #reported = '';

  constructor(options: VisionHostOptions) {
    super({ captureRejections: true });
    const {
      id,
      source,
      username,
      password,
      stallMs,
      connectTimeoutMs,
      fps,
      loop,
      reader,
      decoder,
      area,
      qr,
    } = options.camera;
    this.#settings = {
      camera: { id, source, username, password, stallMs, connectTimeoutMs, fps, loop, reader, decoder },
      area,
      qr: qr ? { maxAgeMs: options.maxFrameAgeMs ?? MAX_FRAME_AGE_MS } : null,
      vision: options.vision,
      actions: options.actions ?? false,
      logLevel: levelOf(options.log),
    };
    this.#log = options.log.child({ camera: id });
    this.#entry = options.entry;
  }

  /** Process id of the vision process, if one runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the process and keeps it running until `stop`: networks are opened and a stream is connected, but nobody is
   * looked at, and nothing told of the camera, before `start`.
   */
  prepare(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#run();
  }

  /** Has the process look who is there, and keeps it running until `stop`. */
  start(): void {
    if (this.#looking) return;
    this.#looking = true;
    if (this.#stopped) this.prepare();
    else this.#child?.send({ type: 'look' });
  }

  /** Ends the process and its ffmpeg within 2 s, and starts none any more. No events come afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#looking = false;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    await this.#child?.stop();
  }

  /** The track needs no recognition before `until` (monotonic ms). */
  settle(track: string, until: number): void {
    this.#child?.send({ type: 'settle', track, until });
  }

  /** Takes `settle` back. */
  resume(track: string): void {
    this.#child?.send({ type: 'resume', track });
  }

  /** Has a track watched for an action; `result` tells what came of it. One at a time; another ends as unavailable. */
  challenge(order: ChallengeOrder): void {
    this.#child?.send({ type: 'challenge', order });
  }

  /** Takes a challenge back; nothing is told of it any more. */
  cancel(challenge: string): void {
    this.#child?.send({ type: 'cancel', challenge });
  }

  /** Asks for the picture of the track's next recognised frame; it comes as a `crop`. */
  picture(track: string): void {
    this.#child?.send({ type: 'picture', track });
  }

  /** The next picture of the camera, or null when there is none within `ms`. */
  snapshot(ms: number): Promise<Snapshot | null> {
    const request = randomUUID();
    return new Promise((resolve) => {
      const finish = (snapshot: Snapshot | null) => {
        clearTimeout(timer);
        this.#snapshots.delete(request);
        resolve(snapshot);
      };
      const timer = setTimeout(() => finish(null), ms);
      this.#snapshots.set(request, finish);
      this.#child?.send({ type: 'snapshot', request });
    });
  }

  override [captureRejectionSymbol](error: Error, ...[event]: unknown[]): void {
    this.#log.error({ event, err: messageOf(error) }, 'a listener of the vision process failed');
  }

  #run(): void {
    this.#upSince = null;
    let child: VisionChild;
    try {
      child = new VisionChild(this.#settings, (message) => this.#receive(message), this.#entry);
    } catch (error) {
      const camera = this.#settings.camera.id;
      const message = `Vision process of camera ${camera}: cannot be started: ${messageOf(error)}. It is tried again.`;
      this.#restart({ code: 'VISION_FAILED', message });
      return;
    }
    this.#child = child;
    if (this.#looking) child.send({ type: 'look' });
    void child.ended.then((failure) => {
      if (this.#child === child) this.#child = null;
      if (!this.#stopped && failure !== null) this.#restart(failure);
    });
  }

  #receive(message: Told): void {
    if (!this.#stopped) this.#guard(message.type, () => this.#tell(message));
  }

  #tell(message: Told): void {
    switch (message.type) {
      case 'ready':
        this.#upSince = monotonicMs();
        this.#reported = '';
        this.#log.info({ models: message.models }, 'vision process ready');
        this.emit('up', { models: message.models });
        break;
      case 'sighting':
        this.emit('sighting', message.sighting);
        break;
      case 'crop':
        this.emit('crop', message.crop);
        break;
      case 'qr':
        this.emit('qr', message.qr);
        break;
      case 'snapshot':
        this.#snapshots.get(message.snapshot.request)?.(message.snapshot);
        break;
      case 'trackEnd':
        this.emit('trackEnd', message.end);
        break;
      case 'progress':
        this.emit('progress', message.progress);
        break;
      case 'result':
        this.emit('result', message.result);
        break;
      case 'clip':
        this.emit('clip', message.clip);
        break;
      case 'noClip':
        this.emit('noClip', message.missing);
        break;
      case 'camera':
        this.emit('camera', message.state);
        break;
      case 'integrity':
        this.emit('integrity', message.integrity);
        break;
      case 'heartbeat':
        this.emit('heartbeat', message.heartbeat);
        break;
      case 'failed':
        break;
    }
  }

  #guard(event: string, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#log.error({ event, err: messageOf(error) }, 'a listener of the vision process failed');
    }
  }

  #restart(failure: VisionFailure): void {
    const sound = this.#upSince !== null && monotonicMs() - this.#upSince >= SOUND_AFTER_MS;
    this.#failures = sound ? 1 : this.#failures + 1;
    const retryInMs = Math.round(retryAfter(failure, this.#failures));
    this.#retry = setTimeout(() => this.#run(), retryInMs);
    const cause = `${failure.code} ${failure.message}`;
    if (cause !== this.#reported) {
      this.#reported = cause;
      this.#log.error({ code: failure.code, retryInMs }, failure.message);
      this.#guard('down', () => this.emit('down', { ...failure, retryInMs }));
    }
  }
}

/** Milliseconds to the next attempt after `failures` in a row. */
function retryAfter({ code }: VisionFailure, failures: number): number {
  if (code.startsWith('MODEL') || code === 'CAMERA_SOURCE_INVALID' || code === 'CONFIG_INVALID') {
    return LASTING_RETRY_MS;
  }
  const delay = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return delay * (1 + JITTER * (2 * Math.random() - 1));
}

function levelOf(log: Logger): LogLevel {
  return LOG_LEVELS.find((level) => level === log.level) ?? 'info';
}
