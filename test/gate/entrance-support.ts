import { Calendar, entryPolicy } from '../../src/access/index.ts';
import { createLogger } from '../../src/common/index.ts';
import type { Config } from '../../src/config/index.ts';
import type { Door } from '../../src/door/index.ts';
import type { Gallery } from '../../src/gallery/index.ts';
import { Entrance, type EntranceParts } from '../../src/gate/entrance.ts';
import { Turnstiles } from '../../src/gate/lanes.ts';

/** An entrance on real doors and a real gallery; what is to be kept is kept at once, unless `parts` says otherwise. */
export function entranceOf(
  config: Config,
  doors: readonly Door[],
  gallery: Gallery,
  records: Pick<EntranceParts['records'], 'record' | 'taken'>,
  parts: Partial<EntranceParts> = {},
): Entrance {
  return new Entrance({
    admits: () => true,
    doors: new Map(doors.map((door) => [door.id, door])),
    gallery: () => gallery,
    records: { keep: () => 1, isKept: () => Promise.resolve(true), ...records },
    log: createLogger('test', 'silent'),
    policy: entryPolicy(config.doors, config.access),
    calendar: new Calendar(config.calendar, config.gate.timezone),
    zone: config.gate.timezone,
    lockout: config.decision.lockout,
    versions: { software: '1', config: 'c' },
    lockdown: () => null,
    prompts: { show: () => {} },
    site: () => null,
    turnstiles: new Turnstiles(config.doors),
    onEntered: () => {},
    ...parts,
  });
}
