import type { Picture } from '../../src/camera/index.ts';

/** An `rgb24` picture as a camera would deliver it: BT.601 limited range, colour at half resolution (mean of 2x2). */
export function toYuv420p(picture: Picture): Picture {
  const { width, height, data } = picture;
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const out = new Uint8Array(width * height + 2 * chromaWidth * chromaHeight);
  for (let i = 0; i < width * height; i++) {
    out[i] = Math.round(
      16 + (65.481 * data[3 * i] + 128.553 * data[3 * i + 1] + 24.966 * data[3 * i + 2]) / 255,
    );
  }
  for (let y = 0; y < chromaHeight; y++) {
    for (let x = 0; x < chromaWidth; x++) {
      const [r, g, b] = blockMean(picture, 2 * x, 2 * y);
      const at = width * height + y * chromaWidth + x;
      out[at] = Math.round(128 + (-37.797 * r - 74.203 * g + 112 * b) / 255);
      out[at + chromaWidth * chromaHeight] = Math.round(128 + (112 * r - 93.786 * g - 18.214 * b) / 255);
    }
  }
  return { format: 'yuv420p', width, height, data: out };
}

function blockMean(picture: Picture, left: number, top: number): readonly [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let y = top; y < Math.min(top + 2, picture.height); y++) {
    for (let x = left; x < Math.min(left + 2, picture.width); x++) {
      for (let c = 0; c < 3; c++) sum[c] += picture.data[3 * (y * picture.width + x) + c];
      count++;
    }
  }
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}
