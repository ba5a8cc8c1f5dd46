import sharp from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import { type Detector, letterbox, widened } from '../../src/vision/detect.ts';
import type { Box, DetectedFace } from '../../src/vision/index.ts';

/** A way to look at a picture. */
export type Look = (detector: Detector, picture: Picture, minScore: number) => Promise<DetectedFace[]>;

/** What a camera's frame gets, and what a second look could be where that finds nothing. */
export const LOOKS = {
  whole: (detector, picture, minScore) => detector.detect(picture, wholeOf(detector, picture), minScore),
  'weaker (score 0.5)': (detector, picture) => detector.detect(picture, wholeOf(detector, picture), 0.5),
  'padded, 1.5 times wider': async (detector, picture, minScore) => {
    const whole = wholeOf(detector, picture);
    await detector.detect(picture, whole, minScore);
    return detector.detectWider(whole, minScore);
  },
  'padded, 3 times wider': (detector, picture, minScore) =>
    detector.detect(picture, widened(wholeOf(detector, picture), 3), minScore),
  'four tiles': async (detector, picture, minScore) => {
    const found: DetectedFace[] = [];
    const [width, height] = [picture.width * 0.6, picture.height * 0.6];
    for (const x of [0, picture.width - width])
      for (const y of [0, picture.height - height])
        found.push(...(await detector.detect(picture, { x, y, width, height }, minScore)));
    return found;
  },
  brightened: (detector, picture, minScore) =>
    detector.detect(brightened(picture), wholeOf(detector, picture), minScore),
  'turned by 30 degrees, both ways': async (detector, picture, minScore) => {
    const found: DetectedFace[] = [];
    for (const degrees of [-30, 30]) {
      const turned = await rotated(picture, degrees);
      found.push(...(await detector.detect(turned, wholeOf(detector, turned), minScore)));
    }
    return found;
  },
} as const satisfies Record<string, Look>;
export type LookName = keyof typeof LOOKS;

function wholeOf(detector: Detector, picture: Picture): Box {
  return letterbox(picture, detector.network.width, detector.network.height);
}

/** The middle half of the picture brought to a mean of 110, the shadows first (gamma). */
function brightened(picture: Picture): Picture {
  const { width, height, data } = picture;
  let sum = 0;
  let count = 0;
  for (let y = height >> 2; y < height - (height >> 2); y += 4)
    for (let x = width >> 2; x < width - (width >> 2); x += 4) {
      sum += data[3 * (y * width + x) + 1];
      count++;
    }
  const mean = Math.max(2, sum / Math.max(1, count));
  const gamma = Math.min(1, Math.log(110 / 255) / Math.log(mean / 255));
  const table = Uint8Array.from({ length: 256 }, (_, value) => Math.round(255 * (value / 255) ** gamma));
  return { ...picture, data: data.map((value) => table[value]) };
}

async function rotated({ data, width, height }: Picture, degrees: number): Promise<Picture> {
  const { data: turned, info } = await sharp(data, { raw: { width, height, channels: 3 } })
    .rotate(degrees, { background: { r: 128, g: 128, b: 128 } })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', width: info.width, height: info.height, data: turned };
}
