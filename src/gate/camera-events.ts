import type { CameraState } from '../camera/types.ts';
import type { EventInput } from '../journal/index.ts';

/**
 * What a camera does, as events of the journal. A camera that stays away is tried again several times a minute, for
 * days if need be: that it is down is told once, and again when the cause is another.
 */
export class CameraEvents {
  readonly #camera: string;
  #down: string | null = null;

  constructor(camera: string) {
    this.#camera = camera;
  }

  /** The event to record for a change of state, or null if it says nothing new. */
  entry(state: CameraState): EventInput | null {
    if (state.state === 'streaming') {
      const { width, height } = state;
      this.#down = null;
      return { type: 'camera.up', camera: this.#camera, data: { width, height } };
    }
    if (state.state !== 'down' || state.code === this.#down) {
      return null;
    }
    const { code, message } = state;
    this.#down = code;
    return { type: 'camera.down', camera: this.#camera, data: { code, message } };
  }
}
