import { randomBytes } from 'node:crypto';
import { assign } from './assignment.ts';
import { Motion } from './motion.ts';
import type { DetectedFace } from './types.ts';

/** A face followed over frames. */
export interface Track {
  /** Unique over restarts: a random prefix and a counter. */
  readonly id: string;
  /** The detection in the newest frame, or the last one while the face is not seen. */
  readonly face: DetectedFace;
  /** Seen in the newest frame. */
  readonly seen: boolean;
  /** Frames in which the face was seen. */
  readonly frames: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /**
   * The face was out of sight for a moment, or somebody out of sight is near: another may have taken its place. Nothing may be added to
   * what is known of this track until an embedding has shown that it is the same face (`confirm`) or another
   * (`split`).
   */
  readonly doubt: boolean;
}

/** Why a track ended: not seen for longer than the gap, crossed by another face, or shown to be another face. */
export type EndCause = 'gone' | 'ambiguous' | 'split';

export interface EndedTrack extends Track {
  readonly cause: EndCause;
}

export interface TrackerOptions {
  /** A face unseen for this long is given up, ms. */
  readonly maxGapMs?: number;
  /** A detection at least this sure begins a track at once; a weaker one must be seen in two frames running. */
  readonly birthScore?: number;
}

interface State {
  id: string;
  face: DetectedFace;
  seen: boolean;
  frames: number;
  firstSeenAt: number;
  lastSeenAt: number;
  doubt: boolean;
  /** Not announced yet: a weak detection seen once. */
  tentative: boolean;
  motion: Motion;
}

const INFEASIBLE = 1e6;

/**
 * Follows faces over frames. Pure: no clock, no I/O, no picture.
 *
 * The rule that stands above all others: what was learnt of one person must never count for another. For every
 * detection that is given to a track, every other track must be further from it than that track's own uncertainty.
 * Where that does not hold and the two faces in view could be exchanged, both tracks end and go on under new ids;
 * where the other face is out of sight, the track is marked as `doubt` for an embedding to settle. As long as people
 * move within the radius of `Motion`, two people who are both followed cannot be exchanged silently: that would need
 * the true owner of a detection to be outside its radius. What no geometry can see is a newcomer who appears in the
 * place of a face in the very frame in which that face disappears; therefore the pipeline compares the embeddings of
 * a track each time, doubt or not.
 *
 * The cost of a pair is the distance of centres in face sizes together with the difference in size. It orders
 * overlapping boxes as IoU does, and unlike IoU it still grades those that no longer overlap.
 */
export class Tracker {
  readonly #maxGapMs: number;
  readonly #birthScore: number;
  readonly #prefix = randomBytes(6).toString('hex');
  #counter = 0;
  #states: State[] = [];
  #at = Number.NEGATIVE_INFINITY;

  constructor(options: TrackerOptions = {}) {
    this.#maxGapMs = options.maxGapMs ?? 800;
    this.#birthScore = options.birthScore ?? 0.9;
  }

