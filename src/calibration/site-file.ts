import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MenshenError } from '../common/index.ts';

/** What `menshen calibrate` found out about a site. */
const SiteSchema = z.strictObject({
  version: z.literal(1),
  /** Digest of the weights of the embedding network: of no use to another. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  madeAt: z.iso.datetime(),
  /** What it was found from, in words. */
  from: z.string(),
  people: z.int().min(3),
  pairs: z.int().min(3),
  /** Where the tail is believed to begin (`cautious`), and the standard error of the estimate. */
  location: z.number().min(-1).max(1),
  error: z.number().min(0),
  /** The tail as far as it was seen: rates with 30 comparisons or more beyond them (rule of 30). */
  tail: z.array(z.strictObject({ rate: z.number(), excess: z.number() })),
});
export type SiteCalibration = z.infer<typeof SiteSchema>;

const FileSchema = z.strictObject({ calibration: SiteSchema, seal: z.string() });

const FILE = 'calibration.json';

export function siteFile(dataDir: string): string {
  return join(dataDir, FILE);
}

/**
 * The site's calibration, null when there is none, or only one of other weights.
 * @throws MenshenError CALIBRATION_INVALID when it is damaged, or not sealed under this gate's key
 */
export function readSite(dataDir: string, key: Uint8Array, sha256: string): SiteCalibration | null {
  const path = siteFile(dataDir);
  if (!existsSync(path)) return null;
  const { calibration, seal } = parse(path);
  const expected = Buffer.from(sealOf(calibration, key), 'base64');
  const found = Buffer.from(seal, 'base64');
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw invalid(path, "it was altered, or sealed under another gate's key");
  }
  return calibration.sha256 === sha256 ? calibration : null;
}

/** Writes it whole or not at all, readable by the owner alone. */
export function writeSite(dataDir: string, key: Uint8Array, calibration: SiteCalibration): string {
  const path = siteFile(dataDir);
  const staged = `${path}.${randomUUID()}.tmp`;
  const text = JSON.stringify({ calibration, seal: sealOf(calibration, key) }, null, 2);
  writeFileSync(staged, `${text}\n`, { mode: 0o600, flush: true });
  renameSync(staged, path);
  return path;
}

/** Takes it away; the gallery and the model decide again. False when there was none. */
export function removeSite(dataDir: string): boolean {
  const path = siteFile(dataDir);
  if (!existsSync(path)) return false;
  rmSync(path);
  return true;
}

function parse(path: string): z.infer<typeof FileSchema> {
  try {
    return FileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw invalid(path, error instanceof z.ZodError ? z.prettifyError(error) : 'it is no JSON');
  }
}

/**
 * HMAC-SHA-256 under a key of its own, derived from the gate's: whoever can write the file cannot make up a laxer one.
 * Whoever takes it away leaves the gate to the network and the people enrolled, as `removeSite` does.
 */
function sealOf(calibration: SiteCalibration, key: Uint8Array): string {
  const own = hkdfSync('sha256', key, new Uint8Array(0), 'menshen calibration', 32);
  return createHmac('sha256', Buffer.from(own))
    .update(JSON.stringify(SiteSchema.parse(calibration)))
    .digest('base64');
}

function invalid(path: string, why: string): MenshenError {
  return new MenshenError(
    'CALIBRATION_INVALID',
    `${path} cannot be used: ${why}. Run menshen calibrate again, or menshen calibrate --remove.`,
  );
}
