import { APIS, PICTURE_LIMITS, SILENT_VERDICTS, type SuccessBody } from '../../cloud/index.ts';
import { type Answer, internalFailure, serviceFailure, success, throttled } from '../answers.ts';
import { decodeBase64, decodedLength } from './base64.ts';
import { boxObject } from './boxes.ts';
import { type BodyFault, check, type Service } from './service.ts';

/** From here on the network's figure is called a man. */
const MALE = 0.5;

/** 6.3.2 */
export const attributesService: Service = {
  api: 'attributes',
  // Its table has no code for a body that is no JSON.
  notJson: () => serviceFailure('attributes', 'AI_OP_4102'),
  serve: async (body, { pool }) => {
    const picture = pictureOf(body);
    if (!(picture instanceof Uint8Array)) {
      return serviceFailure('attributes', picture === 'missing' ? 'AI_OP_4101' : CODES[picture]);
    }
    const outcome = await pool.run('attributes', { kind: 'attributes', picture });
    if (outcome.kind === 'busy') return throttled('attributes', 'The server is busy.');
    if (outcome.kind === 'failed') return internalFailure('attributes');
    if (outcome.kind === 'refused') return serviceFailure('attributes', 'AI_OP_4104');
    const { faces } = outcome.value;
    if (faces.length === 0) return serviceFailure('attributes', 'AI_OP_4105');
    return success({
      statusCode: 0,
      message: 'success',
      returnObj: {
        face_num: faces.length,
        face_list: faces.map(({ box, male, age }) => ({
          face_location: boxObject(box),
          gender: male >= MALE ? 'Male' : 'Female',
          age: String(Math.round(age)),
        })),
      },
    } satisfies SuccessBody<'attributes'>);
  },
};

/** 6.3.4 */
export const silentLivenessService: Service = {
  api: 'silentLiveness',
  notJson: () => serviceFailure('silentLiveness', 'CTAPI_0009'),
  serve: async (body, { pool }): Promise<Answer> => {
    const picture = pictureOf(body);
    if (!(picture instanceof Uint8Array)) {
      // The example shows 4101 for a parameter of another name; the table of this service does not have it.
      return serviceFailure('silentLiveness', picture === 'missing' ? 'AI_OP_4102' : CODES[picture]);
    }
    const outcome = await pool.run('silentLiveness', { kind: 'silentLiveness', picture });
    if (outcome.kind === 'busy') return throttled('silentLiveness', 'The server is busy.');
    if (outcome.kind === 'failed') return internalFailure('silentLiveness');
    if (outcome.kind === 'refused') return serviceFailure('silentLiveness', 'AI_OP_4104');
    const { faces } = outcome.value;
    if (faces.length === 0) return serviceFailure('silentLiveness', 'AI_OP_4105');
    return success({
      statusCode: '0',
      message: 'success',
      returnObj: {
        face_num: faces.length,
        face_list: faces.map(({ box, verdict }) => ({
          face_location: boxObject(box),
          FaceAntiSpoofing: SILENT_VERDICTS[verdict],
        })),
      },
    } satisfies SuccessBody<'silentLiveness'>);
  },
};

type Trouble = 'missing' | 'type' | 'bytes' | 'undecodable';

/** The codes that both tables have. */
const CODES = { type: 'AI_OP_4102', bytes: 'AI_OP_4103', undecodable: 'AI_OP_4104' } as const;

const TROUBLE: Readonly<Record<BodyFault, Trouble>> = {
  object: 'type',
  missing: 'missing',
  type: 'type',
  empty: 'undecodable',
  value: 'type',
};

function pictureOf(body: unknown): Uint8Array | Trouble {
  const checked = check(APIS.attributes.request, body);
  if (!checked.ok) return TROUBLE[checked.fault];
  const { imageContent } = checked.body;
  if (decodedLength(imageContent) >= PICTURE_LIMITS.acceptBytes) return 'bytes';
  const picture = decodeBase64(imageContent);
  if (picture === null) return 'undecodable';
  return picture.length >= PICTURE_LIMITS.acceptBytes ? 'bytes' : picture;
}
