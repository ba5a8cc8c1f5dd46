import {
  type ErrorCode,
  type Logger,
  MenshenError,
  messageOf,
  monotonicMs,
  redactUrl,
} from '../common/index.ts';
import { backoffMs, SOUND_AFTER_MS } from './backoff.ts';
import { type Command, ffmpegCommand, findFfmpeg } from './command.ts';
import { type Credentials, credentialsOf, redactor } from './credentials.ts';
import { DecoderChoice, SOFTWARE } from './decoder.ts';
import { FfmpegSession } from './ffmpeg-session.ts';
import { FolderSession, sleep } from './folder-session.ts';
import { FrameSlot } from './frame-slot.ts';
import { IntegrityWatch } from './integrity/index.ts';
import { RtspReader, type VideoCodec } from './rtsp/index.ts';
import type { Session, SessionEnd, SessionListener } from './session.ts';
import { parseSource, type Source } from './source.ts';
import type { CameraSource, CameraState, CameraStats, Decoder, Frame, Integrity } from './types.ts';

/** What a camera needs to know; `CameraConfig` with the password read. */
export interface CameraOptions {
  readonly id: string;
  /** rtsp:// or rtsps:// URL without user and password, a video file, or a folder of pictures. */
  readonly source: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Without a fresh picture for this long the stream is opened again. */
  readonly stallMs: number;
  /** Time allowed from opening to the first fresh picture. */
  readonly connectTimeoutMs: number;
  /** Pictures a second of a folder. */
  readonly fps: number;
  /** A file or a folder begins again at its end. */
  readonly loop: boolean;
  /** Who reads RTSP from the network: `auto` (default) is our own reader, and ffmpeg's where ours cannot; `ffmpeg` always ffmpeg's. */
  readonly reader?: 'auto' | 'ffmpeg' | undefined;
  /** What decodes the stream: `auto` (default) is a part of the machine made for it, where there is one that works. */
  readonly decoder?: 'auto' | 'software' | undefined;
}

/** Failures that say nothing about the decoder. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  'CAMERA_UNREACHABLE',
  'CAMERA_AUTH_FAILED',
  'CAMERA_NOT_FOUND',
]);

/**
 * Makes a source of frames; nothing runs before `start()`. `onState` hears every change of state, `onIntegrity` every
 * change in what must be thought of an RTSP stream (a file may stand still or repeat).
 * Throws CAMERA_SOURCE_INVALID or CONFIG_INVALID when the options cannot work at all; every later failure is
 * a state `down` and another attempt. Hardware decoders are looked for in /dev and /sys below `root`.
 */
export function openCamera(
  options: CameraOptions,
  onState: (state: CameraState) => void,
  log: Logger,
  onIntegrity: (integrity: Integrity) => void = () => {},
  root = '/',
): CameraSource {
  const source = parseSource(options.id, options.source);
  const credentials =
    source.kind === 'rtsp' ? credentialsOf(options.id, options.username, options.password) : null;
  return new Camera(options, source, credentials, { onState, onIntegrity }, log, root);
}

class Camera implements CameraSource {
  readonly #options: CameraOptions;
  readonly #source: Source;
  readonly #credentials: Credentials | null;
  readonly #onState: (state: CameraState) => void;
  readonly #integrity: IntegrityWatch | null;
  readonly #log: Logger;
  readonly #slot: FrameSlot;
  readonly #root: string;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #session: Session | null = null;
  #timestamps: CameraStats['timestamps'] = 'stream';
  #restarts = 0;
  #streamingSince: number | null = null;
  #reader: 'own' | 'ffmpeg';
  #rtsp: RtspReader | null = null;
  /** Our own reader has read this camera soundly. */
  #readable = false;
  /** Null until the machine was looked at. */
  #choice: DecoderChoice | null = null;
  /** False where hardware is not wanted, or has failed. */
  #hardware: boolean;
  #decoder: Decoder = 'software';

  constructor(
    options: CameraOptions,
    source: Source,
    credentials: Credentials | null,
    listener: { onState(state: CameraState): void; onIntegrity(integrity: Integrity): void },
    log: Logger,
    root: string,
  ) {
    this.#options = options;
    this.#root = root;
    this.#reader = options.reader === 'ffmpeg' ? 'ffmpeg' : 'own';
    this.#hardware = source.kind === 'rtsp' && options.decoder !== 'software';
    this.#source = source;
    this.#credentials = credentials;
    this.#onState = listener.onState;
    this.#integrity = source.kind === 'rtsp' ? new IntegrityWatch(listener.onIntegrity) : null;
    this.#log = log.child({ camera: options.id });
    this.#slot = new FrameSlot(options.id);
  }

  get live(): boolean {
    return this.#source.kind === 'rtsp';
  }

  start(): void {
    this.#running ??= this.#run();
  }

  next(): Promise<Frame | null> {
    return this.#slot.next();
  }

