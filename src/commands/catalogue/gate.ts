import { z } from 'zod';
import { LOG_LEVELS } from '../../common/index.ts';
import { command } from '../definition.ts';
import { FOR_ADMINISTRATORS, FOR_ALL, FOR_AUDITORS, FOR_OPERATORS } from '../roles.ts';
import { base64, MAX_JPEG_BYTES, PartId } from './common.ts';
import { DIAGNOSTICS_EXAMPLE, Diagnostics } from './diagnostics.ts';

const Version = z
  .string()
  .regex(/^[0-9a-f]{12}$/)
  .describe('Version of a configuration, as `menshen config check` prints it');

const Json = z.json();

export const GATE_COMMANDS = {
  'config.get': command({
    summary: 'Gives the configuration in force, defaults and all, secrets left out.',
    roles: FOR_AUDITORS,
    params: z.strictObject({}),
    result: z.strictObject({ version: Version, config: z.record(z.string(), Json) }),
    harmless: true,
    keeps: { params: [], result: ['version'] },
    example: { params: {}, result: { version: '4f1c0a9e7b3d', config: { gate: { id: 'front-gate' } } } },
  }),
  'config.set': command({
    summary:
      'Changes settings in the configuration file: checked first, tried by a restart, and taken back when the gate does not come up sound.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({
      version: Version.describe('The version that the change was made for; another one is refused'),
      changes: z
        .array(
          z.strictObject({
            path: z
              .array(z.union([z.string().min(1).max(64), z.number().int().min(0).max(1000)]))
              .min(1)
              .max(8)
              .describe('Keys from the top: ["doors", 0, "unlockMs"]'),
            value: Json.describe('The new value; null takes the setting out, so that the default holds'),
          }),
        )
        .min(1)
        .max(50),
      trialS: z
        .number()
        .int()
        .min(10)
        .max(300)
        .default(60)
        .describe('Seconds in which the gate must be sound again'),
    }),
    result: z.strictObject({ version: Version }),
    harmless: false,
    keeps: { params: ['version', 'trialS'], result: ['version'] },
    example: {
      params: {
        version: '4f1c0a9e7b3d',
        changes: [{ path: ['decision', 'matchThreshold'], value: 0.5 }],
      },
      result: { version: 'a07733c1d2e4' },
    },
  }),
  'gate.restart': command({
    summary: 'Starts the gate again; the answer comes when it is up.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({}),
    result: z.strictObject({ software: z.string() }),
    harmless: false,
    keeps: { params: [], result: [] },
    example: { params: {}, result: { software: '0.1.0' } },
  }),
  'gate.log': command({
    summary: 'Sets the level of the log until the next start.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({ level: z.enum(LOG_LEVELS) }),
    result: z.strictObject({ before: z.enum(LOG_LEVELS) }),
    harmless: true,
    keeps: { params: ['level'], result: ['before'] },
    example: { params: { level: 'debug' }, result: { before: 'info' } },
  }),
  'gate.snapshot': command({
    summary: 'Gives the next picture of a camera.',
    roles: FOR_OPERATORS,
    params: z.strictObject({ camera: PartId }),
    result: z.strictObject({
      camera: PartId,
      width: z.number().int(),
      height: z.number().int(),
      jpeg: base64(MAX_JPEG_BYTES).describe('Base64'),
    }),
    harmless: true,
    keeps: { params: ['camera'], result: ['camera', 'width', 'height'] },
    example: {
      params: { camera: 'entrance' },
      result: { camera: 'entrance', width: 1280, height: 720, jpeg: '/9j/4AAQSkZJRgABAQAAAQABAAD/2w==' },
    },
  }),
  'gate.diagnostics': command({
    summary:
      'Tells how the gate and its parts are: doors, cameras, readers, inputs, broker, outbox, disk, cloud, site and clock.',
    roles: FOR_ALL,
    params: z.strictObject({}),
    result: Diagnostics,
    harmless: true,
    keeps: { params: [], result: [] },
    example: { params: {}, result: DIAGNOSTICS_EXAMPLE },
  }),
  'cloud.quota': command({
    summary: 'Tells of each API of the cloud the calls counted today, and what is left of what was bought.',
    roles: FOR_ALL,
    params: z.strictObject({}),
    result: z.strictObject({
      apis: z.array(
        z.strictObject({
          api: z.string(),
          today: z.number().int().describe('Calls counted today'),
          remaining: z
            .number()
            .int()
            .nullable()
            .describe('Calls left in the packages valid now; null without any'),
          size: z.number().int().nullable(),
          forecastDays: z
            .number()
            .nullable()
            .describe('Days for which they last at the rate of the last 14 days'),
        }),
      ),
    }),
    harmless: true,
    keeps: { params: [], result: [] },
    example: {
      params: {},
      result: {
        apis: [{ api: 'compare', today: 214, remaining: 981_334, size: 1_000_000, forecastDays: 365 }],
      },
    },
  }),
  'journal.range': command({
    summary: 'Gives events of the journal again, as they were sent.',
    roles: FOR_AUDITORS,
    params: z.strictObject({
      after: z.number().int().min(0).describe('Number of the last event that is known'),
      limit: z.number().int().min(1).max(200).default(50),
    }),
    result: z.strictObject({
      events: z.array(z.record(z.string(), Json)),
      next: z
        .number()
        .int()
        .nullable()
        .describe('To be given as `after` for the next piece; null when there is nothing more'),
    }),
    harmless: true,
    keeps: { params: ['after', 'limit'], result: ['next'] },
    example: {
      params: { after: 1041, limit: 1 },
      result: {
        events: [
          {
            id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
            seq: 1042,
            at: '2026-01-02T03:04:05.678Z',
            gate: 'front-gate',
            type: 'door.opened',
            door: 'front',
            camera: null,
            cause: null,
            data: {},
          },
        ],
        next: 1042,
      },
    },
  }),
};
