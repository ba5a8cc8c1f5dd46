import type { Picture } from '../camera/types.ts';
import { ALIGNED_SIDE, ARCFACE_POINTS, fitSimilarity, invert, type Similarity } from './align.ts';
import { blockMeans, blockWindow } from './block-means.ts';
import { BLACK, type ColourConversion, PLAIN_GREY } from './colour.ts';
import { type Raster, rasters } from './raster.ts';
import { sampleSimilar } from './sample-similar.ts';
import type { FivePoints } from './types.ts';
import { workbench } from './workbench.ts';

const SIDE = ALIGNED_SIDE;
const SIZE = SIDE * SIDE;

/**
 * Samples the face turned and scaled so that its five points lie where ArcFace wants them: 112x112. The luma (of
 * `rgb24` all) of the last face is kept, for quality and embedding look at the same one in turn.
 */
export class AlignedSampler {
  #shrunk = new Uint8Array(0);
  readonly #kept = new Float32Array(3 * SIZE);
  #keptPicture: Picture | null = null;
  #keptFive: FivePoints | null = null;

  /** Fills `out` (3 x 112 x 112) with the colours of the aligned face. False when the five points span nothing. */
  colour(picture: Picture, five: FivePoints, out: Float32Array, conversion: ColourConversion): boolean {
    const toSource = alignment(five);
    if (toSource === null) return false;
    const [first, ...chroma] = rasters(picture);
    this.#sampleFirst(picture, five, first, toSource);
    chroma.forEach((plane, index) => {
      this.#sample(plane, shrinkBy(toSource, 2), index + 1, BLACK.yuv420p[index + 1]);
    });
    conversion.apply(picture.format, 0, SIZE);
    for (let plane = 0; plane < 3; plane++) out.set(workbench.plane(plane), plane * SIZE);
    return true;
  }

  /** Fills the first 112 x 112 samples of `out` with the luma (0..255) of the aligned face. */
  grey(picture: Picture, five: FivePoints, out: Float32Array): boolean {
    const toSource = alignment(five);
    if (toSource === null) return false;
    this.#sampleFirst(picture, five, rasters(picture)[0], toSource);
    PLAIN_GREY.apply(picture.format, SIZE);
    out.set(workbench.plane(0));
    return true;
  }

  /** The Y plane, or all of an `rgb24` picture. A face is known again by its picture and points being the same objects. */
  #sampleFirst(picture: Picture, five: FivePoints, raster: Raster, toSource: Similarity): void {
    workbench.begin(SIZE);
    const known = picture === this.#keptPicture && five === this.#keptFive;
    if (!known) this.#sample(raster, toSource, 0, BLACK[picture.format][0]);
    for (let plane = 0; plane < raster.channels; plane++) {
      const kept = this.#kept.subarray(plane * SIZE, (plane + 1) * SIZE);
      if (known) workbench.plane(plane).set(kept);
      else kept.set(workbench.plane(plane));
    }
    this.#keptPicture = picture;
    this.#keptFive = five;
  }

  #sample(raster: Raster, toSource: Similarity, plane: number, blank: readonly number[]): void {
    const factor = Math.floor(Math.hypot(toSource.a, toSource.b));
    if (factor < 2) {
      sampleSimilar(raster, toSource, SIDE, plane, blank);
      return;
    }
    // Interpolation alone would skip pixels: average whole blocks first, then interpolate among those.
    const toBlocks = shrinkBy(toSource, factor);
    const window = blockWindow(raster, factor, toBlocks, SIDE);
    if (window.width < 1 || window.height < 1) {
      for (let c = 0; c < raster.channels; c++) workbench.plane(plane + c).fill(blank[c]);
      return;
    }
    const bytes = window.width * window.height * raster.channels;
    if (bytes > this.#shrunk.length) this.#shrunk = new Uint8Array(bytes);
    const shrunk = blockMeans(raster, factor, window, this.#shrunk);
    const { dx, dy } = toBlocks;
    sampleSimilar(shrunk, { ...toBlocks, dx: dx - window.x, dy: dy - window.y }, SIDE, plane, blank);
  }
}

/** From positions in the aligned face to positions in the picture (0.5, 0.5 being the centre of its first pixel). */
function alignment(five: FivePoints): Similarity | null {
  const forward = fitSimilarity(five, ARCFACE_POINTS);
  return forward === null ? null : invert(forward);
}

function shrinkBy(transform: Similarity, factor: number): Similarity {
  return {
    a: transform.a / factor,
    b: transform.b / factor,
    dx: transform.dx / factor,
    dy: transform.dy / factor,
  };
}
