import { z } from 'zod';
import { fraction, id, milliseconds } from './common.ts';

/** The actions there are; src/vision/actions.ts knows how each is seen. */
export const ACTIONS = ['blink', 'openMouth', 'turnLeft', 'turnRight', 'nod'] as const;

export const ActionLivenessSchema = z
  .strictObject({
    doors: z
      .array(id)
      .default([])
      .describe('Doors at which an action can be demanded; the networks for it are loaded for their cameras'),
    schedule: id
      .default('always')
      .describe('Schedule while which it is demanded of everybody there; "never" leaves it to afterFailures'),
    afterFailures: z
      .number()
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe(
        'Demanded at any time after this many attacks, unsure attempts and failed actions at the door within lockout.windowMs',
      ),
    actions: z
      .array(z.enum(ACTIONS))
      .min(2)
      .refine((actions) => new Set(actions).size === actions.length, 'names an action twice')
      .default([...ACTIONS])
      .describe(
        'Actions one of which is picked at random; blinking is the weakest, as everybody blinks unasked',
      ),
    timeLimitMs: milliseconds(6000, 2000, 8000).describe('Time for the action and for looking ahead again'),
    minLiveness: fraction
      .default(0.2)
      .describe('Mean liveness while the face was held straight; below it the action counts for nothing'),
    sureLiveness: fraction
      .default(0.5)
      .describe('Mean liveness from which the device is sure of an action it has seen'),
    cloud: z
      .enum(['never', 'whenUnsure', 'always'])
      .default('never')
      .describe(
        'Whether the cloud judges the clip: whenUnsure when the device did not see the action or was not sure of the liveness, always also when it was. Only for people who have consented; without an answer the door stays closed',
      ),
    cloudDeadlineMs: milliseconds(5000, 500, 15_000).describe('Time for the answer of the cloud'),
  })
  .refine((action) => action.minLiveness <= action.sureLiveness, {
    message: 'minLiveness must not be above sureLiveness',
    path: ['minLiveness'],
  })
  .prefault({})
  .describe('Something to be done before the camera, picked at random, before the door opens');
export type ActionLivenessConfig = z.infer<typeof ActionLivenessSchema>;
