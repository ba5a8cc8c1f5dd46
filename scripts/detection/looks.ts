import sharp from 'sharp';
import type { Picture } from '../../src/camera/index.ts';
import type { Detector } from '../../src/vision/detect.ts';
import type { Box, DetectedFace } from '../../src/vision/index.ts';
import { type SecondWay, waysFor } from '../../src/vision/second-look.ts';
import { widened } from '../../src/vision/view-window.ts';

/** A way to look at a picture. */
export type Look = (detector: Detector, picture: Picture, minScore: number) => Promise<DetectedFace[]>;

/** What a camera's frame gets, and what a second look could be where that finds nothing. */
export const LOOKS = {
  whole: (detector, picture, minScore) => detector.detect(picture, wholeOf(picture), minScore),
  'weaker (score 0.5)': (detector, picture) => detector.detect(picture, wholeOf(picture), 0.5),
  'padded, 1.5 times wider': again('wider'),
  'padded, 3 times wider': (detector, picture, minScore) =>
    detector.detect(picture, widened(wholeOf(picture), 3), minScore),
  'four tiles': async (detector, picture, minScore) => {
    const found: DetectedFace[] = [];
    const [width, height] = [picture.width * 0.6, picture.height * 0.6];
    for (const x of [0, picture.width - width])
      for (const y of [0, picture.height - height])
        found.push(...(await detector.detect(picture, { x, y, width, height }, minScore)));
    return found;
  },
  'shadows raised': again('raised'),
  'shadows raised and smoothed': again('smoothed'),
  'all that a frame gets in turn': async (detector, picture, minScore) => {
    const found = await detector.detect(picture, wholeOf(picture), minScore);
    for (const way of waysFor(detector.shadows(picture).part))
      found.push(...(await again(way)(detector, picture, minScore)));
    return found;
  },
  'turned by 30 degrees, both ways': async (detector, picture, minScore) => {
    const found: DetectedFace[] = [];
    for (const degrees of [-30, 30]) {
      const turned = await rotated(picture, degrees);
      found.push(...(await detector.detect(turned, wholeOf(turned), minScore)));
    }
    return found;
  },
} as const satisfies Record<string, Look>;
export type LookName = keyof typeof LOOKS;

function wholeOf({ width, height }: Picture): Box {
  return { x: 0, y: 0, width, height };
}

/** The second look that a frame gets now and then. */
function again(way: SecondWay): Look {
  return async (detector, picture, minScore) => {
    await detector.detect(picture, wholeOf(picture), minScore);
    return detector.detectAgain(way, detector.shadows(picture).gain, minScore);
  };
}

async function rotated({ data, width, height }: Picture, degrees: number): Promise<Picture> {
  const { data: turned, info } = await sharp(data, { raw: { width, height, channels: 3 } })
    .rotate(degrees, { background: { r: 128, g: 128, b: 128 } })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { format: 'rgb24', width: info.width, height: info.height, data: turned };
}
