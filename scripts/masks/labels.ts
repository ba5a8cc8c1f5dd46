import type { MaskState } from '../../src/vision/index.ts';

/**
 * Pictures of masks/web from number 300 on that show something else than the name of their folder says, with what they show,
 * as seen by eye. All masked ones were looked through; where the tip of the nose lies on the edge of the mask the folder is
 * believed.
 */
const SEEN: readonly { folder: string; numbers: readonly number[]; state: MaskState; why: string }[] = [
  {
    folder: 'mask',
    numbers: [305, 353, 374, 406, 409, 410, 413, 417, 420, 421, 434, 435, 449, 458, 472, 473, 496, 579],
    state: 'incorrect',
    why: 'the mask ends below the nose',
  },
  { folder: 'mask', numbers: [529], state: 'incorrect', why: 'the mask is on the chin' },
  { folder: 'bare', numbers: [665, 666], state: 'worn', why: 'a mask, held by a hand' },
];

/** The state of a picture of masks/web that shows another one than its folder says, by its path; else undefined. */
export function seenState(path: string): MaskState | undefined {
  return SEEN.find(({ folder, numbers }) =>
    numbers.some((number) => path.endsWith(`masks/web/${folder}/${String(number).padStart(4, '0')}.jpg`)),
  )?.state;
}
