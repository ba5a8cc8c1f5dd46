import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_DIR, MEMBERS, type Region, SCENES, type Scene } from '../../scripts/demo/cast.ts';
import { cut } from '../../scripts/demo/stage.ts';
import { withMask } from '../../scripts/masks/draw.ts';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { PublicDecisionRecordSchema } from '../../src/access/index.ts';
import type { JournalEvent } from '../../src/journal/index.ts';
import { decodePhoto } from '../../src/photo/index.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';
import { House } from '../e2e/house.ts';

const [, STRANGER, , WEN] = SCENES;

let house: House;
let analyser: FaceAnalyser;

beforeAll(async () => {
  analyser = await openAnalyser();
  const scenes = [await masked(WEN), await masked(STRANGER)];
  house = await House.build('', {
    film: { name: 'masked', scenes },
    member: MEMBERS[1],
    maskWanted: true,
  });
}, 240_000);

afterAll(async () => {
  await analyser.close();
  await house.tearDown();
});

/** The scene with a mask drawn over the face, of a cut and fabric that no network was trained on. */
async function masked(scene: Scene): Promise<Scene> {
  const picture = await decodePhoto(await cut(scene.look), 'cut.png');
  const [face] = await analyser.find(picture);
  const drawn = await withMask(picture, await analyser.landmarks(picture, face), 'surgical');
  const { width, height, data } = drawn;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  // Films are made anew when their scenes change: the name stands for what is drawn.
  const photo = `masked-${createHash('sha256').update(png).digest('hex').slice(0, 12)}.png`;
  writeFileSync(join(DEMO_DIR, photo), png);
  const look: Region = { photo, left: 0, top: 0, width, height };
  return { ...scene, look };
}

const recordOf = ({ data }: JournalEvent) => PublicDecisionRecordSchema.parse(data);

it('lets in who was enrolled bare and comes with the mask that the door wants, and no masked stranger', async () => {
  await house.startDaemon();
  const of = (type: JournalEvent['type']) =>
    house.events.filter((event) => event.type === type).map(recordOf);
  const granted = await house.until(() => of('access.granted')[0], 60_000, 'a grant');
  expect(granted).toMatchObject({
    reason: 'GRANTED_FACE',
    person: { name: 'Wen' },
    mask: { state: 'worn' },
  });
  const denied = await house.until(
    () => of('access.denied').find(({ reason }) => reason === 'UNKNOWN_PERSON'),
    60_000,
    'a denial of the stranger',
  );
  expect(denied).toMatchObject({ person: null, mask: { state: 'worn' } });
  expect(new Set(of('access.granted').map(({ person }) => person?.name))).toEqual(new Set(['Wen']));
}, 150_000);
