import type { Comparison } from '../../src/access/index.ts';
import { type Config, ConfigSchema } from '../../src/config/schema.ts';
import type { Candidate } from '../../src/gallery/types.ts';
import { EMBEDDING_DIMENSIONS, type QualityReport, type Sighting } from '../../src/vision/types.ts';

export const MODEL = { id: 'test', version: '1' };

export function policy(overrides: Partial<Config['decision']> = {}): Config['decision'] {
  const config = ConfigSchema.parse({
    gate: { id: 'gate' },
    cameras: [{ id: 'camera', source: 'rtsp://127.0.0.1/', door: 'door' }],
    doors: [{ id: 'door', relay: { line: { driver: 'simulated', line: 1 } } }],
    access: { faceOnly: 'accepted' },
  });
  return { ...config.decision, matchThreshold: 0.45, ...overrides };
}

export const QUALITY_LIMITS = ConfigSchema.shape.vision.parse({}).quality;

/** A vector of norm 1 along axis `axis`, tilted towards axis `axis + 1` so that its cosine with the axis is `cosine`. */
export function vector(axis: number, cosine = 1): Float32Array {
  const v = new Float32Array(EMBEDDING_DIMENSIONS);
  v[axis] = cosine;
  v[axis + 1] = Math.sqrt(1 - cosine * cosine);
  return v;
}

export const GOOD: QualityReport = {
  eyeDistance: 80,
  margin: 1,
  yaw: 0,
  pitch: 0,
  roll: 0,
  sharpness: 1,
  brightness: 0.5,
  contrast: 0.2,
  noise: 0.3,
  score: 0.8,
  failed: [],
};

/** What the gallery says when every frame scores like the fusion. */
export function comparison(candidates: Candidate[], frames: number): Comparison {
  return { candidates, frameScores: candidates.length === 0 ? [] : Array(frames).fill(candidates[0].score) };
}

export interface Look {
  track?: string;
  at: number;
  liveness?: number;
  enclosure?: number;
  mask?: Sighting['mask'];
  vector?: Float32Array;
  failed?: QualityReport['failed'];
}

let seq = 0;

export function sighting(look: Look): Sighting {
  const failed = look.failed ?? [];
  const passed = failed.length === 0;
  seq += 1;
  return {
    camera: 'camera',
    track: look.track ?? 't1',
    frame: { seq, capturedAt: look.at, width: 1280, height: 720 },
    box: { x: 500, y: 200, width: 200, height: 250 },
    quality: { ...GOOD, failed },
    mask: look.mask ?? null,
    liveness: passed ? { score: look.liveness ?? 0.95, model: MODEL } : null,
    embedding: passed ? { vector: look.vector ?? vector(0), model: MODEL } : null,
    enclosure: passed ? (look.enclosure ?? 0) : null,
    timings: { detect: 3 },
    facesInView: 1,
  };
}

export function candidate(personId: string, score: number): Candidate {
  return { personId, name: `Name of ${personId}`, referenceId: `${personId}-1`, score };
}
