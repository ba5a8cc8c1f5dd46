import type { ModelRef, QualityGate, Sighting } from '../vision/types.ts';
import type { TrackActions } from './demands.ts';
import { cosine, type Fusion, fuse } from './evidence.ts';
import type { CalibrationRecord } from './figures.ts';
import type { OpenInquiry } from './inquiry.ts';
import type { Evidence } from './types.ts';

/** Why no cloud is asked about most faces: every verdict but an unsure one, of whatever rule. */
const NO_DOUBT = 'the verdict left no doubt for a cloud to settle';

/** Frames of a track whose liveness is remembered over its attempts: some seconds of them. */
const LIVED_FRAMES = 20;

/** Tracks of a door known at a time; a vision process never follows as many, unless something is wrong with it. */
const MAX_TRACKS = 128;

/** One person before the door, as far as the tracker can tell. */
export interface TrackState {
  readonly id: string;
  evidence: Evidence[];
  /** Liveness of the newest frames of all attempts, oldest first; what went before an attempt is not forgotten with it. */
  lived: readonly number[];
  /** How closely edges enclosed the face in the same frames. */
  enclosures: readonly number[];
  /**
   * Monotonic time at which the first evidence since the last verdict came. Not its capture time: who comes out of
   * a backlog of old frames has not been waiting.
   */
  since: number | null;
  consistency: number | null;
  attempts: number;
  lockedUntil: number;
  quietUntil: number;
  decided: boolean;
  granted: boolean;
  /** A failed attempt of this track has been counted towards a lock-out. */
  counted: boolean;
  readonly firstSeenAt: number;
  last: Sighting;
  /** Monotonic time at which the last sighting came. */
  lastAt: number;
  readonly gates: Map<QualityGate, number>;
  /** The question of this attempt; at most one, whatever comes of it. */
  inquiry: OpenInquiry | null;
  /** Why the cloud was not asked in this attempt. */
  whyNotAsked: string;
  readonly actions: TrackActions;
  /** What the threshold of the last comparison followed from. */
  calibration: CalibrationRecord | null;
}

/** A probe to be looked up in the gallery; hand the answer to `decide`. */
export interface Probe {
  readonly track: string;
  readonly fusion: Fusion;
  /** The frames that were fused, oldest first. */
  readonly frames: readonly Evidence[];
  readonly model: ModelRef;
}

/** The tracks known at a door, the oldest forgotten when there are too many. */
export class Tracks {
  readonly #tracks = new Map<string, TrackState>();

  get(id: string): TrackState | undefined {
    return this.#tracks.get(id);
  }

  /** The track of a sighting, which is its last one from now on. */
  see(sighting: Sighting, now: number): TrackState {
    const known = this.#tracks.get(sighting.track);
    if (known !== undefined) {
      known.last = sighting;
      known.lastAt = now;
      return known;
    }
    const track = newTrack(sighting, now);
    this.#tracks.set(track.id, track);
    const [oldest] = this.#tracks.keys();
    if (this.#tracks.size > MAX_TRACKS && oldest !== undefined) {
      this.#tracks.delete(oldest);
    }
    return track;
  }

  delete(id: string): void {
    this.#tracks.delete(id);
  }

  /** Ids of the tracks seen last by this camera. */
  ofCamera(camera: string): string[] {
    return [...this.#tracks.values()].filter(({ last }) => last.camera === camera).map(({ id }) => id);
  }
}

function newTrack(sighting: Sighting, now: number): TrackState {
  return {
    id: sighting.track,
    evidence: [],
    lived: [],
    enclosures: [],
    since: null,
    consistency: null,
    attempts: 0,
    lockedUntil: now,
    quietUntil: now,
    decided: false,
    granted: false,
    counted: false,
    firstSeenAt: sighting.frame.capturedAt,
    last: sighting,
    lastAt: now,
    gates: new Map(),
    inquiry: null,
    whyNotAsked: NO_DOUBT,
    actions: { open: null, done: null },
    calibration: null,
  };
}

/** Whether a sighting shows a newer moment than all evidence of its track. */
export function isNewer(track: TrackState, { frame }: Sighting): boolean {
  const newest = track.evidence.at(-1)?.frame;
  return newest === undefined || (frame.seq > newest.seq && frame.capturedAt > newest.capturedAt);
}

/** Takes evidence in, and drops what is older than `evidenceAgeMs` or beyond the newest `maxFrames`. */
export function addEvidence(
  track: TrackState,
  sighting: Evidence,
  { evidenceAgeMs, maxFrames }: { readonly evidenceAgeMs: number; readonly maxFrames: number },
  now: number,
): void {
  const fresh = track.evidence.filter((frame) => now - frame.frame.capturedAt <= evidenceAgeMs);
  if (fresh.length === 0) {
    track.since = now;
    track.consistency = null;
  } else {
    const likeness = cosine(fuse(fresh).embedding, sighting.embedding.vector);
    track.consistency = Math.min(track.consistency ?? 1, likeness);
  }
  track.evidence = [...fresh, sighting].slice(-maxFrames);
  track.lived = [...track.lived, sighting.liveness.score].slice(-LIVED_FRAMES);
  track.enclosures = [...track.enclosures, sighting.enclosure].slice(-LIVED_FRAMES);
  track.inquiry?.see(sighting);
}

/** Mean liveness of the newest frames of a track, those of attempts before this one as well; null without any. */
export function livedThrough({ lived }: Pick<TrackState, 'lived'>): number | null {
  return lived.length === 0 ? null : lived.reduce((sum, score) => sum + score, 0) / lived.length;
}

/** The evidence of a track as one probe; null without any. */
export function probeOf(track: TrackState): Probe | null {
  const newest = track.evidence.at(-1);
  return newest === undefined
    ? null
    : {
        track: track.id,
        fusion: fuse(track.evidence),
        frames: track.evidence,
        model: newest.embedding.model,
      };
}

/** Ends an attempt: the next one begins with nothing, `until` at the earliest. */
export function rest(track: TrackState, until: number): void {
  track.quietUntil = until;
  track.evidence = [];
  track.since = null;
  track.consistency = null;
  track.inquiry = null;
  track.whyNotAsked = NO_DOUBT;
  track.actions.open = null;
}
