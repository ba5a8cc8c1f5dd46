import { z } from 'zod';
import { Code, data, fault, Id } from './common.ts';

const Version = z.string().describe('Version of a configuration, as `menshen config check` prints it');
const Kept = z.record(z.string(), z.unknown());
const command = { command: z.string(), key: z.string().describe('Id of the key that signed it') };
const tookMs = z.number();
const api = z.string().describe('API of the cloud');

const Point = z.object({
  source: z.enum(['model', 'gallery', 'site', 'fixed']).describe('Where the threshold comes from'),
  fpir: z.number().nullable().describe('`decision.fpir`'),
  references: z.number().int().describe('References a probe is compared with'),
  people: z.number().int().describe('People whose comparisons with one another it rests on'),
  location: z.number().describe("Where the tail of strangers' scores begins"),
  thresholds: z.object({ bare: z.number(), masked: z.number(), dark: z.number() }),
  darkBelow: z.number().describe('Mean luma of the face below which it is dark'),
});

/** The gate itself: start and stop, people, commands, configuration, journal, and the cloud it asks. */
export const GATE_DATA = {
  'system.started': data({
    software: z.string().describe('Version of Menshen'),
    config: Version,
    node: z.string().describe('Version of Node.js'),
  }),
  'system.stopped': data({ reason: z.string() }),
  'cloud.up': data({}),
  'cloud.down': data(fault),
  'cloud.quota_low': data({
    api,
    remaining: z.number().describe('Calls left'),
    size: z.number().describe('Calls bought'),
    threshold: z.number().describe('0.2 or 0.05'),
    forecastDays: z.number().nullable().describe('Days they last at the rate of the last 14'),
  }),
  'cloud.cap_reached': data({ api, cap: z.number().describe('Calls a day') }),
  'cloud.clock_skew': data({
    skewMs: z.number().describe("This machine's clock less the cloud's"),
    drifted: z.boolean().describe('False when they agree again'),
  }),
  'calibration.changed': data({
    before: Point,
    after: Point.describe('Told when a threshold has moved by 0.005 or more'),
  }),
  'gallery.changed': data({
    added: z.array(Id).describe('Ids of people; a change of more than 2,000 is told by several events'),
    updated: z.array(Id),
    removed: z.array(Id),
  }),
  'command.accepted': data({
    ...command,
    role: z.string(),
    nonce: z.string(),
    issuedAt: z.string(),
    params: Kept.describe('Those that [commands](commands.md) lists as kept'),
  }),
  'command.done': data({ ...command, result: Kept.describe('What is listed as kept'), tookMs }),
  'command.failed': data({ ...command, ...fault, tookMs }),
  'command.refused': data({
    code: Code,
    times: z.number().int().describe('Since told last: each kind is told once a minute at most'),
    key: z.string().exactOptional().describe('Where the signature holds'),
    command: z.string().exactOptional().describe('Where the signature holds'),
  }),
  'config.changed': data({ before: Version, version: Version }),
  'config.rolled_back': data({ refused: Version.nullable(), version: Version, message: z.string() }),
  'journal.damaged': data({
    code: Code,
    file: z.string().describe('Name of the file set aside'),
    continuedAfter: z
      .number()
      .int()
      .nullable()
      .describe('The numbering goes on after it; null when nothing told it and it begins at 1 again'),
    carriedOver: z.number().int().describe('Undelivered events taken along'),
  }),
  'journal.trimmed': data({
    maxMegabytes: z.number(),
    undelivered: z.number().int().describe('How many'),
    from: z.number().int().nullable().describe('First number deleted'),
    to: z.number().int().nullable().describe('Last number deleted'),
  }),
};
