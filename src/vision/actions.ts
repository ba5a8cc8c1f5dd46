/**
 * Which actions a person did before the camera, out of figures of one face over a few seconds. Pure: the figures come
 * from `ActionObserver`, and whoever asks for an action decides what follows.
 */
export const HEAD_ACTIONS = ['blink', 'openMouth', 'turnLeft', 'turnRight', 'nod'] as const;
export type HeadAction = (typeof HEAD_ACTIONS)[number];

/** What one frame says of the face. */
export interface ActionSample {
  /** Seconds, rising from sample to sample. */
  readonly at: number;
  /** Degrees, from the landmarks; signs as in `Pose`. */
  readonly yaw: number;
  /** Degrees, from the landmarks (an open mouth lifts it) and from the pose network (noisy, but blind to the mouth). */
  readonly pitch: number;
  readonly headPitch: number;
  /** Height of the eyes' openings over their width, mean of both. */
  readonly eyeOpening: number;
  /** Probability that the eyes are closed, mean of both. */
  readonly eyesClosed: number;
  /** Height of the inner mouth over its width. */
  readonly mouthOpening: number;
}

/**
 * Measured on clips of four people (blinks, a yawn, talking, a head turned to all sides): openings of a blink fell to
 * 0.5 of the open eye, and to 0.82 without one when the head was lifted; the inner mouth stood at 0.2 or below at
 * rest, at 0.15 at most in speech and at 0.6 to 1.2 in a yawn; the smaller of the two turns was one of 21 degrees; the
 * pose network's pitch varied by 13 degrees on still heads and by 48 and more in a nod.
 */
const EYE_SHUT = 0.72;
const BLINK_SECONDS = 2;
/** Openings are compared between looks in which the head points the same way: turning it changes them as well. */
const SAME_YAW = 8;
const SAME_PITCH = 12;
const MOUTH_SHUT = 0.2;
const MOUTH_OPEN = 0.4;
const AHEAD_DEGREES = 12;
const TURNED_DEGREES = 18;
const NOD_DEGREES = 20;
const NOD_BACK_DEGREES = 10;
/** Beyond this yaw neither the eyes nor the pitch can be trusted. */
const SIDEWAYS_DEGREES = 25;
/** An action must be seen this often: one frame may be a slip of the landmarks. */
const TIMES = 2;

/**
 * The actions seen, left and right from the person's own side, in a clip that is not mirrored. Each needs a change:
 * a picture that shows an open mouth or a turned head from beginning to end shows no action.
 */
export function judgeActions(samples: readonly ActionSample[]): Readonly<Record<HeadAction, boolean>> {
  const ahead = samples.filter(({ yaw }) => Math.abs(yaw) <= AHEAD_DEGREES).length >= TIMES;
  return {
    blink: blinked(samples),
    openMouth: openedMouth(samples),
    turnLeft: ahead && count(samples, ({ yaw }) => yaw >= TURNED_DEGREES) >= TIMES,
    turnRight: ahead && count(samples, ({ yaw }) => yaw <= -TURNED_DEGREES) >= TIMES,
    nod: nodded(samples),
  };
}

/** Open, shut and open again, held against the same person's open eyes: eyes differ more than blinks do. */
function blinked(samples: readonly ActionSample[]): boolean {
  const facing = samples.filter(facesCamera);
  return facing.some((shut) => {
    if (shut.eyesClosed < 0.5) return false;
    const open = facing.filter((sample) => isOpenBeside(sample, shut));
    return open.some(({ at }) => at < shut.at) && open.some(({ at }) => at > shut.at);
  });
}

function isOpenBeside(sample: ActionSample, shut: ActionSample): boolean {
  return (
    Math.abs(sample.at - shut.at) <= BLINK_SECONDS / 2 &&
    shut.eyeOpening <= EYE_SHUT * sample.eyeOpening &&
    sample.eyesClosed < shut.eyesClosed &&
    Math.abs(sample.yaw - shut.yaw) <= SAME_YAW &&
    Math.abs(sample.headPitch - shut.headPitch) <= SAME_PITCH
  );
}

function openedMouth(samples: readonly ActionSample[]): boolean {
  return (
    count(samples, ({ mouthOpening }) => mouthOpening <= MOUTH_SHUT) >= TIMES &&
    count(samples, ({ mouthOpening }) => mouthOpening >= MOUTH_OPEN) >= TIMES
  );
}

/** Up or down and some way back, in the eyes of the network and of the landmarks. */
function nodded(samples: readonly ActionSample[]): boolean {
  const facing = samples.filter(facesCamera);
  const network = smoothed(facing.map(({ headPitch }) => headPitch));
  const points = smoothed(facing.map(({ pitch }) => pitch));
  for (let turn = 1; turn < facing.length - 1; turn++) {
    const before = swings(network, points, turn, 0, turn);
    const after = swings(network, points, turn, turn + 1, facing.length);
    if (before.down >= NOD_DEGREES && after.down >= NOD_BACK_DEGREES) return true;
    if (before.up >= NOD_DEGREES && after.up >= NOD_BACK_DEGREES) return true;
  }
  return false;
}

/** How far sample `turn` lies below (`down`) or above (`up`) any sample of [from, to), by both measures. */
function swings(
  network: readonly number[],
  points: readonly number[],
  turn: number,
  from: number,
  to: number,
): { down: number; up: number } {
  let down = 0;
  let up = 0;
  for (let i = from; i < to; i++) {
    down = Math.max(down, Math.min(network[i] - network[turn], points[i] - points[turn]));
    up = Math.max(up, Math.min(network[turn] - network[i], points[turn] - points[i]));
  }
  return { down, up };
}

function facesCamera({ yaw }: ActionSample): boolean {
  return Math.abs(yaw) <= SIDEWAYS_DEGREES;
}

function count<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length;
}

/** Median of each value and its neighbours. */
function smoothed(values: readonly number[]): number[] {
  return values.map((value, i) => {
    const [, middle] = [values[i - 1] ?? value, value, values[i + 1] ?? value].sort((a, b) => a - b);
    return middle;
  });
}
