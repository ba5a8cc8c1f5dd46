import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAnalyser } from '../../scripts/support/analyser.ts';
import { type EnrolPhoto, type EnrolRequest, enrol, type Gallery } from '../../src/gallery/index.ts';
import { decodePhoto, encodeFace } from '../../src/photo/index.ts';
import type { FaceAnalyser } from '../../src/vision/index.ts';
import { CONSENT, openGallery, temporaryFolder } from './helpers.ts';
import { LIMITS, portrait, READY } from './photos.ts';

const photo = (label: string, bytes: Buffer): EnrolPhoto => ({
  label,
  read: () => decodePhoto(bytes, label),
  store: encodeFace,
});

describe.skipIf(!READY)(
  'enrolment from real photos (skipped: run set-up for the pictures and networks)',
  () => {
    let analyser: FaceAnalyser;
    beforeAll(async () => {
      analyser = await openAnalyser();
    });
    afterAll(() => analyser.close());

    const enrolPhotos = (
      gallery: Gallery,
      person: EnrolRequest['person'] | string,
      photos: EnrolPhoto[],
      allowDuplicate = false,
    ) =>
      enrol(
        gallery,
        {
          person: typeof person === 'string' ? { name: person, consent: CONSENT } : person,
          photos,
          limits: LIMITS,
          allowDuplicate,
        },
        analyser,
      );

    it('makes references that find the person again in another photo', async () => {
      const gallery = openGallery(temporaryFolder());
      const ann = await enrolPhotos(gallery, 'Ann', [photo('ann.jpg', await portrait('ann'))]);
      await enrolPhotos(gallery, 'Bea', [photo('bea.jpg', await portrait('bea'))]);
      const probe = await analyser.analyse(await decodePhoto(await portrait('annTilted'), 'x'), {
        all: true,
      });
      const embedding = probe[0]?.embedding;
      expect(embedding).toBeTruthy();
      const [best, second] = embedding ? gallery.search(embedding) : [];
      expect([best?.name, best?.personId]).toEqual(['Ann', ann.person.id]);
      expect(best?.score).toBeGreaterThan(0.6);
      expect(second?.score).toBeLessThan(0.5);
      expect(gallery.references(ann.person.id)).toMatchObject([
        { model: embedding?.model, qualityScore: ann.photos[0]?.qualityScore },
      ]);
    });

    it('keeps a picture from which the person can be enrolled again', async () => {
      const gallery = openGallery(temporaryFolder());
      const { person } = await enrolPhotos(gallery, 'Cid', [photo('cid.jpg', await portrait('cid'))]);
      const [stored] = gallery.records(person.id).pictures;
      const again = await analyser.analyse(await decodePhoto(stored?.jpeg ?? new Uint8Array(), 'stored.jpg'));
      const embedding = again[0]?.embedding;
      expect(again.length).toBe(1);
      expect(embedding ? gallery.compare(person.id, embedding) : null).toBeGreaterThan(0.95);
    });

    it('takes several photos of one person, and more for somebody enrolled', async () => {
      const gallery = openGallery(temporaryFolder());
      const upright = await portrait('annTilted', -40);
      const { person, photos } = await enrolPhotos(gallery, 'Ann', [
        photo('1', await portrait('ann')),
        photo('2', upright),
      ]);
      expect(photos.map(({ label }) => label)).toEqual(['1', '2']);
      const cloud = { ...CONSENT, cloud: true };
      const more = await enrolPhotos(gallery, { enrolled: person.id, consent: cloud }, [
        photo('3', await portrait('ann')),
      ]);
      expect([more.person.id, gallery.referenceCount(person.id), gallery.get(person.id)?.consent]).toEqual([
        person.id,
        3,
        cloud,
      ]);
    });

    it('ENROLL_NO_FACE', async () => {
      const gallery = openGallery(temporaryFolder());
      const blank = await sharp({ create: { width: 400, height: 400, channels: 3, background: '#997755' } })
        .png()
        .toBuffer();
      await expect(enrolPhotos(gallery, 'A', [photo('wall.png', blank)])).rejects.toMatchObject({
        code: 'ENROLL_NO_FACE',
        message: expect.stringContaining('wall.png'),
      });
    });

    it('ENROLL_SEVERAL_FACES, but not for somebody small in the background', async () => {
      const gallery = openGallery(temporaryFolder());
      const group = await sharp('.cache/demo/sample6.jpg').resize(1200).jpeg().toBuffer();
      await expect(enrolPhotos(gallery, 'A', [photo('group.jpg', group)])).rejects.toMatchObject({
        code: 'ENROLL_SEVERAL_FACES',
      });
      const small = await sharp(await portrait('dan'))
        .resize(100)
        .toBuffer();
      const scene = await sharp(await portrait('bea'))
        .extend({ right: 200, background: '#808080' })
        .composite([{ input: small, left: 460, top: 20 }])
        .jpeg()
        .toBuffer();
      const faces = await analyser.analyse(await decodePhoto(scene, 'scene'), { all: true });
      expect(faces.length, 'the one in the background is seen').toBe(2);
      const { person } = await enrolPhotos(gallery, 'Bea', [photo('scene.jpg', scene)]);
      const bea = await analyser.analyse(await decodePhoto(await portrait('bea'), 'bea'), { all: true });
      expect(bea[0]?.embedding && gallery.compare(person.id, bea[0].embedding)).toBeGreaterThan(0.9);
    });

    it.each([
      [
        'far away',
        /too small \(\d+ pixels.*come closer/,
        async () =>
          sharp(await portrait('cid'))
            .resize(70)
            .jpeg()
            .toBuffer(),
      ],
      ['turned', /turned to the side \(\d+\.\d degrees.*turn to the camera/, () => portrait('turnedAway')],
      ['tilted', /tilted \(\d+\.\d degrees.*upright/, () => portrait('annTilted')],
      [
        'blurred',
        /blurred \(sharpness .*hold still/,
        async () =>
          sharp(await portrait('cid'))
            .blur(12)
            .jpeg()
            .toBuffer(),
      ],
      [
        'dark',
        /too dark \(brightness .*more light/,
        async () =>
          sharp(await portrait('cid'))
            .linear(0.22, 0)
            .jpeg()
            .toBuffer(),
      ],
      [
        'so dark that only its shadows show a face',
        /too dark \(brightness 0\.0\d.*more light/,
        async () =>
          sharp(await portrait('cid'))
            .linear(1 / 14, 0)
            .jpeg()
            .toBuffer(),
      ],
      [
        'glaring',
        /too bright \(brightness .*less light/,
        async () =>
          sharp(await portrait('cid'))
            .linear(2.4, 0)
            .jpeg()
            .toBuffer(),
      ],
      [
        'pale',
        /too little contrast \(0\.\d+.*clearer light/,
        async () =>
          sharp(await portrait('cid'))
            .linear(0.35, 90)
            .jpeg()
            .toBuffer(),
      ],
    ])('ENROLL_POOR_QUALITY: %s', async (name, words, make) => {
      const gallery = openGallery(temporaryFolder());
      const refused = enrolPhotos(gallery, 'A', [photo(`${name}.jpg`, await make())]);
      await expect(refused).rejects.toMatchObject({
        code: 'ENROLL_POOR_QUALITY',
        message: expect.stringMatching(words),
      });
      await expect(refused).rejects.toThrow(`${name}.jpg: the`);
      expect(gallery.list()).toEqual([]);
    });

    it('ENROLL_POOR_QUALITY: cut off at the picture border', async () => {
      const gallery = openGallery(temporaryFolder());
      const whole = sharp(await portrait('cid'));
      const half = await whole.extract({ left: 185, top: 0, width: 201, height: 554 }).jpeg().toBuffer();
      await expect(enrolPhotos(gallery, 'A', [photo('half.jpg', half)])).rejects.toThrow(
        /cut off \(\d+ % of it/,
      );
    });

    it('ENROLL_MISMATCH when photos show different people, or somebody else than enrolled; nothing is added', async () => {
      const gallery = openGallery(temporaryFolder());
      const [ann, cid] = [await portrait('ann'), await portrait('cid')];
      await expect(
        enrolPhotos(gallery, 'A', [photo('ann.jpg', ann), photo('cid.jpg', cid)]),
      ).rejects.toMatchObject({
        code: 'ENROLL_MISMATCH',
        message: expect.stringMatching(/ann\.jpg and cid\.jpg/),
      });
      const { person } = await enrolPhotos(gallery, 'Ann', [photo('ann.jpg', ann)]);
      await expect(
        enrolPhotos(gallery, { enrolled: person.id }, [photo('cid.jpg', cid)]),
      ).rejects.toMatchObject({
        code: 'ENROLL_MISMATCH',
        message: expect.stringContaining('Ann'),
      });
      expect([gallery.list().length, gallery.counts().references]).toEqual([1, 1]);
    });

    it('ENROLL_DUPLICATE names whom and the score; twins are let in when asked for', async () => {
      const gallery = openGallery(temporaryFolder());
      const { person } = await enrolPhotos(gallery, 'Ann', [photo('ann.jpg', await portrait('ann'))]);
      const again = [photo('ann2.jpg', await portrait('annTilted', -40))];
      await expect(enrolPhotos(gallery, 'Zoe', again)).rejects.toMatchObject({
        code: 'ENROLL_DUPLICATE',
        message: expect.stringMatching(new RegExp(`Ann.*${person.id}.*score 0\\.\\d\\d`)),
      });
      expect((await enrolPhotos(gallery, 'Zoe', again, true)).person.name).toBe('Zoe');
      expect(gallery.list().length).toBe(2);
    });

    it('sees duplicates enrolled by another process meanwhile, and still tells the change', async () => {
      const dataDir = temporaryFolder();
      const [one, other] = [openGallery(dataDir), openGallery(dataDir)];
      const { person } = await enrolPhotos(one, 'Ann', [photo('ann.jpg', await portrait('ann'))]);
      await expect(
        enrolPhotos(other, 'Zoe', [photo('ann.jpg', await portrait('ann'))]),
      ).rejects.toMatchObject({ code: 'ENROLL_DUPLICATE' });
      expect(other.refresh()).toEqual({ added: [person.id], updated: [], removed: [] });
    });

    it('is all or nothing, and tells of every unfit photo at once', async () => {
      const gallery = openGallery(temporaryFolder());
      const photos = [
        photo('good.jpg', await portrait('ann')),
        photo('away.jpg', await portrait('turnedAway')),
        photo('text.jpg', Buffer.from('text')),
      ];
      await expect(enrolPhotos(gallery, 'A', photos)).rejects.toMatchObject({
        code: 'ENROLL_POOR_QUALITY',
        message: expect.stringMatching(/^(?!.*good\.jpg)[^\n]*away\.jpg.*\n.*text\.jpg/s),
      });
      expect(gallery.list()).toEqual([]);
      await expect(enrolPhotos(gallery, 'A', [])).rejects.toMatchObject({ code: 'USAGE' });
    });
  },
);
