import { z } from 'zod';
import { defineApi } from './definition.ts';
import { base64, boxObject, byTheWay, type FaceBox, figure, MAX_FACES, success, words } from './wire.ts';

/** Sex and age as the cloud's networks see them: an estimate from a picture, no fact about a person. */
export interface FaceAttributes {
  readonly box: FaceBox;
  readonly gender: 'male' | 'female' | 'unknown';
  /** Years. */
  readonly age: number;
}

const face = z
  .object({
    face_location: boxObject,
    gender: words.describe('Male or Female'),
    age: figure.pipe(z.number().min(0).max(150)),
  })
  .transform(
    (found): FaceAttributes => ({ box: found.face_location, gender: genderOf(found.gender), age: found.age }),
  );

function genderOf(word: string): FaceAttributes['gender'] {
  const lower = word.trim().toLowerCase();
  return lower === 'male' || lower === 'female' ? lower : 'unknown';
}

const returnObj = z
  .object({ face_num: z.number().int().min(0).max(MAX_FACES), face_list: z.array(face).max(MAX_FACES) })
  .refine((found) => found.face_list.length === found.face_num, 'face_num is not the length of face_list');

/** 6.3.2 人脸属性识别: sex and age of the faces in a picture. */
export const attributes = defineApi({
  id: 'attributes',
  section: '6.3.2',
  title: '人脸属性识别',
  path: '/v1/aiop/api/2f6hw5o5t7gg/face/PERSON/person/detectAgeGenderFromBase64',
  version: null,
  action: null,
  request: z.object({ imageContent: base64 }),
  response: z
    .object({ statusCode: success, message: byTheWay, returnObj })
    .transform((body): { readonly faces: readonly FaceAttributes[] } => ({
      faces: body.returnObj.face_list,
    })),
  base64Fields: ['imageContent'],
  base64: 'standard',
  callsPerSecond: 10,
});
