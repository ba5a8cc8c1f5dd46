import type { CameraState, Integrity } from '../camera/types.ts';
import type { Uplink } from './uplink.ts';

/** What is told of a camera: nothing while nobody looks, then how it is by now and each change. */
export class CameraReport {
  readonly #uplink: Pick<Uplink, 'send'>;
  #open = false;
  #state: CameraState | null = null;
  #integrity: Integrity | null = null;

  constructor(uplink: Pick<Uplink, 'send'>) {
    this.#uplink = uplink;
  }

  state(state: CameraState): void {
    if (this.#open) void this.#uplink.send({ type: 'camera', state });
    else this.#state = state;
  }

  integrity(integrity: Integrity): void {
    if (this.#open) void this.#uplink.send({ type: 'integrity', integrity });
    else this.#integrity = integrity;
  }

  /** Somebody looks from now on. */
  open(): void {
    this.#open = true;
    if (this.#state !== null) this.state(this.#state);
    if (this.#integrity !== null) this.integrity(this.#integrity);
  }
}
