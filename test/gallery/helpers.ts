import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createLogger, mulberry32 } from '../../src/common/index.ts';
import { type Consent, Gallery, type NewReference } from '../../src/gallery/index.ts';
import type { ModelRef } from '../../src/vision/types.ts';

export const MODEL: ModelRef = { id: 'embedding', version: '1' };
export const CONSENT: Consent = { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: 'v1' };
export const log = createLogger('test', 'silent');

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-gallery-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function openGallery(dataDir: string, key?: string): Gallery {
  const gallery = Gallery.open({ dataDir, key, log });
  onTestFinished(() => gallery.close());
  return gallery;
}

/** Deterministic numbers in -1..1. */
export function numbers(seed: number): () => number {
  const next = mulberry32(seed);
  return () => 2 * next() - 1;
}

export function unit(seed: number, size = 512): Float32Array {
  const next = numbers(seed);
  return normalise(Float32Array.from({ length: size }, next));
}

export function normalise(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / norm);
}

/** A unit vector whose cosine with `vector` (of norm 1) is `score`. */
export function near(vector: Float32Array, score: number, seed: number): Float32Array {
  const other = unit(seed, vector.length);
  const along = other.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
  const across = normalise(other.map((value, index) => value - along * (vector[index] ?? 0)));
  const side = Math.sqrt(1 - score * score);
  return across.map((value, index) => side * value + score * (vector[index] ?? 0));
}

export function reference(
  vector: Float32Array,
  options: { model?: ModelRef; picture?: Uint8Array } = {},
): NewReference {
  return {
    embedding: { vector, model: options.model ?? MODEL },
    qualityScore: 0.8,
    picture: options.picture ?? null,
  };
}

/** All bytes of the gallery's files: database, write-ahead log, shared memory. */
export function filesOf(dataDir: string): Buffer {
  const names = readdirSync(dataDir).filter((name) => name.startsWith('gallery.sqlite'));
  return Buffer.concat(names.map((name) => readFileSync(join(dataDir, name))));
}
