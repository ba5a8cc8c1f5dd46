import { z } from 'zod';
import type { Frozen } from '../common/index.ts';
import { ErrorCodeSchema } from '../journal/data.ts';

/** What a gate says of itself, and of its parts at present: the payloads of the retained topics. */

const at = z.iso.datetime({ precision: 3 });
const fault = { code: ErrorCodeSchema, message: z.string() };
const about = { gate: z.string(), version: z.string().describe('Version of Menshen') };

/** Whether the gate is there. The will is written when the gate connects: it cannot tell when the gate was lost. */
export const StatusSchema = z.union([
  z.strictObject({
    state: z.literal('online'),
    at: at.describe('When it connected'),
    ...about,
    startedAt: at.describe('When it was started'),
  }),
  z.strictObject({
    state: z.literal('offline'),
    reason: z.literal('stopped').describe('In good order'),
    at,
    ...about,
  }),
  z.strictObject({
    state: z.literal('offline'),
    reason: z.literal('lost').describe('Power, network or crash; told by the broker'),
    connectedAt: at,
    ...about,
  }),
]);
export type Status = z.infer<typeof StatusSchema>;

const remote = { kind: z.literal('remote'), by: z.string(), command: z.string().exactOptional() };
const HoldSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('schedule'), schedule: z.string() }),
  z.strictObject(remote),
  z.strictObject({ kind: z.literal('firstPerson'), decisionId: z.string(), personId: z.string() }),
  z.strictObject({ kind: z.literal('emergency'), by: z.string() }),
]);

/** Present state of each kind of part. */
export const STATES = {
  doors: z.strictObject({
    door: z.string(),
    state: z.enum(['locked', 'unlocked', 'remain_open', 'open', 'held_open', 'forced_open', 'fault']),
    lock: z.enum(['locked', 'unlocked']).describe('What the relay is told to do with the lock'),
    relay: z.enum(['on', 'off']).describe('Whether it is energised for that'),
    contact: z
      .enum(['open', 'closed'])
      .nullable()
      .describe('Null without a contact, or while it cannot be read'),
    heldOpenWarning: z.boolean(),
    holds: z
      .array(HoldSchema)
      .describe('What makes the door remain open; a lockdown suspends all but an emergency'),
    lockdown: z.boolean(),
    faults: z.array(
      z.strictObject({ source: z.enum(['relay', 'contact', 'rex', 'rex_button', 'door']), ...fault }),
    ),
    at,
  }),
  cameras: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('connecting'), attempt: z.number().int(), at }),
    z.strictObject({
      state: z.literal('streaming'),
      width: z.number().int(),
      height: z.number().int(),
      decoder: z.string().exactOptional().describe('What decodes its stream'),
      at,
    }),
    z.strictObject({
      state: z.literal('down'),
      ...fault,
      retryInMs: z.number().exactOptional().describe('Until it is tried again, where that is known'),
      at,
    }),
    z.strictObject({ state: z.literal('stopped'), at }),
  ]),
  inputs: z.strictObject({
    input: z.string(),
    kind: z.enum(['fire', 'fire_reset', 'tamper', 'power_fail', 'battery_low']),
    door: z.string().nullable(),
    state: z.enum(['unknown', 'idle', 'active', 'fault']).describe('`unknown` until it was first read'),
    at,
  }),
};
export type StateKind = keyof typeof STATES;

type Undated<T> = T extends unknown ? Omit<T, 'at'> : never;

/** Present state of a part, as sent; `at` is added. */
export type StateReport<K extends StateKind = StateKind> = {
  [Kind in K]: Undated<Frozen<z.infer<(typeof STATES)[Kind]>>>;
}[K];

/** Which part, and its state. */
export type PartState = {
  [K in StateKind]: { readonly of: K; readonly id: string; readonly report: StateReport<K> };
}[StateKind];
