import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosHouse } from './house.ts';
import { WAYS } from './line.ts';

export const FAULTS = ['daemon', 'broker', 'cut', 'stall', 'corrupt', 'full disk', 'read-only disk'] as const;
export type Fault = (typeof FAULTS)[number];

/** Of ten rounds, in how many it happens. */
const OFTEN: Readonly<Record<Fault, number>> = {
  daemon: 4,
  broker: 2,
  cut: 4,
  stall: 2,
  corrupt: 2,
  'full disk': 1.5,
  'read-only disk': 1,
};
/** In this time a round's faults begin. */
const ROUND_MS = 1200;
/** What a daemon leaves open is closed in this time after its kill. */
const READ_ONLY_MS = 30_000;
/** Once in so many rounds the broker stays away for so long that what gathers is replayed. */
const LONG_EVERY = 30;
const LONG_MS = 9000;

/** What may not happen at the same time is done one after the other. */
class Turn {
  #before: Promise<void> = Promise.resolve();

  take(work: () => Promise<void>): Promise<void> {
    const done = this.#before.then(work);
    this.#before = done.catch(() => {});
    return done;
  }
}

/** Makes trouble in a house, at random moments, several things at once. */
export class Trouble {
  readonly counts = new Map<Fault, number>();
  readonly #house: ChaosHouse;
  readonly #random: () => number;
  /**
   * The daemon is not killed while its disk refuses: what waits in its memory then would be lost with it, as the
   * reference says.
   */
  readonly #daemonAndDisk = new Turn();
  readonly #network = new Turn();
  #absence: Promise<void> = Promise.resolve();

  constructor(house: ChaosHouse, random: () => number) {
    this.#house = house;
    this.#random = random;
  }

  /** One round: one to four faults; resolves when the daemon answers and takes records again. */
  async round(number: number): Promise<void> {
    if (number % LONG_EVERY === LONG_EVERY / 2) {
      this.#absence = this.#network.take(() => this.#broker(LONG_MS));
    }
    const chosen = this.#choose();
    const waited = chosen.filter((fault) => fault !== 'broker').map((fault) => this.#cause(fault));
    // A broker that is away holds up no other trouble.
    if (chosen.includes('broker'))
      this.#absence = Promise.all([this.#absence, this.#cause('broker')]).then(() => {});
    await Promise.all([...waited, sleep(this.#upTo(ROUND_MS))]);
  }

  /** All is mended. */
  async end(): Promise<void> {
    await this.#absence;
    this.#house.line.resume();
    this.#house.line.open();
    this.#house.mended();
  }

  #choose(): readonly Fault[] {
    for (;;) {
      const chosen = FAULTS.filter((fault) => this.#random() < OFTEN[fault] / 10);
      if (chosen.length > 0 && chosen.length <= 4) return chosen;
    }
  }

  async #cause(fault: Fault): Promise<void> {
    const work: Readonly<Record<Fault, () => Promise<void>>> = {
      daemon: () => this.#daemonAndDisk.take(() => this.#daemon()),
      broker: () => this.#network.take(() => this.#broker(this.#upTo(800))),
      cut: () => this.#doom('cut'),
      stall: () => this.#stall(),
      corrupt: () => this.#doom('corrupt'),
      'full disk': () => this.#daemonAndDisk.take(() => this.#fullDisk()),
      'read-only disk': () => this.#daemonAndDisk.take(() => this.#readOnlyDisk()),
    };
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    await sleep(this.#upTo(ROUND_MS));
    await work[fault]();
  }

  async #daemon(): Promise<void> {
    await this.#house.killDaemon();
    // Every fourth is killed once more before it is up.
    if (this.#random() < 0.25) await this.#house.startInVain(this.#upTo(700));
    await this.#house.startDaemon();
  }

  async #broker(forMs: number): Promise<void> {
    await this.#house.killBroker();
    await sleep(forMs);
    await this.#house.startBroker();
  }

  async #doom(kind: 'cut' | 'corrupt'): Promise<void> {
    const way = WAYS[Math.floor(this.#random() * 2)];
    this.#house.line.doom(kind, way, Math.floor(this.#upTo(4000)));
  }

  async #stall(): Promise<void> {
    for (const way of WAYS) if (this.#random() < 0.7) this.#house.line.stall(way);
    // Beyond three seconds the gate itself gives the connection up.
    await sleep(this.#upTo(this.#random() < 0.2 ? 6000 : 1500));
    this.#house.line.resume();
    this.#house.mended();
  }

  async #fullDisk(): Promise<void> {
    this.#house.disk.fill();
    await sleep(this.#upTo(800));
    this.#house.disk.free();
    await this.#house.written();
  }

  /** A disk in use cannot be made read-only: it is so when the daemon begins. */
  async #readOnlyDisk(): Promise<void> {
    await this.#house.killDaemon();
    await this.#house.until(() => this.#house.disk.readOnly(), READ_ONLY_MS, 'disk that nobody writes');
    await this.#house.startDaemon();
    await sleep(this.#upTo(800));
    this.#house.disk.writable();
    await this.#house.written();
  }

  #upTo(max: number): number {
    return this.#random() * max;
  }
}
