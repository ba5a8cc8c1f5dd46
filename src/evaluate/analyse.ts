import { createHash } from 'node:crypto';
import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { MenshenError } from '../common/index.ts';
import type { VisionConfig } from '../config/index.ts';
import { decodePhoto, readPhotoBytes } from '../photo/index.ts';
import { type DetectedFace, FaceAnalyser } from '../vision/index.ts';
import { defaultModelsDir, readCatalogue } from '../vision/models/index.ts';
import { appendLine, type Line, readLines } from './cache.ts';

/** What the chain made of a picture. */
export interface Analysed extends Omit<Line, 'probe' | 'reference'> {
  readonly path: string;
  readonly probe: Float32Array | null;
  readonly reference: Float32Array | null;
}

export interface Judge {
  /** Names the networks and settings: what was made by others is made anew. */
  readonly version: string;
  /** Id and version of each network in use. */
  readonly models: FaceAnalyser['models'];
  analyse(path: string): Promise<Line>;
  close(): Promise<void>;
}

/** Opens the networks of the configuration. Throws MODEL_... */
export async function openJudge(vision: VisionConfig): Promise<Judge> {
  const { threads, detectionScore, quality } = vision;
  const modelsDir = vision.modelsDir ?? defaultModelsDir();
  const analyser = await FaceAnalyser.open({ modelsDir, threads, detectionScore, quality });
  const weights = (await readCatalogue(modelsDir)).models.map(({ id, sha256 }) => [id, sha256]);
  const settings = JSON.stringify([analyser.models, weights, detectionScore, quality]);
  return {
    version: createHash('sha256').update(settings).digest('hex').slice(0, 16),
    models: analyser.models,
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
  const keys = paths.map((path) => keyOf(path, judge.version));
  const known = cache === null ? new Map<string, Line>() : await readLines(cache, new Set(keys));
  const out: Analysed[] = [];
  for (const [index, path] of paths.entries()) {
    const key = keys[index] ?? '';
    let line = known.get(key);
    if (line === undefined) {
      line = await judge.analyse(path);
      if (cache !== null) appendLine(cache, key, line);
    }
    // What was unpacked is not kept twice.
    known.delete(key);
    out.push({ ...line, path, probe: unpack(line.probe), reference: unpack(line.reference) });
    progress(out.length, paths.length);
  }
  return out;
}

function keyOf(path: string, version: string): string {
  const found = statsOf(path);
  return JSON.stringify([resolve(path), found?.size ?? null, found?.mtimeMs ?? null, version]);
}

/** Undefined where the file is gone or nobody's to see, of which its reading tells. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

async function analyseOne(analyser: FaceAnalyser, path: string): Promise<Line> {
  const nothing = { quality: null, mask: null, liveness: null, probe: null, reference: null, faces: 0 };
  let digest: string | null = null;
  try {
    const bytes = await readPhotoBytes(path);
    digest = createHash('sha256').update(bytes).digest('hex');
    const picture = await decodePhoto(bytes, path, { anyName: true, shrink: true });
    const faces = await analyser.find(picture);
    const face = central(faces, picture.width, picture.height);
    if (face === null) return { ...nothing, digest, unreadable: false, fault: 'no face was found' };
    const mask = await analyser.mask(picture, face);
    const landmarks = await analyser.landmarks(picture, face, mask);
    const quality = analyser.quality(picture, face, landmarks);
    const liveness = await analyser.liveness(picture, face);
    const probe = await analyser.embed(picture, landmarks, { mask });
    const reference = await analyser.embed(picture, landmarks, { mask, mirrored: true });
    return {
      fault: probe === null ? 'its points lie on one another' : null,
      unreadable: false,
      digest,
      faces: faces.length,
      quality: { ...quality, failed: [...quality.failed] },
      mask: mask === null ? null : { state: mask.state, score: mask.score },
      liveness: liveness.score,
      probe: probe === null ? null : pack(probe.vector),
      reference: reference === null ? null : pack(reference.vector),
    };
  } catch (error) {
    if (!(error instanceof MenshenError)) throw error;
    return { ...nothing, digest, unreadable: true, fault: error.message };
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