  stats(): CameraStats {
    return {
      received: this.#slot.received,
      dropped: this.#slot.dropped,
      restarts: this.#restarts,
      timestamps: this.#session?.timestamps ?? this.#timestamps,
      stream: this.#session?.stream ?? null,
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#session?.end();
    this.#slot.close(true);
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    for (let attempt = 1; !this.#stopping.signal.aborted; attempt++) {
      this.#tell({ state: 'connecting', attempt });
      let end = await this.#attempt();
      if (end.kind === 'unsupported' && !this.#stopping.signal.aborted) {
        this.#giveUpOwnReader(end.why);
        end = await this.#attempt();
        // What it could read once was the camera; what it cannot may be another, which shall not have the rest to itself.
        if (this.#readable) this.#reader = 'own';
      }
      if (this.#blamesDecoder(end)) {
        this.#giveUpHardware();
        end = await this.#attempt();
      }
      // Some containers cannot be wound back by ffmpeg: those are opened again.
      while (end.kind === 'finished' && this.#options.loop && !this.#stopping.signal.aborted)
        end = await this.#attempt();
      if (this.#stopping.signal.aborted || end.kind !== 'failed') break;
      const sound = this.#streamingSince !== null && monotonicMs() - this.#streamingSince >= SOUND_AFTER_MS;
      failures = sound ? 1 : failures + 1;
      const retryInMs = backoffMs(failures, end.code, Math.random());
      this.#tell({ state: 'down', code: end.code, message: end.message, retryInMs });
      await sleep(retryInMs, this.#stopping.signal);
      if (!this.#stopping.signal.aborted) this.#restarts++;
    }
    this.#slot.close(false);
    this.#tell({ state: 'stopped' });
  }

  async #attempt(): Promise<SessionEnd> {
    this.#streamingSince = null;
    try {
      this.#session = await this.#newSession();
      if (this.#stopping.signal.aborted) return { kind: 'finished' };
    } catch (error) {
      if (!(error instanceof MenshenError)) throw error;
      return { kind: 'failed', code: error.code, message: `${this.#label()}: ${messageOf(error)}` };
    }
    const end = await this.#session.run();
    this.#timestamps = this.#session.timestamps;
    this.#readable ||= this.#rtsp?.settled === true;
    this.#session = null;
    return end;
  }

  /** Leaves the stream to ffmpeg's reader: for this connection where ours has read the camera before, else until we are started again. */
  #giveUpOwnReader(why: string): void {
    this.#reader = 'ffmpeg';
    this.#log.warn({ reason: why }, 'stream left to the RTSP reader of ffmpeg, one picture later');
  }

  /** No picture came out of hardware: whether it is to blame, only the CPU can tell. */
  #blamesDecoder(end: SessionEnd): boolean {
    if (this.#stopping.signal.aborted || this.#decoder === 'software') return false;
    return end.kind === 'failed' && this.#streamingSince === null && !ELSEWHERE.has(end.code);
  }

  /** Leaves decoding to the CPU until we are started again. */
  #giveUpHardware(): void {
    this.#log.warn(
      { decoder: this.#decoder },
      'no picture came out of the hardware decoder, the CPU decodes',
    );
    this.#hardware = false;
    this.#decoder = 'software';
  }

  async #newSession(): Promise<Session> {
    const { fps, loop, stallMs, connectTimeoutMs } = this.#options;
    const source = this.#source;
    const listener: SessionListener = {
      onStreaming: (width, height) => {
        this.#streamingSince ??= monotonicMs();
        this.#tell({ state: 'streaming', width, height, decoder: this.#decoder });
      },
    };
    const label = this.#label();
    if (source.kind === 'folder') {
      return new FolderSession({ label, path: source.path, fps, loop }, this.#slot, listener, this.#log);
    }
    const ffmpeg = findFfmpeg();
    if (this.#hardware) this.#choice ??= await DecoderChoice.probe(ffmpeg, this.#root);
    const { id } = this.#options;
    const commandOptions = { ffmpeg, id, source, credentials: this.#credentials, loop, reader: this.#reader };
    const command = (codec: VideoCodec | null): Command => {
      const { decoder, args } = (this.#hardware ? this.#choice?.best(codec) : null) ?? SOFTWARE;
      this.#decoder = decoder;
      return ffmpegCommand(commandOptions, args);
    };
    const own = source.kind === 'rtsp' && this.#reader === 'own';
    const integrity = this.#integrity;
    const reader =
      own && integrity !== null
        ? new RtspReader({ url: source.url, credentials: this.#credentials, integrity })
        : null;
    this.#rtsp = reader;
    const redact = redactor(this.#credentials, source.kind === 'rtsp' ? source.url : undefined);
    const options = {
      label,
      kind: source.kind,
      command,
      reader,
      integrity,
      stallMs,
      connectTimeoutMs,
      redact,
    };
    return new FfmpegSession(options, this.#slot, listener, this.#log);
  }

  #label(): string {
    const where = this.#source.kind === 'rtsp' ? redactUrl(this.#source.url) : this.#source.path;
    return `Camera ${this.#options.id} (${where})`;
  }

  #tell(state: CameraState): void {
    if (state.state === 'down')
      this.#log.warn({ code: state.code, retryInMs: state.retryInMs }, state.message);
    else this.#log.info(state, `camera ${state.state}`);
    this.#onState(state);
  }
}
