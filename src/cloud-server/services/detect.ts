import { APIS, PICTURE_LIMITS, type ServiceCode, type SuccessBody } from '../../cloud/index.ts';
import { type Answer, internalFailure, serviceFailure, success, throttled } from '../answers.ts';
import type { Refusal } from '../inference/tasks.ts';
import { decodeBase64, decodedLength } from './base64.ts';
import { boxList, pointList, rounded } from './boxes.ts';
import { type BodyFault, check, type Service, type Tools } from './service.ts';

const fail = (code: ServiceCode<'detect'>, row = 0): Answer => serviceFailure('detect', code, row);

const REFUSED: Readonly<Partial<Record<Refusal, ServiceCode<'detect'>>>> = {
  FORMAT: 'AI_OP_400012',
  UNREADABLE: 'AI_OP_410001',
  SIDES: 'AI_OP_410002',
};

/** 6.3.1 */
export const detectService: Service = {
  api: 'detect',
  notJson: () => fail('CTAPI_0009'),
  serve: async (body, { pool }: Tools) => {
    const checked = check(APIS.detect.request, body);
    if (!checked.ok) return faulty(checked.fault, checked.field);
    const { ImageData, FaceThresh, NeedFaceAngle } = checked.body;
    if (decodedLength(ImageData) >= PICTURE_LIMITS.acceptBytes) return fail('AI_OP_400013');
    const picture = decodeBase64(ImageData);
    if (picture === null) return fail('AI_OP_400011');
    if (picture.length >= PICTURE_LIMITS.acceptBytes) return fail('AI_OP_400013');
    const outcome = await pool.run('detect', {
      kind: 'detect',
      picture,
      minScore: FaceThresh ?? 0.5,
      angles: NeedFaceAngle ?? false,
    });
    if (outcome.kind === 'busy') return throttled('detect', 'The server is busy.');
    if (outcome.kind === 'failed') return internalFailure('detect');
    if (outcome.kind === 'refused') return fail(REFUSED[outcome.refused.refusal] ?? 'AI_OP_410001');
    const { faces } = outcome.value;
    const angles = faces.flatMap((face) => (face.angles === null ? [] : [face.angles]));
    return success({
      statusCode: 0,
      message: 'success',
      returnObj: {
        DetectCount: faces.length,
        DetectBoxes: faces.map(({ box }) => boxList(box)),
        DetectScores: faces.map(({ score }) => rounded(score, 4)),
        DetectClses: faces.map(() => 'face'),
        LandmarkCount: 5,
        Landmarks: faces.map(({ landmarks }) => pointList(landmarks)),
        ...(NeedFaceAngle === true && {
          FaceAngles: angles.map(({ pitch, yaw, roll }): [number, number, number] => [
            rounded(pitch, 2),
            rounded(yaw, 2),
            rounded(roll, 2),
          ]),
        }),
      },
    } satisfies SuccessBody<'detect'>);
  },
};

function faulty(fault: BodyFault, field: string): Answer {
  switch (fault) {
    case 'object':
      return fail('AI_OP_400005');
    case 'missing':
      return fail('AI_OP_400006');
    case 'empty':
      return fail('AI_OP_400009');
    case 'type':
      return fail('AI_OP_400008', field === 'FaceThresh' ? 1 : field === 'NeedFaceAngle' ? 2 : 0);
    case 'value':
      return fail('AI_OP_400010', field === 'FaceThresh' ? 1 : 0);
  }
}
