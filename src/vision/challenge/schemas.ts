import { z } from 'zod';
import { HEAD_ACTIONS } from '../actions.ts';
import { CHALLENGE_MS, CHALLENGE_OUTCOMES, CHALLENGE_STEPS, CLIP_FAULTS } from './types.ts';

const name = z.string().min(1).max(100);
const count = z.number().int().min(0);
const notNegative = z.number().min(0);
const fraction = z.number().min(0).max(1);
const degrees = z.number().min(-180).max(180);

/** More than 8 s of a fast camera. */
const MAX_SAMPLES = 500;
/** Of 128 KiB each: more than the largest clip has. */
const MAX_PARTS = 64;

export const challengeOrder = z.strictObject({
  id: z.uuid(),
  track: name,
  action: z.enum(HEAD_ACTIONS),
  durationMs: z.number().min(CHALLENGE_MS.min).max(CHALLENGE_MS.max),
  closing: z.number().int().min(1).max(20),
  record: z.boolean(),
});

const about = { camera: name, challenge: z.uuid() };

export const challengeProgress = z.strictObject({ ...about, track: name, step: z.enum(CHALLENGE_STEPS) });

const liveness = z.strictObject({ mean: fraction, lowest: fraction, frames: count });
const cosine = z.number().min(-1.001).max(1.001);
const likeness = z.strictObject({ mean: cosine, lowest: cosine, frames: count });

const sample = z.strictObject({
  at: notNegative,
  yaw: degrees,
  pitch: degrees,
  headPitch: degrees,
  eyeOpening: notNegative,
  eyesClosed: fraction,
  mouthOpening: notNegative,
});

export const challengeResult = z
  .strictObject({
    ...about,
    track: name,
    action: z.enum(HEAD_ACTIONS),
    outcome: z.enum(CHALLENGE_OUTCOMES),
    tookMs: notNegative,
    actionAfterMs: notNegative.nullable(),
    seen: z.record(z.enum(HEAD_ACTIONS), z.boolean()),
    liveness: liveness.nullable(),
    likeness: likeness.nullable(),
    unverifiedMs: notNegative,
    samples: z.array(sample).max(MAX_SAMPLES),
    clip: z.boolean(),
  })
  .refine(
    ({ outcome, actionAfterMs }) => outcome !== 'seen' || actionAfterMs !== null,
    'an action that was seen was seen at some time',
  );

export const clipPart = z
  .strictObject({ ...about, part: count, parts: z.number().int().min(1).max(MAX_PARTS) })
  .refine(({ part, parts }) => part < parts, 'there is no such part');

export const clipMissing = z.strictObject({ ...about, fault: z.enum(CLIP_FAULTS) });
