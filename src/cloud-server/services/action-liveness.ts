import { APIS, CLIP_LIMITS, type ServiceCode, type SuccessBody } from '../../cloud/index.ts';
import { type Answer, internalFailure, serviceFailure, success, throttled } from '../answers.ts';
import type { Refusal } from '../inference/tasks.ts';
import { decodeBase64 } from './base64.ts';
import { type BodyFault, check, type Service } from './service.ts';

const fail = (code: ServiceCode<'actionLiveness'>, row = 0): Answer =>
  serviceFailure('actionLiveness', code, row);

const REFUSED: Readonly<Partial<Record<Refusal, ServiceCode<'actionLiveness'>>>> = {
  CONTAINER: 'AI_OP_400015',
  SECONDS: 'AI_OP_400011',
  RATE: 'AI_OP_400013',
  DAMAGED: 'AI_OP_400016',
  NO_FACE: 'AI_OP_400018',
  DARK: 'AI_OP_400019',
  BRIGHT: 'AI_OP_400020',
  BLURRED: 'AI_OP_400021',
};

/** 6.3.6. All five actions are told, whichever was asked for, as the manual's example has it. */
export const actionLivenessService: Service = {
  api: 'actionLiveness',
  notJson: () => fail('CTAPI_0009'),
  serve: async (body, { pool }) => {
    const checked = check(APIS.actionLiveness.request, body);
    if (!checked.ok) return faulty(checked.fault, checked.field);
    const { VideoBase64 } = checked.body;
    if (VideoBase64.length > CLIP_LIMITS.acceptEncodedBytes) return fail('AI_OP_400012');
    const clip = decodeBase64(VideoBase64);
    if (clip === null) return fail('AI_OP_400017');
    if (clip.length > CLIP_LIMITS.acceptBytes) return fail('AI_OP_400012');
    const outcome = await pool.run('actionLiveness', { kind: 'actionLiveness', clip });
    if (outcome.kind === 'busy') return throttled('actionLiveness', 'The server is busy.');
    if (outcome.kind === 'failed') return internalFailure('actionLiveness');
    if (outcome.kind === 'refused') return fail(REFUSED[outcome.refused.refusal] ?? 'AI_OP_400016');
    const { seen, live } = outcome.value;
    return success({
      statusCode: 0,
      message: 'success',
      returnObj: {
        eye: said(seen.blink),
        face_left: said(seen.turnLeft),
        face_right: said(seen.turnRight),
        face_updown: said(seen.nod),
        mouth: said(seen.openMouth),
        valid: said(live),
      },
    } satisfies SuccessBody<'actionLiveness'>);
  },
};

const said = (value: boolean): 'True' | 'False' => (value ? 'True' : 'False');

const FIELDS = ['Action', 'VideoBase64', 'ActionType'];

function faulty(fault: BodyFault, field: string): Answer {
  switch (fault) {
    case 'object':
      return fail('AI_OP_400005');
    case 'missing':
      return fail('AI_OP_400006');
    case 'empty':
      return fail('AI_OP_400009');
    case 'type':
      return fail('AI_OP_400008', Math.max(0, FIELDS.indexOf(field)));
    case 'value':
      return fail('AI_OP_400010');
  }
}
