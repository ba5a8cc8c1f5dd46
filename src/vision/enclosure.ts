import type { Picture } from '../camera/types.ts';
import { BoxSampler } from './box-sampler.ts';
import { coverage, LEANS, type Line, MIDDLE, SIDE, type Steps, StraightEdges } from './straight-edges.ts';
import type { Box } from './types.ts';

/** Side of the window that is looked at, in longer sides of the face box: phones held up for recognition fill a half to two thirds of it. */
const FACES = 3.6;
/** Opposite sides differ by so many leans at most: a sheet seen askew. */
const ASKEW = 2;
/** The sides stand so far off the face box at least, in parts of it: nearer ones are cheeks, hairline and chin. */
const CLEAR = 0.15;
/** Nothing is an edge so near to the border of the picture, in parts of its shorter side: cameras leave black rims there. */
const RIM = 0.03;

/**
 * Looks for what a phone, a tablet, a screen or a sheet of paper has and a person who stands there has not: four
 * straight edges that enclose the face as a rectangle, one of them across the chest.
 */
export class EnclosureMeter {
  readonly #sampler = new BoxSampler(SIDE, SIDE, 'repeat');
  readonly #grey = new Float32Array(3 * SIDE * SIDE);
  readonly #steps: Steps = {
    right: new Float32Array(SIDE * SIDE),
    down: new Float32Array(SIDE * SIDE),
  };
  readonly #upright = new StraightEdges('upright');
  readonly #level = new StraightEdges('level');

  /**
   * How much of the best rectangle around the face is straight edge: the geometric mean over its four sides of the part
   * that is, 0..1; 0 where none encloses it.
   */
  measure(picture: Picture, face: Box): number {
    const side = FACES * Math.max(face.width, face.height);
    const window = {
      x: face.x + (face.width - side) / 2,
      y: face.y + (face.height - side) / 2,
      width: side,
      height: side,
    };
    this.#sampler.grey(picture, window, this.#grey);
    this.#measureSteps(picture, window);
    const across = ((SIDE / side) * face.width) / 2;
    const down = ((SIDE / side) * face.height) / 2;
    const reach = 1 + 2 * CLEAR;
    this.#upright.read(this.#steps);
    const left = this.#upright.lines(down, 0, MIDDLE - across * reach);
    const right = left.length === 0 ? [] : this.#upright.lines(down, MIDDLE + across * reach, SIDE);
    if (right.length === 0) return 0;
    this.#level.read(this.#steps);
    const top = this.#level.lines(across, 0, MIDDLE - down * reach);
    const bottom = top.length === 0 ? [] : this.#level.lines(across, MIDDLE + down * reach, SIDE);

    return bestOf(pairs(left, right), pairs(top, bottom));
  }

  /** Of the samples that, with those beside them, show the picture and not its rim. */
  #measureSteps({ width, height }: Picture, window: Box): void {
    const grey = this.#grey;
    const { right, down } = this.#steps;
    right.fill(0);
    down.fill(0);
    const scale = SIDE / window.width;
    const rim = RIM * Math.min(width, height);
    const first = (begin: number): number => Math.max(1, Math.ceil((rim - begin) * scale) + 1);
    const last = (begin: number, size: number): number =>
      Math.min(SIDE - 2, Math.floor((size - rim - begin) * scale) - 2);
    const [begin, end] = [first(window.x), last(window.x, width)];
    for (let y = first(window.y); y <= last(window.y, height); y++) {
      for (let at = y * SIDE + begin; at <= y * SIDE + end; at++) {
        right[at] = grey[at + 1] - grey[at - 1];
        down[at] = grey[at + SIDE] - grey[at - SIDE];
      }
    }
  }
}

type Pair = readonly [Line, Line];

/** Opposite sides that may belong together. */
function pairs(some: readonly Line[], others: readonly Line[]): Pair[] {
  return some.flatMap((one) =>
    others.flatMap((other): Pair[] => (Math.abs(one.lean - other.lean) <= ASKEW ? [[one, other]] : [])),
  );
}

function bestOf(uprights: readonly Pair[], levels: readonly Pair[]): number {
  let best = 0;
  for (const [left, right] of uprights) {
    for (const [top, bottom] of levels) best = Math.max(best, score(left, right, top, bottom));
  }
  return best ** (1 / 4);
}

function score(left: Line, right: Line, top: Line, bottom: Line): number {
  const [lt, rt] = [corner(left, top), corner(right, top)];
  const [lb, rb] = [corner(left, bottom), corner(right, bottom)];
  return (
    coverage(left, lt.y, lb.y) *
    coverage(right, rt.y, rb.y) *
    coverage(top, lt.x, rt.x) *
    coverage(bottom, lb.x, rb.x)
  );
}

/** Where an upright line, x = at + lean (y - middle), and a level one, y = at - lean (x - middle), cross. */
function corner(upright: Line, level: Line): { readonly x: number; readonly y: number } {
  const a = upright.at - MIDDLE;
  const b = level.at - MIDDLE;
  const u = LEANS[upright.lean];
  const l = LEANS[level.lean];
  return { x: MIDDLE + (a + u * b) / (1 + u * l), y: MIDDLE + (b - l * a) / (1 + u * l) };
}
