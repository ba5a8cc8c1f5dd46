import { APIS, PICTURE_LIMITS, type ServiceCode, type SuccessBody } from '../../cloud/index.ts';
import { type Answer, internalFailure, serviceFailure, success, throttled } from '../answers.ts';
import { decodeBase64, decodedLength } from './base64.ts';
import { boxList, pointList, rounded } from './boxes.ts';
import { type BodyFault, check, type Service } from './service.ts';

const fail = (code: ServiceCode<'compare'>, row = 0): Answer => serviceFailure('compare', code, row);

const FAULTS: Readonly<Record<BodyFault, ServiceCode<'compare'>>> = {
  object: 'AI_OP_400005',
  missing: 'AI_OP_400006',
  type: 'AI_OP_400008',
  empty: 'AI_OP_400009',
  value: 'AI_OP_400008',
};

/**
 * 6.3.3, version v2. Its table has no code for a picture without a face: the score is 0 then, and place and landmarks
 * of that picture are left out.
 */
export const compareService: Service = {
  api: 'compare',
  notJson: () => fail('CTAPI_0009'),
  serve: async (body, { pool }) => {
    const checked = check(APIS.compare.request, body);
    if (!checked.ok) return fail(FAULTS[checked.fault]);
    const { img1Base64, img2Base64 } = checked.body;
    const texts = [img1Base64, img2Base64];
    for (const [which, text] of texts.entries()) {
      if (decodedLength(text) >= PICTURE_LIMITS.acceptBytes) return fail('AI_OP_400013', which);
    }
    const [first, second] = texts.map(decodeBase64);
    if (first === null || second === null) return fail('AI_OP_400011');
    if (first.length >= PICTURE_LIMITS.acceptBytes) return fail('AI_OP_400013', 0);
    if (second.length >= PICTURE_LIMITS.acceptBytes) return fail('AI_OP_400013', 1);
    const outcome = await pool.run('compare', { kind: 'compare', first, second });
    if (outcome.kind === 'busy') return throttled('compare', 'The server is busy.');
    if (outcome.kind === 'failed') return internalFailure('compare');
    if (outcome.kind === 'refused') {
      const { refusal, picture } = outcome.refused;
      // There is no code for sides in this table.
      return refusal === 'FORMAT' ? fail('AI_OP_400012') : fail('AI_OP_410001', picture);
    }
    const { score, first: a, second: b } = outcome.value;
    return success({
      statusCode: 0,
      message: 'success',
      returnObj: {
        Score: rounded(score, 4),
        ...(a !== null && { RectAList: boxList(a.box), LandmarkA: pointList(a.landmarks) }),
        ...(b !== null && { RectBList: boxList(b.box), LandmarkB: pointList(b.landmarks) }),
      },
    } satisfies SuccessBody<'compare'>);
  },
};
