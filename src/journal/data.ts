import type { z } from 'zod';
import { ACCESS_DATA } from './data/access.ts';
import { DOOR_DATA } from './data/door.ts';
import { GATE_DATA } from './data/gate.ts';
import { PARTS_DATA } from './data/parts.ts';
import { SITE_DATA } from './data/site.ts';
import type { EventType } from './types.ts';

export { Code as ErrorCodeSchema, data } from './data/common.ts';

/**
 * Another face of the journal, for documentation and tests: the schema of what each type of event adds, one file a family under data/: its `data` has these members and no
 * others. `EventInput` is inferred from them, so that nothing else can be recorded; the documentation and the
 * AsyncAPI document are made of them.
 */
export const EVENT_DATA = {
  ...ACCESS_DATA,
  ...DOOR_DATA,
  ...PARTS_DATA,
  ...GATE_DATA,
  ...SITE_DATA,
} satisfies Record<EventType, z.ZodType>;

/** `data` of an event of this type. */
export type EventData<T extends EventType> = z.input<(typeof EVENT_DATA)[T]>;
