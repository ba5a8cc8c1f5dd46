/** Samples of a side of the window in which edges are looked for, and its middle, about which lines lean. */
export const SIDE = 112;
export const MIDDLE = SIDE / 2;
/** Lean of a line in samples for one along it: 10 degrees either way in steps of 2. */
export const LEANS = Array.from({ length: 11 }, (_, n) => Math.tan(((n - 5) * 2 * Math.PI) / 180));

/** A step of luma between samples two apart that counts as an edge, and how much steeper it must be across than along. */
const MIN_STEP = 8;
const STEEPER = 1.5;
/** Part of the face's extent along which an edge must run beside it, and how many such edges are tried as a side. */
const MIN_COVERAGE = 0.6;
const TRIED = 8;
/** How straight a line is, is judged over so many times the face's extent. */
const REACH = 2;
/** Lines so near to each other are one edge. */
const APART = 2;
/** Room for lines that lean out of the window. */
const PAD = Math.ceil(Math.max(...LEANS) * MIDDLE) + 1;
const WIDE = SIDE + 2 * PAD;
/** Edges lit on one side are counted by ones, those lit on the other by these. */
const OTHER = 1 << 12;

/** A straight edge through the window. */
export interface Line {
  /** Where it crosses the middle. */
  readonly at: number;
  /** Which of `LEANS` it has. */
  readonly lean: number;
  /** Edges before each place along it, those lit on one side counted by ones and those lit on the other by `OTHER`. */
  readonly edges: Int32Array;
}

interface Straight {
  readonly at: number;
  readonly lean: number;
  /** Edges along it. */
  readonly count: number;
}

interface Extent {
  readonly begin: number;
  readonly end: number;
}

/** Steps of luma to the right and down, of each sample. */
export interface Steps {
  readonly right: Float32Array;
  readonly down: Float32Array;
}

/** Edges along the lines of one direction, upright or level, of every lean. */
export class StraightEdges {
  readonly #upright: boolean;
  /** One row a line position along, with room on both sides; lines run from row to row. */
  readonly #edges = new Int32Array(WIDE * SIDE);
  readonly #offsets: readonly Int32Array[];

  constructor(direction: 'upright' | 'level') {
    this.#upright = direction === 'upright';
    // Level lines rise where upright ones lean: a sheet that is turned turns both.
    const sign = this.#upright ? 1 : -1;
    this.#offsets = LEANS.map((lean) =>
      Int32Array.from({ length: SIDE }, (_, n) => n * WIDE + PAD + Math.round(sign * lean * (n - MIDDLE))),
    );
  }

  /** Takes the steps of a window in. */
  read({ right, down }: Steps): void {
    if (this.#upright) this.#find(right, down, 1, SIDE);
    else this.#find(down, right, SIDE, 1);
  }

  /** The straightest edges at `from` to `to` that run along the middle for `half` samples either way, of neighbours the best. */
  lines(half: number, from: number, to: number): Line[] {
    const beside = extentOf(half);
    const whole = extentOf(REACH * half);
    const wanted = MIN_COVERAGE * (beside.end - beside.begin);
    const last = Math.min(SIDE - 1, Math.round(to));
    const found: Straight[] = [];
    for (let at = Math.max(0, Math.round(from)); at <= last; at++) {
      const best = this.#straightest(at, whole, (lean) => this.#count(at, lean, beside) >= wanted);
      if (best === null) continue;
      const before = found.at(-1);
      const same = before !== undefined && at - before.at <= APART;
      if (same && best.count <= before.count) continue;
      if (same) found.pop();
      found.push(best);
    }
    return found
      .sort((one, other) => other.count - one.count)
      .slice(0, TRIED)
      .map(({ at, lean }) => ({ at, lean, edges: this.#along(at, lean) }));
  }

  /** Of the leans that are wanted the one with most edges. */
  #straightest(at: number, whole: Extent, wanted: (lean: number) => boolean): Straight | null {
    let best: Straight | null = null;
    for (let lean = 0; lean < LEANS.length; lean++) {
      if (!wanted(lean)) continue;
      const count = this.#count(at, lean, whole);
      if (count > (best?.count ?? 0)) best = { at, lean, count };
    }
    return best;
  }

  #count(at: number, lean: number, { begin, end }: Extent): number {
    const offsets = this.#offsets[lean];
    let sum = 0;
    for (let n = begin; n < end; n++) sum += this.#edges[offsets[n] + at];
    return mostOf(sum);
  }

  #along(at: number, lean: number): Int32Array {
    const edges = new Int32Array(SIDE + 1);
    const offsets = this.#offsets[lean];
    for (let n = 0; n < SIDE; n++) edges[n + 1] = edges[n] + this.#edges[offsets[n] + at];
    return edges;
  }

  /** `beside` and `along` are the distances from a sample to the next across the lines and on them. */
  #find(across: Float32Array, past: Float32Array, beside: number, along: number): void {
    const edges = this.#edges.fill(0);
    for (let n = 1; n < SIDE - 1; n++) {
      for (let place = 1; place < SIDE - 1; place++) {
        const at = n * along + place * beside;
        const step = across[at];
        const size = Math.abs(step);
        if (size < MIN_STEP || size < STEEPER * Math.abs(past[at])) continue;
        if (size < Math.abs(across[at - beside]) || size < Math.abs(across[at + beside])) continue;
        // One sample wider to both sides: a line seldom runs through the middles of samples.
        const edge = n * WIDE + PAD + place;
        const mark = step > 0 ? 1 : OTHER;
        for (let i = edge - 1; i <= edge + 1; i++) {
          const other = edges[i];
          if (other === 0 || (other !== mark && other < 1 + OTHER)) edges[i] = other + mark;
        }
      }
    }
  }
}

/** The part of a line between two places that is an edge, lit on the same side all along, 0..1. */
export function coverage({ edges }: Line, from: number, to: number): number {
  const begin = Math.min(Math.max(Math.round(from), 0), SIDE);
  const end = Math.min(Math.max(Math.round(to), 0), SIDE);
  return end > begin ? mostOf(edges[end] - edges[begin]) / (end - begin) : 0;
}

function extentOf(half: number): Extent {
  return {
    begin: Math.max(0, Math.round(MIDDLE - half)),
    end: Math.min(SIDE, Math.round(MIDDLE + half)),
  };
}

function mostOf(sum: number): number {
  return Math.max(sum % OTHER, Math.floor(sum / OTHER));
}
