import { z } from 'zod';
import { data, fault, Id } from './common.ts';

const input = { input: Id.describe('Id of the alarm input') };
const by = z.string().describe('Who ordered it');
const Alarm = data(input);

/** Alarm inputs, fire and lockdown, cameras and readers. */
export const PARTS_DATA = {
  'input.tamper': Alarm,
  'input.tamper_cleared': Alarm,
  'input.power_failed': Alarm,
  'input.power_restored': Alarm,
  'input.battery_low': Alarm,
  'input.battery_ok': Alarm,
  'input.fault': data({ ...input, ...fault }),
  'input.fault_cleared': Alarm,
  'emergency.fire': Alarm,
  'emergency.fire_cleared': Alarm,
  'emergency.reset': data({
    by: z.string().describe('Who reset it; the input itself where it resets automatically'),
    inputs: z.array(Id),
  }),
  'emergency.lockdown': data({
    by,
    exempt: z.array(z.string()).describe('Ids of people and names of groups that may come in all the same'),
  }),
  'emergency.lockdown_ended': data({ by }),
  'emergency.fault': data(fault),
  'emergency.fault_cleared': data({}),
  'camera.up': data({ width: z.number().int(), height: z.number().int() }),
  'camera.down': data(fault),
  'camera.injection_suspected': data({
    doubts: z
      .array(
        z.strictObject({
          kind: z.enum(['frozen', 'looped', 'timing', 'sender', 'parameters']),
          detail: z.string().describe('What was seen, in words'),
        }),
      )
      .min(1),
    denied: z.boolean().describe('Nobody is let in by this camera meanwhile'),
  }),
  'camera.injection_cleared': data({}),
  'reader.up': data({ reader: Id }),
  'reader.down': data({ reader: Id, ...fault }),
  'vision.up': data({}),
  'vision.down': data({ ...fault, retryInMs: z.number().describe('Until it is started again') }),
};
