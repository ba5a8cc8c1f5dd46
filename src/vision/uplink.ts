import type { FromVision } from './messages.ts';

/** Messages under way to the gate process above which sightings are left out: when it takes them, they would be stale. */
const MAX_UNDER_WAY = 64;

/** The way from a vision process to the gate process. */
export class Uplink {
  /** Sightings left out because the gate process did not take what was sent before. */
  untold = 0;
  #underWay = 0;

  /** Sends a message; resolves when it has left this process, or never will because the gate process is gone. */
  send(message: FromVision): Promise<void> {
    if (message.type === 'sighting' && this.#underWay >= MAX_UNDER_WAY) {
      this.untold++;
      return Promise.resolve();
    }
    if (process.send === undefined || !process.connected) return Promise.resolve();
    this.#underWay++;
    return new Promise((resolve) => {
      process.send?.(message, undefined, undefined, () => {
        this.#underWay--;
        resolve();
      });
    });
  }
}
