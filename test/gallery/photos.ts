import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { VisionSchema } from '../../src/config/index.ts';
import { enrolmentLimits } from '../../src/gallery/index.ts';
import { defaultModelsDir } from '../../src/vision/models/index.ts';

export const LIMITS = enrolmentLimits(VisionSchema.parse({}).quality);

/** The pictures of @vladmandic/face-api and the networks: set-up brings both. */
export const READY =
  existsSync('.cache/demo/sample1.jpg') && existsSync(`${defaultModelsDir()}/fr_feature.onnx`);

/** Faces of the samples: sample and face box in it. `ann` and `annTilted` are the same woman. */
export const FACES = {
  ann: [3, 1072, 209, 231, 292],
  annTilted: [1, 1461, 214, 235, 224],
  bea: [3, 586, 317, 209, 290],
  cid: [6, 1173, 302, 193, 277],
  dan: [6, 672, 320, 177, 308],
  turnedAway: [2, 359, 111, 176, 299],
} as const;

/** A portrait cut out of a sample: the face with half its size around it; JPEG. */
export function portrait(who: keyof typeof FACES, roll = 0): Promise<Buffer> {
  const [sample, x, y, width, height] = FACES[who];
  return sharp(readFileSync(`.cache/demo/sample${sample}.jpg`))
    .extract({
      left: Math.max(0, Math.round(x - width * 0.5)),
      top: Math.max(0, Math.round(y - height * 0.5)),
      width: width * 2,
      height: height * 2,
    })
    .rotate(roll, { background: '#808080' })
    .jpeg({ quality: 95 })
    .toBuffer();
}
