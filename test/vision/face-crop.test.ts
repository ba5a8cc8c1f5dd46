import { expect, it } from 'vitest';
import { FaceCrop } from '../../src/vision/face-crop.ts';
import { defaultModelsDir, entryForRole, readCatalogue } from '../../src/vision/models/index.ts';

const picture = { format: 'yuv420p', width: 400, height: 300, data: new Uint8Array() } as const;
const crop = new FaceCrop(entryForRole(await readCatalogue(defaultModelsDir()), 'liveness'));

it('shows the liveness network a square of 1.5 times the face, moved inside the picture', () => {
  expect(crop.around({ x: 150, y: 100, width: 100, height: 80 }, picture)).toEqual({
    ...{ x: 125, y: 65, width: 150, height: 150 },
  });
  expect(crop.around({ x: 10, y: 190, width: 100, height: 100 }, picture)).toEqual({
    ...{ x: 0, y: 150, width: 150, height: 150 },
  });
});

it('makes it smaller for a face that nearly fills the picture, and leaves it where the face is cut', () => {
  const near = crop.around({ x: 50, y: 0, width: 320, height: 320 }, picture);
  expect(near).toEqual({ x: 60, y: 0, width: 300, height: 300 });
  const cut = crop.around({ x: 5, y: -35, width: 370, height: 370 }, picture);
  expect(cut).toEqual({ x: -87.5, y: -127.5, width: 555, height: 555 });
  expect(crop.edge).toBe('blank');
});
