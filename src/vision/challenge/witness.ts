import type { Frame } from '../../camera/types.ts';
import type { ActionObserver } from '../action-observer.ts';
import type { Landmarks } from '../landmarks.ts';
import type { EndedTrack, Track } from '../tracker.ts';
import type { DetectedFace } from '../types.ts';
import { ClipRecorder } from './clip-recorder.ts';
import { Course } from './course.ts';
import type { ChallengeOrder, ChallengeProgress, ChallengeResult, ClipFault } from './types.ts';

/** Who is told how a challenge goes. */
export interface WitnessListener {
  progress(progress: ChallengeProgress): void;
  result(result: ChallengeResult): void;
  /** After the result, unless no clip was asked for. */
  clip(challenge: string, clip: Uint8Array | ClipFault): void;
}

/** One look at the challenged face, with what recognition found in the same frame. */
export interface WitnessedLook {
  readonly frame: Frame;
  readonly track: Track;
  readonly landmarks: Landmarks;
  /** Cosine with the track's face so far; null where no embedding could be had. */
  readonly likeness: number | null;
  /** 0..1; null where it was not judged. */
  readonly liveness: number | null;
  /** The face was told as a sighting. */
  readonly recognised: boolean;
}

interface Running {
  readonly course: Course;
  /** Of the order, monotonic ms. */
  readonly since: number;
  readonly recorder: ClipRecorder | null;
}

/**
 * Watches one track at a time for an action, in the frames that recognition looks at anyway, and has them recorded.
 * Without an observer, which needs networks of its own, every challenge ends as unavailable.
 */
export class Witness {
  readonly #camera: string;
  readonly #observer: Pick<ActionObserver, 'sample'> | null;
  readonly #listener: WitnessListener;
  #running: Running | null = null;

  constructor(camera: string, observer: Pick<ActionObserver, 'sample'> | null, listener: WitnessListener) {
    this.#camera = camera;
    this.#observer = observer;
    this.#listener = listener;
  }

  /** Begins to watch. `known`: the track is followed; `now`: monotonic ms. A challenge under way goes on. */
  challenge(order: ChallengeOrder, known: boolean, now: number): void {
    const course = new Course(order, this.#camera, now);
    if (!known) course.trackEnded('gone');
    if (this.#observer === null || this.#running !== null) course.abandon();
    if (course.outcome !== null) this.#listener.result(course.result(false));
    else this.#running = { course, recorder: order.record ? new ClipRecorder() : null, since: now };
  }

  /** Ends a challenge that nobody waits for any more; nothing is told of it. */
  cancel(challenge: string): void {
    if (this.#running?.course.order.id !== challenge) return;
    void this.#running.recorder?.discard();
    this.#running = null;
  }

  /** Whether this track is to be looked at in every frame. */
  watches(track: string): boolean {
    return this.#running?.course.order.track === track;
  }

  /** A frame and all faces in it, before any look at one of them. */
  frame(frame: Frame, tracks: readonly Track[], faces: readonly DetectedFace[]): void {
    const running = this.#running;
    if (running === null || running.recorder === null || frame.capturedAt < running.since) return;
    const own = tracks.find(({ id, seen }) => seen && id === running.course.order.track);
    running.recorder.frame(frame, own?.face ?? null, faces);
  }

  async look(look: WitnessedLook): Promise<void> {
    const running = this.#running;
    if (running === null || this.#observer === null || !this.watches(look.track.id)) return;
    const { frame, track, landmarks, likeness, liveness, recognised } = look;
    const sample = await this.#observer.sample(frame.picture, track.face, landmarks, 0);
    const step = running.course.look({ at: frame.capturedAt, sample, likeness, liveness, recognised });
    if (step !== null) {
      const { id, track } = running.course.order;
      this.#listener.progress({ camera: this.#camera, challenge: id, track, step });
    }
    this.#conclude(running);
  }

  /** The track has ended. */
  trackEnded({ id, cause }: EndedTrack): void {
    if (this.#running === null || !this.watches(id)) return;
    this.#running.course.trackEnded(cause);
    this.#conclude(this.#running);
  }

  /** For times without frames, or without the face in them; `now` is monotonic ms. */
  expire(now: number): void {
    if (this.#running === null) return;
    this.#running.course.expire(now);
    this.#conclude(this.#running);
  }

  #conclude(running: Running): void {
    const { course, recorder } = running;
    if (course.outcome === null || this.#running !== running) return;
    this.#running = null;
    this.#listener.result(course.result(recorder !== null));
    if (recorder !== null) {
      void recorder.finish().then((clip) => this.#listener.clip(course.order.id, clip));
    }
  }
}
