import { MenshenError } from '../common/index.ts';
import type { Frame, Picture } from './types.ts';

/** One being filled, one waiting, two with the reader. */
const POOL_SIZE = 4;

/** A picture about to be published and how to give its memory back. */
interface Waiting {
  readonly picture: Picture;
  readonly capturedAt: number;
  readonly seq: number;
  readonly giveBack: () => void;
}

/**
 * Where frames wait for the reader: one place, the newest wins. Also keeps the memory of pictures and uses it
 * again, so that a running stream allocates none.
 */
export class FrameSlot {
  readonly #camera: string;
  #free: Uint8Array[] = [];
  #size = 0;
  #made = 0;
  #waiting: Waiting | null = null;
  #reader: ((frame: Frame | null) => void) | null = null;
  #closed = false;
  #received = 0;
  #dropped = 0;

  constructor(camera: string) {
    this.#camera = camera;
  }

  get received(): number {
    return this.#received;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Memory for a picture, or `null` if the reader holds all of it. To be given to `publish` or `discard`. */
  acquire(size: number): Uint8Array | null {
    if (size !== this.#size) {
      this.#size = size;
      this.#free = [];
      this.#made = 0;
      this.#drop();
    }
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made < POOL_SIZE) {
      this.#made++;
      return new Uint8Array(size);
    }
    this.#drop();
    return this.#free.pop() ?? null;
  }

  /** Offers a picture to the reader in place of any that waits. */
  publish(picture: Picture, capturedAt: number): void {
    this.#received++;
    const seq = this.#received - 1;
    this.#drop();
    const waiting = { picture, capturedAt, seq, giveBack: () => this.#giveBack(picture.data) };
    if (this.#closed) {
      waiting.giveBack();
      return;
    }
    this.#waiting = waiting;
    if (this.#reader !== null) {
      const reader = this.#reader;
      this.#reader = null;
      reader(this.#take());
    }
  }

  /** Counts a picture that nobody gets to see, and takes its memory back. */
  discard(data: Uint8Array | null): void {
    this.#received++;
    this.#dropped++;
    if (data !== null) this.#giveBack(data);
  }

  /** See `CameraSource.next`. */
  next(): Promise<Frame | null> {
    if (this.#reader !== null) {
      return Promise.reject(
        new MenshenError('INTERNAL', `Camera ${this.#camera}: two callers wait for the next frame.`),
      );
    }
    if (this.#waiting !== null || this.#closed) return Promise.resolve(this.#take());
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** No frames come any more. A frame that waits can still be taken, unless `now` is set. */
  close(now: boolean): void {
    this.#closed = true;
    if (now) this.#drop();
    this.#reader?.(null);
    this.#reader = null;
  }

  #take(): Frame | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return null;
    let held = true;
    return {
      camera: this.#camera,
      seq: waiting.seq,
      capturedAt: waiting.capturedAt,
      picture: waiting.picture,
      release: () => {
        if (held) waiting.giveBack();
        held = false;
      },
    };
  }

  #drop(): void {
    if (this.#waiting === null) return;
    this.#waiting.giveBack();
    this.#waiting = null;
    this.#dropped++;
  }

  #giveBack(data: Uint8Array): void {
    if (data.length === this.#size && this.#free.length < this.#made && !this.#free.includes(data))
      this.#free.push(data);
  }
}
