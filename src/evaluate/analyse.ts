import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { MenshenError } from '../common/index.ts';
import type { VisionConfig } from '../config/index.ts';
import { readPhoto } from '../photo/index.ts';
import { type DetectedFace, FaceAnalyser } from '../vision/index.ts';
import { defaultModelsDir } from '../vision/models/index.ts';
import { MASK_STATES } from '../vision/types.ts';

/** As `QualityReport` of vision has it. */
const QualitySchema = z.object({
  eyeDistance: z.number(),
  margin: z.number(),
  yaw: z.number(),
  pitch: z.number(),
  roll: z.number(),
  sharpness: z.number(),
  brightness: z.number(),
  contrast: z.number(),
  score: z.number(),
  failed: z.array(z.string()),
});

/** What the chain made of a picture; `fault` says why it made nothing. */
const AnalysedSchema = z.object({
  path: z.string(),
  fault: z.string().nullable(),
  quality: QualitySchema.nullable(),
  /** Null where the catalogue of models names no network for it. */
  mask: z.object({ state: z.enum(MASK_STATES), score: z.number() }).nullable(),
  liveness: z.number().nullable(),
  /** As at the door, and as at enrolment (averaged with the mirror image); base64 of float32. */
  probe: z.string().nullable(),
  reference: z.string().nullable(),
});
type Line = z.infer<typeof AnalysedSchema>;

export interface Analysed extends Omit<Line, 'probe' | 'reference'> {
  readonly probe: Float32Array | null;
  readonly reference: Float32Array | null;
}

export interface Judge {
  /** Names the networks and settings: what was made by others is made anew. */
  readonly version: string;
  analyse(path: string): Promise<Line>;
  close(): Promise<void>;
}

/** Opens the networks of the configuration. Throws MODEL_... */
export async function openJudge(vision: VisionConfig): Promise<Judge> {
  const { threads, detectionScore, quality } = vision;
  const modelsDir = vision.modelsDir ?? defaultModelsDir();
  const analyser = await FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
  const settings = JSON.stringify([analyser.models, detectionScore, quality]);
  return {
    version: createHash('sha256').update(settings).digest('hex').slice(0, 16),
    analyse: (path) => analyseOne(analyser, path),
    close: () => analyser.close(),
  };
}

/**
 * What the chain makes of each picture, in the order given. Results are appended to `cache` (JSON Lines) as they come
 * and read back from there the next time, as long as picture, networks and settings are the same.
 */
export async function analysePictures(
  judge: Judge,
  paths: readonly string[],
  cache: string | null,
  progress: (done: number, of: number) => void,
): Promise<Analysed[]> {
  const known = cache === null ? new Map<string, Line>() : readCache(cache);
  const out: Analysed[] = [];
  for (const path of paths) {
    const key = keyOf(path, judge.version);
    let line = known.get(key);
    if (line === undefined) {
      line = await judge.analyse(path);
      known.set(key, line);
      if (cache !== null) appendFileSync(cache, `${JSON.stringify({ key, ...line })}\n`);
    }
    out.push({ ...line, path, probe: unpack(line.probe), reference: unpack(line.reference) });
    progress(out.length, paths.length);
  }
  return out;
}

const CachedSchema = AnalysedSchema.extend({ key: z.string() });

/** A last line cut off by a kill, or anything else unreadable, is as if it were not there. */
function readCache(file: string): Map<string, Line> {
  const known = new Map<string, Line>();
  if (!existsSync(file)) return known;
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    try {
      const { key, ...line } = CachedSchema.parse(JSON.parse(text));
      known.set(key, line);
    } catch {
      // Analysed again.
    }
  }
  return known;
}

function keyOf(path: string, version: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return JSON.stringify([path, found?.size ?? null, found?.mtimeMs ?? null, version]);
}

async function analyseOne(analyser: FaceAnalyser, path: string): Promise<Line> {
  const nothing = { path, quality: null, mask: null, liveness: null, probe: null, reference: null };
  try {
    const picture = await readPhoto(path);
    const face = central(await analyser.find(picture), picture.width, picture.height);
    if (face === null) return { ...nothing, fault: 'no face was found' };
    const mask = await analyser.mask(picture, face);
    const landmarks = await analyser.landmarks(picture, face, mask);
    const quality = analyser.quality(picture, face, landmarks);
    const liveness = await analyser.liveness(picture, face);
    const probe = await analyser.embed(picture, landmarks, { mask });
    const reference = await analyser.embed(picture, landmarks, { mask, mirrored: true });
    return {
      path,
      fault: null,
      quality: { ...quality, failed: [...quality.failed] },
      mask: mask === null ? null : { state: mask.state, score: mask.score },
      liveness: liveness.score,
      probe: probe === null ? null : pack(probe.vector),
      reference: reference === null ? null : pack(reference.vector),
    };
  } catch (error) {
    if (error instanceof MenshenError) return { ...nothing, fault: error.message };
    throw error;
  }
}

/** Of several faces the one that the picture is taken of: large, and near the middle. */
function central(faces: readonly DetectedFace[], width: number, height: number): DetectedFace | null {
  const weight = ({ box }: DetectedFace) => {
    const off = Math.hypot(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2);
    return Math.sqrt(box.width * box.height) - off;
  };
  return faces.reduce<DetectedFace | null>(
    (best, face) => (best === null || weight(face) > weight(best) ? face : best),
    null,
  );
}

function pack(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

function unpack(text: string | null): Float32Array | null {
  return text === null ? null : new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
}
