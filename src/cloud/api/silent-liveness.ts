import { z } from 'zod';
import { defineApi } from './definition.ts';
import { base64, boxObject, byTheWay, type FaceBox, MAX_FACES, success, words } from './wire.ts';

export type SilentVerdict = 'live' | 'attack' | 'unclear';

/** The three verdicts in the manual's words; the third is written in two ways there. */
export const SILENT_VERDICTS = {
  live: '活体人脸',
  attack: '非活体人脸',
  unclear: '人脸清晰度较差, 无法判断',
} as const satisfies Record<SilentVerdict, string>;

/** Any other text is no answer: nobody is let in on words that are not understood. */
const verdict = words.transform((text, context): SilentVerdict => {
  const said = text.trim();
  if (said === SILENT_VERDICTS.live) return 'live';
  if (said === SILENT_VERDICTS.attack) return 'attack';
  if (/^人脸清晰度较?差[,，]\s*无法判断$/.test(said)) return 'unclear';
  context.addIssue({ code: 'custom', message: 'is none of the three verdicts' });
  return z.NEVER;
});

export interface SilentFace {
  readonly box: FaceBox;
  readonly verdict: SilentVerdict;
}

const face = z
  .object({ face_location: boxObject, FaceAntiSpoofing: verdict })
  .transform((found): SilentFace => ({ box: found.face_location, verdict: found.FaceAntiSpoofing }));

const returnObj = z
  .object({ face_num: z.number().int().min(0).max(MAX_FACES), face_list: z.array(face).max(MAX_FACES) })
  .refine((found) => found.face_list.length === found.face_num, 'face_num is not the length of face_list');

/** 6.3.4 人脸活体检测: is the face before the camera a living one, judged from one picture? */
export const silentLiveness = defineApi({
  id: 'silentLiveness',
  section: '6.3.4',
  title: '人脸活体检测',
  path: '/v1/aiop/api/2hfksnibjaos/face-fas-action/person/detectFasFromBase64',
  version: null,
  action: null,
  request: z.object({ imageContent: base64 }),
  response: z
    .object({ statusCode: success, message: byTheWay, returnObj })
    .transform((body): { readonly faces: readonly SilentFace[] } => ({ faces: body.returnObj.face_list })),
  base64Fields: ['imageContent'],
  base64: 'standard',
  callsPerSecond: 10,
});
