import sharp from 'sharp';
import { expect, it } from 'vitest';
import { VisionSchema } from '../../../src/config/index.ts';
import { changePeople } from '../../../src/gate/people/client.ts';
import { temporaryFolder } from '../../gallery/helpers.ts';
import { portrait, READY } from '../../gallery/photos.ts';

it.skipIf(!READY)(
  'photos of a site become templates by the networks of the gate, or the code of what is wrong with them',
  async () => {
    const good = await portrait('ann');
    const dark = await sharp(good).linear(0.08).jpeg().toBuffer();
    const grey = await sharp({ create: { width: 200, height: 200, channels: 3, background: '#808080' } })
      .jpeg()
      .toBuffer();
    const jpegs = [good, dark, grey, Buffer.from('no picture')].map((jpeg) => jpeg.toString('base64'));
    const vision = VisionSchema.parse({});
    const { looked = [] } = await changePeople({
      dataDir: temporaryFolder(),
      task: { kind: 'look', jpegs, vision },
    });
    const [found, ...others] = looked;
    const vector = found !== undefined && 'vector' in found ? Buffer.from(found.vector, 'base64') : null;
    expect(vector?.length).toBe(2048);
    expect(others).toEqual([
      { code: expect.stringMatching(/^ENROLL_(POOR_QUALITY|NO_FACE)$/) },
      { code: 'ENROLL_NO_FACE' },
      { code: expect.stringMatching(/^PICTURE_/) },
    ]);
  },
  60_000,
);