  /**
   * Takes the faces of the next frame, captured at `at` (monotonic ms, not decreasing). `tracks` are all that are
   * alive, seen or not; `ended` those that ended with this frame. A track in `tracks` never has an id of `ended`.
   */
  update(detections: readonly DetectedFace[], at: number): { tracks: Track[]; ended: EndedTrack[] } {
    const ended = this.expire(at);
    const seconds = Math.max(0, at - this.#at) / 1000;
    this.#at = Math.max(at, this.#at);
    if (Number.isFinite(seconds)) for (const state of this.#states) state.motion.predict(seconds);

    const distances = this.#states.map((state) => detections.map((face) => state.motion.distance(face.box)));
    const matched = this.#match(distances, detections.length);
    const { crossed, doubtful } = this.#rivals(distances, matched, detections.length);
    this.#states.forEach((state, index) => {
      if (crossed.has(index)) this.#renew(state, 'ambiguous', ended);
      else if (doubtful.has(index)) state.doubt = state.frames > 0;
    });
    this.#apply(matched, detections, at);
    this.#births(matched, detections, at);
    return { tracks: this.#states.filter(announced).map(view), ended };
  }

  /** Nobody is followed, nor a face that may be one. */
  get empty(): boolean {
    return this.#states.length === 0;
  }

  /** Ends the tracks whose face has not been seen for too long; also for times without frames. */
  expire(at: number): EndedTrack[] {
    const gone = this.#states.filter((state) => at - state.lastSeenAt > this.#maxGapMs);
    this.#states = this.#states.filter((state) => !gone.includes(state));
    return gone.filter(announced).map((state) => ({ ...view(state), seen: false, cause: 'gone' }));
  }

  /** An embedding has shown that the track still follows the same face. */
  confirm(id: string): void {
    const state = this.#states.find((candidate) => candidate.id === id);
    if (state !== undefined) state.doubt = false;
  }

  /**
   * An embedding has shown that the track follows another face than before: the track ends, and the face goes on
   * under a new id. Null when there is no such track.
   */
  split(id: string): { ended: EndedTrack; track: Track } | null {
    const state = this.#states.find((candidate) => candidate.id === id);
    if (state === undefined) return null;
    const ended: EndedTrack[] = [];
    this.#renew(state, 'split', ended);
    state.frames = 1;
    state.firstSeenAt = state.lastSeenAt;
    const [end] = ended;
    return end === undefined ? null : { ended: end, track: view(state) };
  }

  /**
   * Detection of each track, -1 for none. The faces seen in the frame before choose first: a face that was out of
   * sight must not take over the detection of one that is followed, it can only cast doubt on it.
   */
  #match(distances: readonly (readonly number[])[], detections: number): number[] {
    const matched = this.#states.map(() => -1);
    for (const seen of [true, false]) {
      const rows = this.#states.flatMap((state, index) => (state.seen === seen ? [index] : []));
      const columns = Array.from({ length: detections }, (_, index) => index).filter(
        (index) => !matched.includes(index),
      );
      this.#leastDistance(rows, columns, distances).forEach((column, row) => {
        matched[rows[row] ?? -1] = columns[column] ?? -1;
      });
    }
    return matched;
  }

  /** For each row (track) the index into `columns` (detections) with least total distance; a missed track costs its reach. */
  #leastDistance(
    rows: readonly number[],
    columns: readonly number[],
    distances: readonly (readonly number[])[],
  ): number[] {
    const costs = rows.map((row) => {
      const reach = this.#states[row]?.motion.reach() ?? 0;
      const costsOfFaces = columns.map((column) => {
        const distance = distances[row]?.[column] ?? INFEASIBLE;
        return distance <= reach ? distance : INFEASIBLE;
      });
      const costsOfMissing = rows.map((other) => (other === row ? reach : INFEASIBLE));
      return [...costsOfFaces, ...costsOfMissing];
    });
    return assign(costs);
  }

  /**
   * Which tracks may follow another face than before. `crossed`: two faces in view could be exchanged. `doubtful`:
   * only a face that is out of sight, or far from both, could be in the way.
   */
  #rivals(distances: readonly (readonly number[])[], matched: readonly number[], detections: number) {
    const crossed = new Set<number>();
    const doubtful = new Set<number>();
    const free = Array.from({ length: detections }, (_, index) => index).filter(
      (index) => !matched.includes(index),
    );
    const claims = (rival: number, track: number): boolean => {
      const detection = matched[track] ?? -1;
      if (detection < 0) return false;
      const own = distances[track]?.[detection] ?? 0;
      return (distances[rival]?.[detection] ?? INFEASIBLE) < own + this.#radius(rival);
    };
    matched.forEach((detection, track) => {
      if (detection < 0) return;
      matched.forEach((_, rival) => {
        if (rival === track || !claims(rival, track)) return;
        const into = claims(track, rival) ? crossed : doubtful;
        into.add(track).add(rival);
      });
      const limit = (distances[track]?.[detection] ?? 0) + this.#radius(track);
      if (free.some((other) => (distances[track]?.[other] ?? INFEASIBLE) < limit)) crossed.add(track);
    });
    return { crossed, doubtful };
  }

  #radius(index: number): number {
    return this.#states[index]?.motion.radius() ?? 0;
  }

  /** Ends the id; the motion goes on under a new one, so that the faces are still told apart afterwards. */
  #renew(state: State, cause: EndCause, ended: EndedTrack[]): void {
    if (announced(state)) ended.push({ ...view(state), cause });
    state.id = this.#nextId();
    state.frames = 0;
    state.doubt = false;
    state.firstSeenAt = this.#at;
  }

  #apply(matched: readonly number[], detections: readonly DetectedFace[], at: number): void {
    this.#states.forEach((state, index) => {
      const face = detections[matched[index] ?? -1];
      if (face === undefined) {
        state.seen = false;
        return;
      }
      if (!state.seen && state.frames > 0) state.doubt = true;
      state.motion.correct(face.box);
      state.face = face;
      state.seen = true;
      state.frames++;
      state.lastSeenAt = Math.max(at, state.lastSeenAt);
      state.tentative = false;
    });
    // A weak detection must be seen again at once. A renewed face that is out of sight stays as a rival without a
    // track: it may come back where another face is.
    this.#states = this.#states.filter((state) => state.seen || !state.tentative);
  }

  #births(matched: readonly number[], detections: readonly DetectedFace[], at: number): void {
    detections.forEach((face, index) => {
      if (matched.includes(index)) return;
      this.#states.push({
        id: this.#nextId(),
        face,
        seen: true,
        frames: 1,
        firstSeenAt: at,
        lastSeenAt: at,
        doubt: false,
        tentative: face.score < this.#birthScore,
        motion: new Motion(face.box),
      });
    });
  }

  #nextId(): string {
    this.#counter++;
    return `${this.#prefix}-${this.#counter}`;
  }
}

function announced(state: State): boolean {
  return !state.tentative && state.frames > 0;
}

function view(state: State): Track {
  const { id, face, seen, frames, firstSeenAt, lastSeenAt, doubt } = state;
  return { id, face, seen, frames, firstSeenAt, lastSeenAt, doubt };
}
