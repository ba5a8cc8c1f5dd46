import type { Box } from './types.ts';

/** Where a face is: centre in pixels, and the natural logarithm of its size (root of the box's area, pixels). */
interface Position {
  readonly x: number;
  readonly y: number;
  readonly logSize: number;
}

/**
 * Noise of the motion model, all in face sizes so that it holds near and far. A head is about 0.16 m wide, so
 * 1 m/s is about 6 sizes/s. Detector jitter is a few percent of the box; 8 sizes/s^2 is a person who starts or
 * stops walking at about 1.3 m/s^2; 2.5 sizes/s is what is not known of the speed of a face seen once.
 */
const MEASUREMENT_STD = 0.06;
const ACCELERATION_STD = 8;
const INITIAL_SPEED_STD = 2.5;
/** Weight of a size difference against a distance: a face twice as large counts as 1.4 sizes away. */
const DEPTH_WEIGHT = 2;
/** Part of the uncertainty that is always there: the box moves within the face. */
const BASE_RADIUS = 0.3;
const RADIUS_STDS = 3;
/** A face that was out of sight is looked for in a wider circle, because an embedding checks it afterwards, but not further than this many sizes away. */
const GAP_REACH = 1.5;
const MAX_REACH = 4;

/**
 * Constant-velocity Kalman filter of one face in three axes (x, y, log size). The axes share one covariance,
 * kept in face sizes, because their noises are the same in that unit.
 */
export class Motion {
  #x: number;
  #y: number;
  #logSize: number;
  #vx = 0;
  #vy = 0;
  #vLogSize = 0;
  #positionVariance = MEASUREMENT_STD ** 2;
  #covariance = 0;
  #speedVariance = INITIAL_SPEED_STD ** 2;
  #lastSeen: Position;
  /** Predictions since the last detection: above 1 a frame went by without one. */
  #predictions = 0;

  constructor(box: Box) {
    const seen = positionOf(box);
    this.#x = seen.x;
    this.#y = seen.y;
    this.#logSize = seen.logSize;
    this.#lastSeen = seen;
  }

  /** Moves the state on by `seconds` (not negative). */
  predict(seconds: number): void {
    const q = ACCELERATION_STD ** 2;
    this.#predictions++;
    this.#x += this.#vx * seconds;
    this.#y += this.#vy * seconds;
    this.#logSize += this.#vLogSize * seconds;
    this.#positionVariance +=
      seconds * (2 * this.#covariance + seconds * this.#speedVariance) + (q * seconds ** 4) / 4;
    this.#covariance += seconds * this.#speedVariance + (q * seconds ** 3) / 2;
    this.#speedVariance += q * seconds ** 2;
  }

  /** Corrects the prediction by a detection. */
  correct(box: Box): void {
    const seen = positionOf(box);
    const innovationVariance = this.#positionVariance + MEASUREMENT_STD ** 2;
    const positionGain = this.#positionVariance / innovationVariance;
    const speedGain = this.#covariance / innovationVariance;
    const dx = seen.x - this.#x;
    const dy = seen.y - this.#y;
    const dSize = seen.logSize - this.#logSize;
    this.#x += positionGain * dx;
    this.#y += positionGain * dy;
    this.#logSize += positionGain * dSize;
    this.#vx += speedGain * dx;
    this.#vy += speedGain * dy;
    this.#vLogSize += speedGain * dSize;
    this.#speedVariance -= speedGain * this.#covariance;
    this.#covariance *= 1 - positionGain;
    this.#positionVariance *= 1 - positionGain;
    this.#lastSeen = seen;
    this.#predictions = 0;
  }

  /**
   * How far a detection is from this face, in face sizes: centre distance and size difference together. Measured
   * from the predicted place or, if nearer, from the last place seen, because people stop.
   */
  distance(box: Box): number {
    const to = positionOf(box);
    const predicted = { x: this.#x, y: this.#y, logSize: this.#logSize };
    return Math.min(apart(predicted, to), apart(this.#lastSeen, to));
  }

  /** Radius, in face sizes, within which this face must be if it moves as people do. */
  radius(): number {
    return BASE_RADIUS + RADIUS_STDS * Math.sqrt(this.#positionVariance);
  }

  /** Radius, in face sizes, within which a detection is taken for this face. */
  reach(): number {
    return Math.min(MAX_REACH, this.#predictions > 1 ? GAP_REACH * this.radius() : this.radius());
  }
}

function positionOf(box: Box): Position {
  return {
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    logSize: Math.log(Math.max(1, box.width * box.height)) / 2,
  };
}

function apart(a: Position, b: Position): number {
  const size = Math.exp((a.logSize + b.logSize) / 2);
  return Math.hypot((a.x - b.x) / size, (a.y - b.y) / size, DEPTH_WEIGHT * (a.logSize - b.logSize));
}
