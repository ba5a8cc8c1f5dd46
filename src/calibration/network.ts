import { defaultModelsDir, entryForRole, readCatalogue } from '../vision/models/index.ts';
import type { ModelRef } from '../vision/types.ts';
import { type Curve, readCurve } from './curve.ts';

/**
 * The embedding network that the catalogue of a folder names (the one that comes along by default), and its curve, null when
 * it was never calibrated. Loads no network.
 * @throws MenshenError MODELS_CATALOG_INVALID
 */
export async function embeddingCurve(
  modelsDir: string | undefined,
): Promise<{ readonly model: ModelRef; readonly curve: Curve | null }> {
  const dir = modelsDir ?? defaultModelsDir();
  const { id, version, sha256 } = entryForRole(await readCatalogue(dir), 'embedding');
  return { model: { id, version }, curve: await readCurve([dir, defaultModelsDir()], sha256) };
}
