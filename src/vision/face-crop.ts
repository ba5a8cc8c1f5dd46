import type { Picture } from '../camera/types.ts';
import { MenshenError } from '../common/index.ts';
import type { ModelEntry } from './models/index.ts';
import type { Edge } from './taps.ts';
import type { Box } from './types.ts';

/** Sides of the picture, beyond which a face box counts as cut by it; living people near the camera were found to reach 1.18. */
const CUT = 1.2;

/** The part of the picture a network looks at for a face, by the `face-box` rule of its catalogue entry. */
export class FaceCrop {
  /** What the network sees where the crop reaches beyond the picture. */
  readonly edge: Edge;
  readonly #factor: number;
  readonly #square: boolean;
  readonly #border: 'zero' | 'repeat' | 'clip' | 'shift' | 'inside';

  /** Throws MODEL_UNSUPPORTED when the entry has another rule. */
  constructor(entry: ModelEntry) {
    const { crop } = entry.input;
    if (crop.rule !== 'face-box') {
      throw new MenshenError(
        'MODEL_UNSUPPORTED',
        `The ${entry.role} network ${entry.id} has the crop rule "${crop.rule}" in catalog.json; its role needs "face-box".`,
      );
    }
    this.edge = crop.border === 'zero' || crop.border === 'inside' ? 'blank' : 'repeat';
    this.#factor = crop.factor;
    this.#square = crop.square;
    this.#border = crop.border;
  }

  around(box: Box, picture: Picture): Box {
    const longer = Math.max(box.width, box.height);
    const width = (this.#square ? longer : box.width) * this.#factor;
    const height = (this.#square ? longer : box.height) * this.#factor;
    const crop = { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
    if (this.#border === 'clip') return clipped(crop, picture);
    const whole = longer <= CUT * Math.min(picture.width, picture.height);
    return this.#border === 'shift' || (this.#border === 'inside' && whole) ? shifted(crop, picture) : crop;
  }
}

/** Cut down to what lies inside the picture; one pixel at least. */
function clipped(box: Box, picture: Picture): Box {
  const x = Math.min(Math.max(box.x, 0), picture.width - 1);
  const y = Math.min(Math.max(box.y, 0), picture.height - 1);
  return {
    x,
    y,
    width: Math.max(1, Math.min(box.x + box.width, picture.width) - x),
    height: Math.max(1, Math.min(box.y + box.height, picture.height) - y),
  };
}

/** Moved inside the picture, and made smaller in the same shape where it is larger than that. */
function shifted(box: Box, picture: Picture): Box {
  const scale = Math.min(1, picture.width / box.width, picture.height / box.height);
  const width = box.width * scale;
  const height = box.height * scale;
  const x = box.x + (box.width - width) / 2;
  const y = box.y + (box.height - height) / 2;
  return {
    x: Math.min(Math.max(x, 0), picture.width - width),
    y: Math.min(Math.max(y, 0), picture.height - height),
    width,
    height,
  };
}
