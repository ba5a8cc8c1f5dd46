import { type Logger, messageOf } from '../common/index.ts';
import { toJpeg } from './crop.ts';
import type { UncodedCrop } from './pipeline.ts';
import type { TrackCrop } from './types.ts';

/** Pictures that wait to be compressed, beyond which new ones are left out: one for each of a crowd. */
const MAX_WAITING = 8;

/** Compresses the pictures for the record, one after the other, while the process looks at the next frames. */
export class CropEncoder {
  readonly #onCrop: (crop: TrackCrop) => void;
  readonly #log: Logger;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(onCrop: (crop: TrackCrop) => void, log: Logger) {
    this.#onCrop = onCrop;
    this.#log = log;
  }

  add(crop: UncodedCrop): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#last = this.#last.then(() => this.#encode(crop));
  }

  async #encode({ face, ...about }: UncodedCrop): Promise<void> {
    try {
      this.#onCrop({ ...about, jpeg: await toJpeg(face) });
    } catch (error) {
      this.#log.warn({ track: about.track, err: messageOf(error) }, 'a picture for the record was lost');
    } finally {
      this.#waiting--;
    }
  }
}
