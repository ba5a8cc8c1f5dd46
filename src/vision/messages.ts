import type { CameraOptions } from '../camera/camera.ts';
import type { CameraState, Integrity } from '../camera/types.ts';
import type { ErrorCode, LogLevel } from '../common/index.ts';
import type { VisionConfig } from '../config/index.ts';
import type {
  ChallengeClip,
  ChallengeOrder,
  ChallengeProgress,
  ChallengeResult,
  ClipMissing,
  ClipPart,
} from './challenge/types.ts';
import type { ModelRef, QrSighting, Sighting, Stage, TrackCrop, TrackEnd } from './types.ts';

/** What the gate process and a vision process say to one another; how it travels is in packet.ts and codec.ts. */

/** The recognition area in parts of the picture, 0..1. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Everything a vision process needs; it comes in the first message, so that no password is in argv or environment. */
export interface VisionSettings {
  readonly camera: CameraOptions;
  readonly area: Area;
  /** QR codes are looked for, and told unless the frame is older by then (ms); null: not looked for. */
  readonly qr: { readonly maxAgeMs: number } | null;
  readonly vision: VisionConfig;
  /** Actions may be demanded: the networks for them are loaded. */
  readonly actions: boolean;
  readonly logLevel: LogLevel;
}

/** Gate process to vision process. */
export type ToVision =
  /** Networks are opened and a stream is connected; nobody is looked at, and nothing told of the camera, before `look`. */
  | { readonly type: 'start'; readonly settings: VisionSettings }
  | { readonly type: 'look' }
  /** The track needs no recognition before `until` (monotonic ms). */
  | { readonly type: 'settle'; readonly track: string; readonly until: number }
  | { readonly type: 'resume'; readonly track: string }
  /** Somebody is asked to do something before the camera: watch for it. */
  | { readonly type: 'challenge'; readonly order: ChallengeOrder }
  /** Nobody waits for that any more. */
  | { readonly type: 'cancel'; readonly challenge: string }
  /** The next recognised frame of the track is told with its picture. */
  | { readonly type: 'picture'; readonly track: string }
  /** Asks for the next picture. */
  | { readonly type: 'snapshot'; readonly request: string }
  | { readonly type: 'stop' };

/** Time of a step since the heartbeat before, ms; `frame` is a frame from detection to the last sighting. */
export interface StepTime {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}
export type TimedStep = Stage | 'frame';

/** Sign of life of a vision process, told every second. Counters run from the start of the process. */
export interface Heartbeat {
  /** Frames decoded, and those of them nobody looked at because a newer one had come. */
  readonly received: number;
  readonly dropped: number;
  /** Frames looked at. */
  readonly frames: number;
  /** Frames looked at a second, since the heartbeat before. */
  readonly fps: number;
  /** How long the frame now in work has been in work, ms; 0 when none is. */
  readonly busyMs: number;
  readonly steps: Readonly<Partial<Record<TimedStep, StepTime>>>;
  readonly rssBytes: number;
  /** Sightings and pictures not told because the gate process did not take what was told before. */
  readonly untold: number;
}

/** A whole picture of a camera, made smaller where it would be too large to send on. */
export interface Snapshot {
  readonly camera: string;
  /** UUID of what asked for it. */
  readonly request: string;
  /** Of the JPEG. */
  readonly width: number;
  readonly height: number;
  /** 180,000 bytes at most. */
  readonly jpeg: Uint8Array;
}

/** Vision process to gate process. */
export type FromVision =
  | { readonly type: 'ready'; readonly models: Readonly<Record<string, ModelRef>> }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'camera'; readonly state: CameraState }
  /** What must be thought of the camera's stream has changed, or a connection shows its first picture. */
  | { readonly type: 'integrity'; readonly integrity: Integrity }
  | { readonly type: 'sighting'; readonly sighting: Sighting }
  | { readonly type: 'crop'; readonly crop: TrackCrop }
  /** Told once while it is held up, and again after some seconds out of sight. */
  | { readonly type: 'qr'; readonly qr: QrSighting }
  | { readonly type: 'trackEnd'; readonly end: TrackEnd }
  | { readonly type: 'progress'; readonly progress: ChallengeProgress }
  /** Before the end of the track, if that ends it. */
  | { readonly type: 'result'; readonly result: ChallengeResult }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  /** After the result: pieces of the clip, or why there is none. */
  | { readonly type: 'clip'; readonly part: ClipPart }
  | { readonly type: 'noClip'; readonly missing: ClipMissing }
  | { readonly type: 'heartbeat'; readonly heartbeat: Heartbeat };

/** The same with clips whole. */
export type Told =
  | Exclude<FromVision, { readonly type: 'clip' }>
  | { readonly type: 'clip'; readonly clip: ChallengeClip };
