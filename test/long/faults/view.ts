import { setTimeout as sleep } from 'node:timers/promises';
import { placeAt, SCENE_FRAMES } from '../../../scripts/demo/film.ts';
import { FPS } from '../../../scripts/demo/stage.ts';
import { sentUnits, unitSentAt } from '../../../scripts/demo/timing.ts';
import { monotonicMs } from '../../../src/common/index.ts';
import type { House } from '../../e2e/house.ts';

const ROUND_S = SCENE_FRAMES / FPS;
/** The place only depends on the figure's proportions, and whether there is one on the time alone. */
const FIGURE = { rgba: Buffer.alloc(0), width: 660, height: 900 };

/** What stands before the camera of a house, by the camera's own log and not by what the gate makes of it. */
export class CameraView {
  readonly #house: House;

  constructor(house: House) {
    this.#house = house;
  }

  /** Seconds since Alice last began to walk up, at a moment (monotonic ms) after the first picture. */
  phase(at = monotonicMs()): number {
    const unit = unitSentAt(this.#sent(), at);
    if (unit === null) {
      throw new Error('the camera has not sent anything');
    }
    return (((unit.unit / FPS + (at - unit.sent) / 1000) % ROUND_S) + ROUND_S) % ROUND_S;
  }

  /** Waits until the film comes to this second of its round. */
  async reach(second: number): Promise<void> {
    const ahead = second - this.phase();
    await sleep(1000 * (ahead < 0 ? ahead + ROUND_S : ahead));
  }

  /** Whether a picture with Alice in it was sent in the `ms` before a moment. */
  showedAlice(at: number, ms: number): boolean {
    return this.#sent().some(
      ({ unit, sent }) => sent <= at && sent >= at - ms && placeAt(unit / FPS, 560, FIGURE) !== null,
    );
  }

  #sent() {
    return this.#house.cameraLogs.flatMap(sentUnits);
  }
}
