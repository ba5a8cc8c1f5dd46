import type { z } from 'zod';
import type { PublicCredentialRecordSchema, PublicDecisionRecord } from '../../src/access/index.ts';

export const PERSON = '9a7c1f0e-52b3-4d8e-8a51-6c0d2e7b4f13';
export const DECISION = '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10';

const entry: NonNullable<PublicDecisionRecord['entry']> = {
  verdict: {
    verdict: 'grant',
    reason: 'GRANTED_FACTORS',
    rule: 'way',
    detail: 'face',
    people: [PERSON],
    wants: [],
    duress: false,
    extended: false,
    remind: false,
    violation: null,
  },
};

/** Somebody recognised by the face alone. */
export const FACE: PublicDecisionRecord = {
  decision: DECISION,
  door: 'front',
  camera: 'entrance',
  track: 'entrance-17',
  outcome: 'grant',
  verdict: 'grant',
  reason: 'GRANTED_FACE',
  rule: 'face',
  detail: 'liveness 0.981 and score 0.702 over the same 3 frames',
  person: { id: PERSON, name: 'Li Hua' },
  attempt: 1,
  frames: [
    {
      seq: 4211,
      ageMs: 61.4,
      liveness: 0.983,
      score: 0.688,
      enclosure: 0,
      quality: {
        eyeDistance: 74,
        margin: 0.31,
        yaw: 3.1,
        pitch: -4,
        roll: 0.7,
        sharpness: 0.62,
        brightness: 118,
        contrast: 44,
        noise: 0.4,
        score: 0.91,
        failed: [],
      },
    },
  ],
  frameSize: { width: 1280, height: 720 },
  box: { x: 512, y: 180, width: 190, height: 240 },
  liveness: { fused: 0.981, lowest: 0.974 },
  candidates: { best: { score: 0.702 }, second: { score: 0.113 }, lead: 0.589 },
  consistency: 0.94,
  mask: { state: 'bare', score: 0.99 },
  calibration: null,
  cloud: { asked: false, why: 'the verdict left no doubt for a cloud to settle' },
  thresholds: {
    match: 0.45,
    unsureBelowMatch: 0.08,
    margin: 0.1,
    liveness: 0.7,
    livenessUnsure: 0.5,
    livenessFloor: 0.4,
    livenessTrack: 0,
    enclosure: 0.7,
    minFrames: 3,
    maxFrames: 8,
    maxFrameAgeMs: 800,
    decideAfterMs: 2500,
    minConsistency: 0.4,
    maskMargin: 0,
    maxAttempts: 3,
  },
  qualityLimits: {
    minEyeDistance: 40,
    minMargin: 0,
    maxYaw: 25,
    maxPitch: 25,
    maxRoll: 30,
    minSharpness: 0.2,
    minBrightness: 40,
    maxBrightness: 220,
    minContrast: 15,
    maxNoise: 1.4,
  },
  timings: { detect: 11.2, liveness: 6.4, embedding: 12.9, search: 0.1, rules: 0.1, captureToDecision: 61.6 },
  versions: {
    software: '0.1.0',
    config: '4f1c0a9e7b3d',
    models: [{ id: 'embedding', version: '1' }],
  },
  entry,
  carriedOut: null,
};

/** A card that nobody has. */
export const CARD: z.infer<typeof PublicCredentialRecordSchema> = {
  decision: DECISION,
  door: 'front',
  reader: 'outside',
  kind: 'card',
  shown: '…4711',
  outcome: 'deny',
  verdict: 'deny',
  reason: 'CARD_UNKNOWN',
  rule: 'credential',
  detail: 'the card cannot be used',
  person: null,
  entry: {
    verdict: {
      ...entry.verdict,
      verdict: 'deny',
      reason: 'CARD_UNKNOWN',
      rule: 'credential',
      detail: 'the card cannot be used',
      people: [],
    },
  },
  carriedOut: null,
  versions: { software: '0.1.0', config: '4f1c0a9e7b3d' },
};

/** Whose card it is is known, and the door wants the PIN as well. */
export const PENDING: typeof CARD = {
  ...CARD,
  outcome: 'wait',
  verdict: 'wait',
  reason: 'PIN_WANTED',
  rule: 'way',
  detail: 'card and PIN',
  person: { id: PERSON, name: 'Li Hua' },
  entry: {
    verdict: {
      ...entry.verdict,
      verdict: 'wait',
      reason: 'PIN_WANTED',
      detail: 'card and PIN',
      people: [],
      wants: ['pin'],
    },
  },
};
