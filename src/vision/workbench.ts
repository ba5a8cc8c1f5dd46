import { openKernel } from './open-kernel.ts';
import type { Raster } from './raster.ts';

const PAGE = 65_536;
/** What the loops read and write beyond their ends, bytes. */
const SLACK = 64;
/** Rows of a picture are taken in by so many bytes: half a cache of the second level. */
const BAND_BYTES = 1 << 18;

/**
 * Memory in which pictures are sampled, and the loops of kernel.wat over it: three planes of 32-bit floats, and behind them what
 * is needed on the way. One for all who sample, since each is done with it before the next begins.
 */
export class Workbench {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly loops = openKernel(this.#memory);
  #bytes = new Uint8Array(this.#memory.buffer);
  #size = 0;
  #pitch = 0;
  #used = 0;

  /** Makes room for three planes of `size` samples each. What they hold is left over from before. */
  begin(size: number): void {
    this.#size = size;
    this.#pitch = 4 * size + SLACK - ((4 * size) % 16);
    this.#used = 0;
    this.room(3 * this.#pitch);
  }

  /** Takes back what was asked of `room` and `place`. */
  clear(): void {
    this.#used = 3 * this.#pitch;
  }

  /** Address of a plane, 0 to 2. */
  at(plane: number): number {
    return plane * this.#pitch;
  }

  /** The samples of a plane, until more room is asked for. */
  plane(plane: number): Float32Array {
    return new Float32Array(this.#memory.buffer, this.at(plane), this.#size);
  }

  /** Address of so many bytes, of which more may be read and written. */
  room(bytes: number): number {
    const at = this.#used;
    this.#used += 16 * Math.ceil((bytes + SLACK) / 16);
    const missing = this.#used - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    return at;
  }

  /** Address of a copy of the values. */
  place(values: Int32Array | Float32Array): number {
    const at = this.room(values.byteLength);
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    return at;
  }

  /** Copies bytes to an address with room for them. */
  put(bytes: Uint8Array, at: number): void {
    this.#bytes.set(bytes, at);
  }

  /** Copies bytes from an address until `out` is full. */
  take(at: number, out: Uint8Array): void {
    out.set(this.#bytes.subarray(at, at + out.length));
  }
}

/** The one of this thread. */
export const workbench = new Workbench();

/** Rows of a raster on the workbench, some at a time: a photo would not fit. */
export class Band {
  readonly #raster: Raster;
  readonly #offset: number;
  readonly #bytes: number;
  readonly #end: number;
  readonly #rows: number;
  readonly #at: number;
  #from = 0;
  #to = 0;

  /** The pixels from `left` up to but not including `right` of the rows before `end`, of which `atOnce` are needed at a time. */
  constructor(raster: Raster, left: number, right: number, end: number, atOnce: number) {
    this.#raster = raster;
    this.#offset = raster.offset + left * raster.channels;
    this.#bytes = (right - left) * raster.channels;
    this.#end = end;
    this.#rows = Math.max(atOnce, Math.floor(BAND_BYTES / raster.stride));
    this.#at = workbench.room(this.#rows * raster.stride);
  }

  /** Address of pixel `left` of a row, with so many rows (at least one) to be read from it on. */
  address(row: number, count: number): number {
    const { data, stride } = this.#raster;
    if (row < this.#from || row + count > this.#to) {
      this.#from = row;
      this.#to = Math.min(row + this.#rows, this.#end);
      const begin = this.#offset + row * stride;
      workbench.put(data.subarray(begin, begin + (this.#to - row - 1) * stride + this.#bytes), this.#at);
    }
    return this.#at + (row - this.#from) * stride;
  }
}
