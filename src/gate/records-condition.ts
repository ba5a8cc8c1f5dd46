import { statfsSync } from 'node:fs';
import type { Journal } from '../journal/index.ts';
import type { MqttLink } from '../mqtt/index.ts';
import type { Backlog } from './backlog.ts';
import type { RecordsCondition } from './records-protocol.ts';

interface Parts {
  readonly journal: Pick<Journal, 'pending' | 'pendingCount'>;
  readonly backlog: Pick<Backlog, 'waiting' | 'fault'>;
  readonly link: Pick<MqttLink, 'condition'> | null;
  readonly dataDir: string;
}

/** How the keeping of records is: what waits, for what, and on which disk. Never throws. */
export function conditionOf({ journal, backlog, link, dataDir }: Parts): RecordsCondition {
  return {
    broker: link?.condition ?? null,
    outbox: orNull(() => ({
      waiting: journal.pendingCount(),
      oldest: journal.pending(1)[0]?.at ?? null,
    })),
    disk: orNull(() => {
      const { bsize, bavail, blocks } = statfsSync(dataDir);
      const state = backlog.fault ?? 'sound';
      return { state, unwritten: backlog.waiting, freeBytes: bsize * bavail, sizeBytes: bsize * blocks };
    }),
  };
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
