import type { Calendar } from '../access/index.ts';
import type { Logger } from '../common/index.ts';
import type { Config } from '../config/index.ts';
import type { Prompter } from '../console/index.ts';
import type { Door } from '../door/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { Cameras } from './cameras.ts';
import type { CloudCalls } from './cloud-calls.ts';
import type { CameraEnrolment } from './commands/index.ts';
import type { Entrance } from './entrance.ts';
import { Lane, type LaneParts } from './lane.ts';
import type { Records } from './records.ts';
import type { ThresholdKeeper } from './thresholds.ts';

interface RecognitionParts {
  readonly config: Pick<Config, 'cameras' | 'decision' | 'vision'>;
  readonly versions: LaneParts['versions'];
  readonly log: Logger;
  readonly records: Records;
  readonly doors: ReadonlyMap<string, Door>;
  readonly cameras: Cameras;
  readonly entrance: Entrance;
  readonly enrolment: CameraEnrolment;
  readonly cloud: CloudCalls | null;
  readonly prompts: Prompter;
  readonly calendar: Calendar;
  /** Null until the gate has started. */
  readonly thresholds: () => ThresholdKeeper | null;
}

/** The ways of faces through the doors: there are none until the people are known. */
export class Recognition {
  readonly #parts: RecognitionParts;
  readonly #lanes = new Map<string, Lane>();

  constructor(parts: RecognitionParts) {
    this.#parts = parts;
  }

  /** The way through a door; undefined before `begin`. */
  lane(door: string): Lane | undefined {
    return this.#lanes.get(door);
  }

  /** The people are known: cameras look from now on. */
  begin(gallery: Gallery): void {
    const { doors, cameras, log } = this.#parts;
    for (const [id, door] of doors) this.#lanes.set(id, this.#makeLane(door, gallery));
    cameras.start(this.#lanes);
    log.info({ ...gallery.counts() }, 'recognition begins');
  }

  #makeLane(door: Door, gallery: Gallery): Lane {
    const { config, versions, log, records, entrance, enrolment, cloud, prompts } = this.#parts;
    const { calendar, thresholds } = this.#parts;
    const { hosts } = this.#parts.cameras;
    const { decision, vision, cameras } = config;
    return new Lane({
      ...{ door, gallery, records, log, versions, entrance, cloud, prompts },
      policy: decision,
      qualityLimits: vision.quality,
      match: (probe, score) => thresholds()?.match(probe, score) ?? null,
      directionOf: (camera) => cameras.find(({ id }) => id === camera)?.direction ?? 'in',
      depict: (camera, track) => hosts.get(camera)?.picture(track),
      challenge: (camera, order) => hosts.get(camera)?.challenge(order),
      cancel: (camera, challenge) => hosts.get(camera)?.cancel(challenge),
      actionScheduled: () => calendar.holds(decision.actionLiveness.schedule, Date.now()),
      settle: (camera, track, until) => {
        if (!enrolment.waits(camera)) hosts.get(camera)?.settle(track, until);
      },
    });
  }
}
