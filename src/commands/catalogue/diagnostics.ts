import { z } from 'zod';

const Json = z.json();
const Code = z.string().describe('One of [errors](errors.md)');
const Moment = z.iso.datetime();

const Broker = z
  .strictObject({
    state: z.enum(['stopped', 'connecting', 'online', 'offline']),
    mqtt: z.enum(['5', '3.1.1']).describe('Version spoken'),
    since: Moment.nullable().describe('When the connection came about; null without one'),
    problem: Code.nullable().describe('Why the last connection ended or failed; null when none did'),
  })
  .describe('The line to the broker; null while its thread does not answer: its disk hangs');

const Outbox = z
  .strictObject({
    waiting: z.number().int().describe('Events that the broker has not acknowledged'),
    oldest: Moment.nullable().describe('When the first of them was recorded; null without any'),
  })
  .describe('Null while its thread does not answer, or the journal cannot be read');

const Disk = z
  .strictObject({
    state: z
      .enum(['sound', 'full', 'readonly', 'failing'])
      .describe('What became of the last event: this command was one'),
    unwritten: z.number().int().describe('Events that wait in memory, because it refuses them'),
    freeBytes: z.number().int().describe('Of the file system of `dataDir`, for the user of the gate'),
    sizeBytes: z.number().int(),
  })
  .describe('Null while its thread does not answer');

const Cloud = z
  .strictObject({
    problem: Code.nullable().describe('Why it cannot be asked; null when it can'),
    clockSkewMs: z
      .number()
      .nullable()
      .describe("This machine's clock less the cloud's, good to a second; null before its first answer"),
    apis: z.array(
      z.strictObject({
        api: z.string(),
        breaker: z
          .enum(['closed', 'open', 'halfOpen'])
          .describe(
            '`closed` lets calls through, `open` none after failures in a row, `halfOpen` one to try',
          ),
        today: z.number().int().describe('Calls counted today'),
        remaining: z.number().int().nullable().describe('Calls left of what was bought; null without any'),
      }),
    ),
  })
  .describe('Null where none is configured, or its thread does not answer');

const Site = z
  .strictObject({
    site: z.string(),
    state: z.enum(['waiting', 'behind', 'complete', 'refused']).describe('As in the report of the gate'),
    version: z.number().int().describe('Newest manifest that the gate believes'),
    count: z.number().int().describe('People of the site in the gallery'),
    pending: z.number().int().describe('People still to come'),
    root: z.string().describe('Merkle root of what is in the gallery'),
    problem: Code.nullable(),
    faultCount: z.number().int().describe('Faces and records that cannot be used'),
    confirmedAt: Moment.nullable().describe('Last word from the site that nobody here was taken away'),
  })
  .describe('Null where the gate follows no site, or has not looked yet');

const Clock = z.strictObject({
  at: Moment.describe('The time here'),
  sinceIssuedMs: z
    .number()
    .int()
    .describe("This clock less the sender's at `issuedAt`: their difference, and the way of this command"),
  synchronised: z
    .boolean()
    .nullable()
    .describe('Whether systemd-timesyncd has set it since the start; null where that does not run'),
});

/** How the gate and its parts are. Everything here is known already when it is asked for, or asked of a thread within seconds. */
export const Diagnostics = z.strictObject({
  software: z.string(),
  node: z.string(),
  config: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .describe('Version of the configuration'),
  upS: z.number(),
  rssBytes: z.number().int(),
  loopDelayMs: z.number().describe('Longest delay of the event loop that serves the doors, since asked last'),
  doors: z.array(z.record(z.string(), Json)).describe('As in the state of the doors'),
  cameras: z.array(z.record(z.string(), Json)).describe('As in the state of the cameras'),
  readers: z.array(
    z.strictObject({
      reader: z.string(),
      door: z.string(),
      state: z.enum(['unknown', 'up', 'down']).describe('`unknown` until it was first opened'),
      code: Code.nullable().describe('Why it is down'),
    }),
  ),
  inputs: z.array(z.record(z.string(), Json)).describe('As in the state of the alarm inputs'),
  people: z.number().int().nullable().describe('Enrolled; null while the gallery cannot be opened'),
  references: z.number().int().nullable(),
  broker: Broker.nullable(),
  outbox: Outbox.nullable(),
  disk: Disk.nullable(),
  cloud: Cloud.nullable(),
  site: Site.nullable(),
  clock: Clock,
});

const AT = '2026-01-02T03:04:05.678Z';

export const DIAGNOSTICS_EXAMPLE: z.input<typeof Diagnostics> = {
  software: '0.1.0',
  node: 'v20.20.2',
  config: '4f1c0a9e7b3d',
  upS: 86_400,
  rssBytes: 120_000_000,
  loopDelayMs: 3.1,
  doors: [{ door: 'front', state: 'locked', relay: 'off', contact: 'closed', faults: [] }],
  cameras: [{ camera: 'entrance', state: 'streaming', width: 1280, height: 720 }],
  readers: [{ reader: 'outside', door: 'front', state: 'down', code: 'READER_MISSING' }],
  inputs: [{ input: 'fire-panel', kind: 'fire', door: null, state: 'idle' }],
  people: 12,
  references: 31,
  broker: { state: 'online', mqtt: '5', since: '2026-01-01T03:04:05.678Z', problem: null },
  outbox: { waiting: 1, oldest: AT },
  disk: { state: 'sound', unwritten: 0, freeBytes: 5_213_429_760, sizeBytes: 31_268_536_320 },
  cloud: {
    problem: null,
    clockSkewMs: -120,
    apis: [{ api: 'compare', breaker: 'closed', today: 214, remaining: 981_334 }],
  },
  site: {
    ...{ site: 'hq', state: 'complete', version: 12, count: 10, pending: 0 },
    ...{ root: '7f9c2ba4e88f827d', problem: null, faultCount: 0, confirmedAt: AT },
  },
  clock: { at: AT, sinceIssuedMs: 41, synchronised: true },
};
