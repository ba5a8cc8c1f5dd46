import type { ErrorCode } from '../common/index.ts';

/**
 * A picture in memory.
 * - `yuv420p`: planar, BT.601 limited range (Y 16-235), planes Y (width x height), then U and V
 *   (ceil(width/2) x ceil(height/2) each), no padding. What ffmpeg decodes to without a colour conversion.
 * - `rgb24`: interleaved R, G, B, 0-255. What a photo decodes to.
 */
export interface Picture {
  readonly format: 'yuv420p' | 'rgb24';
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One picture of a camera and when it was taken. */
export interface Frame {
  readonly camera: string;
  /** Counts the frames of this camera since the process began, dropped ones included; never reset. */
  readonly seq: number;
  /** Capture time, milliseconds of CLOCK_MONOTONIC (`monotonicMs()`): when the picture reached this machine, backlog taken off. */
  readonly capturedAt: number;
  readonly picture: Picture;
  /** Gives the picture's memory back for another frame. The picture must not be read afterwards. */
  release(): void;
}

/** What decodes the pictures of a stream: the CPU, or a part of the machine made for it. */
export const DECODERS = ['software', 'vaapi', 'v4l2m2m', 'nvv4l2dec'] as const;
export type Decoder = (typeof DECODERS)[number];

/** What a camera is doing; every change is told to the listener of `CameraSource`. */
export type CameraState =
  | { readonly state: 'connecting'; readonly attempt: number }
  | {
      readonly state: 'streaming';
      readonly width: number;
      readonly height: number;
      readonly decoder: Decoder;
    }
  | { readonly state: 'down'; readonly code: ErrorCode; readonly message: string; readonly retryInMs: number }
  | { readonly state: 'stopped' };

/** What our own RTSP reader counted since the stream was opened. */
export interface StreamStats {
  /** RTP packets received, and those missing by their numbers. */
  readonly packets: number;
  readonly lost: number;
  /** Pictures left out before they were decoded: damaged, built on a damaged one, or ffmpeg was too far behind. */
  readonly discarded: number;
  /** The camera's own clock by its last sender report: Unix time in milliseconds at an RTP time stamp. */
  readonly senderClock: { readonly unixMs: number; readonly rtpTimestamp: number } | null;
}

export interface CameraStats {
  /** Frames decoded (of a folder: read). */
  readonly received: number;
  /** Frames nobody got to see: replaced by a newer one before they were taken, or held back while a backlog of unknown age drained. */
  readonly dropped: number;
  /** Times the stream was opened again after a failure. */
  readonly restarts: number;
  /** What capture times follow: the time stamps of the stream, or only the arrival here because those were unusable. */
  readonly timestamps: 'stream' | 'arrival';
  /** Of the stream that is open; `null` without one, and where ffmpeg reads it from the network. */
  readonly stream: StreamStats | null;
}

/** A source of frames that never gives up: it reconnects by itself until stopped. */
export interface CameraSource {
  /** Pictures come whether anybody takes them or not, as from an RTSP stream; a file begins when it is started. */
  readonly live: boolean;
  /** Does nothing the second time. */
  start(): void;
  /** The newest frame not taken yet, waiting for one if there is none; `null` once the source is stopped (or a file has ended). One caller at a time. */
  next(): Promise<Frame | null>;
  stats(): CameraStats;
  /** Ends the child processes and frees the memory; resolves when nothing is left running. */
  stop(): Promise<void>;
}

/**
 * Why a stream may be another than that of its camera: it stands still bit for bit, repeats itself, its clock is wrong,
 * its sender changed within a connection.
 */
export type StreamDoubt = 'frozen' | 'looped' | 'timing' | 'sender';

/** What a stream is known by; another stream of the same camera has the same. */
export interface StreamIdentity {
  readonly width: number;
  readonly height: number;
  /** Codec and profile; null where ffmpeg reads the network, or none was told. */
  readonly encoder: string | null;
  /** Whose RTSP reader reads it soundly: ours, which sees sender and encoder, or that of ffmpeg; null while ours has just begun. */
  readonly reader: 'own' | 'ffmpeg' | null;
}

/** What must be thought of a stream. */
export interface Integrity {
  readonly stream: StreamIdentity;
  readonly doubts: readonly { readonly kind: StreamDoubt; readonly detail: string }[];
}
