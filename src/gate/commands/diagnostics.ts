import { existsSync } from 'node:fs';
import type { Result } from '../../commands/index.ts';
import { isoNow, jsonOf } from '../../common/index.ts';
import type { CloudState } from '../cloud-protocol.ts';
import type { CommandParts } from './parts.ts';
import type { AcceptedCommand } from './protocol.ts';

/** Where systemd-timesyncd works, and what it leaves there once it has set the clock: systemd-timesyncd.service(8). */
const TIMESYNC = '/run/systemd/timesync';
const SYNCHRONISED = `${TIMESYNC}/synchronized`;

/** How the gate and its parts are, as they know it themselves. */
export async function diagnostics(
  parts: CommandParts,
  { issuedAt }: Pick<AcceptedCommand, 'issuedAt'>,
  loopDelayMs: number,
): Promise<Result<'gate.diagnostics'>> {
  const now = Date.now();
  const [counts, records, cloud] = await Promise.all([
    countsOf(parts),
    parts.records.condition(),
    parts.cloud?.state() ?? null,
  ]);
  return {
    software: parts.software,
    node: process.version,
    config: parts.loaded.sha256,
    upS: Math.round((performance.now() - parts.startedAt) / 1000),
    rssBytes: process.memoryUsage.rss(),
    loopDelayMs,
    doors: [...parts.doors.values()].map((door) => jsonOf(door.status())),
    cameras: parts.loaded.config.cameras.map(({ id }) =>
      jsonOf({ camera: id, ...(parts.cameraStates.get(id) ?? { state: 'connecting' }) }),
    ),
    readers: parts.loaded.config.readers.map(({ id, door }) => {
      const known = parts.readerStates.get(id) ?? { state: 'unknown' };
      return { reader: id, door, state: known.state, code: 'code' in known ? known.code : null };
    }),
    inputs: parts.inputs.status().map(jsonOf),
    people: counts?.people ?? null,
    references: counts?.references ?? null,
    broker: records?.broker ?? null,
    outbox: records?.outbox ?? null,
    disk: records?.disk ?? null,
    cloud: cloud && { ...cloud, apis: cloud.apis.map(standing) },
    site: parts.site(),
    clock: {
      at: isoNow(),
      sinceIssuedMs: now - issuedAt,
      synchronised: existsSync(TIMESYNC) ? existsSync(SYNCHRONISED) : null,
    },
  };
}

function standing({ api, breaker, today, remaining }: CloudState['apis'][number]) {
  return { api, breaker, today, remaining };
}

/** Null while the gallery cannot be opened. */
async function countsOf(parts: CommandParts) {
  try {
    return (await parts.openGallery()).counts();
  } catch {
    return null;
  }
}
