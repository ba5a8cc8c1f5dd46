import { z } from 'zod';
import { defineApi } from './definition.ts';
import {
  base64,
  boxList,
  byTheWay,
  type FaceBox,
  type FacePoint,
  fivePoints,
  share,
  success,
} from './wire.ts';

/** What the cloud says of the two central faces. */
export interface CloudComparison {
  /** Confidence that both are the same person, 0..1. */
  readonly score: number;
  readonly first: ComparedFace;
  readonly second: ComparedFace;
}

export interface ComparedFace {
  readonly box: FaceBox | null;
  readonly landmarks: readonly FacePoint[] | null;
}

const returnObj = z.object({
  Score: share,
  RectAList: boxList.optional(),
  RectBList: boxList.optional(),
  LandmarkA: fivePoints.optional(),
  LandmarkB: fivePoints.optional(),
});

/** 6.3.3 人脸比对, version v2: are the central faces of two pictures the same person? */
export const compare = defineApi({
  id: 'compare',
  section: '6.3.3',
  title: '人脸比对',
  path: '/v1/aiop/api/2f7awxekgvls/face/compare/PERSON/person/compareFromBase64',
  version: 'v2',
  action: null,
  request: z.object({ img1Base64: base64, img2Base64: base64 }),
  response: z.object({ statusCode: success, message: byTheWay, returnObj }).transform(
    ({ returnObj: found }): CloudComparison => ({
      score: found.Score,
      first: { box: found.RectAList ?? null, landmarks: found.LandmarkA ?? null },
      second: { box: found.RectBList ?? null, landmarks: found.LandmarkB ?? null },
    }),
  ),
  base64Fields: ['img1Base64', 'img2Base64'],
  base64: 'standard',
  callsPerSecond: 10,
});
