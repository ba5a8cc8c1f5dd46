import { VisionSchema } from '../../src/config/index.ts';
import { type AnalyserOptions, FaceAnalyser } from '../../src/vision/index.ts';
import { defaultModelsDir } from '../../src/vision/models/index.ts';

/** The chain of a gate that is left as it comes, but for what is named. @throws MenshenError MODEL_... */
export function openAnalyser(options: Partial<AnalyserOptions> = {}): Promise<FaceAnalyser> {
  const { threads, detectionScore, quality } = VisionSchema.parse({});
  return FaceAnalyser.open({ modelsDir: defaultModelsDir(), threads, detectionScore, quality, ...options });
}
