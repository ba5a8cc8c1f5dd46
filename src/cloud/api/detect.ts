import { z } from 'zod';
import { defineApi } from './definition.ts';
import {
  base64,
  boxList,
  byTheWay,
  type FaceBox,
  type FacePoint,
  fivePoints,
  MAX_FACES,
  share,
  success,
  words,
} from './wire.ts';

const angles = z.tuple([z.number(), z.number(), z.number()]);

const returnObj = z
  .object({
    DetectCount: z.number().int().min(0).max(MAX_FACES),
    DetectBoxes: z.array(boxList).max(MAX_FACES),
    DetectScores: z.array(share).max(MAX_FACES),
    DetectClses: z.array(words).max(MAX_FACES).optional(),
    LandmarkCount: z.literal(5).optional(),
    Landmarks: z.array(fivePoints).max(MAX_FACES).optional(),
    FaceAngles: z.array(angles).max(MAX_FACES).optional().describe('Only when NeedFaceAngle was true'),
  })
  .refine(
    (found) =>
      [found.DetectBoxes, found.DetectScores, found.DetectClses, found.Landmarks, found.FaceAngles].every(
        (list) => list === undefined || list.length === found.DetectCount,
      ),
    'lists of different lengths',
  );

/** A face found by the cloud. */
export interface CloudFace {
  readonly box: FaceBox;
  /** Detection score, 0..1. */
  readonly score: number;
  /** Both eyes, nose, both corners of the mouth; null when the answer has none. */
  readonly landmarks: readonly FacePoint[] | null;
  /** Degrees; null unless asked for. */
  readonly angles: { readonly pitch: number; readonly yaw: number; readonly roll: number } | null;
}

function facesOf(found: z.output<typeof returnObj>): { readonly faces: readonly CloudFace[] } {
  const faces = found.DetectBoxes.map((box, index): CloudFace => {
    const turn = found.FaceAngles?.[index];
    return {
      box,
      score: found.DetectScores[index] ?? 0,
      landmarks: found.Landmarks?.[index] ?? null,
      angles: turn === undefined ? null : { pitch: turn[0], yaw: turn[1], roll: turn[2] },
    };
  });
  return { faces };
}

/** 6.3.1 人脸检测: where faces are. */
export const detect = defineApi({
  id: 'detect',
  section: '6.3.1',
  title: '人脸检测',
  path: '/v1/aiop/api/2f6hqix09mv4/face/PERSON/person/detectFaceFromBase64',
  version: 'v3',
  action: 'DetectFace',
  request: z.object({
    Action: z.literal('DetectFace'),
    ImageData: base64,
    FaceThresh: share.optional().describe('Faces with a lower score are left out; 0.5 by default'),
    NeedFaceAngle: z.boolean().optional().describe('Asks for FaceAngles; false by default'),
  }),
  response: z
    .object({ statusCode: success, message: byTheWay, returnObj })
    .transform((body) => facesOf(body.returnObj)),
  base64Fields: ['ImageData'],
  // "AAAAAA....." decides nothing; the rule below the table says urlsafe_b64encode.
  base64: 'url',
  callsPerSecond: 10,
});
