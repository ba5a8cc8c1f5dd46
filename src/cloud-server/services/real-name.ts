import { randomUUID } from 'node:crypto';
import {
  APIS,
  type IdentityByte,
  normaliseIdNumber,
  normaliseName,
  PORTRAIT_LIMITS,
  type PortraitByte,
  type SuccessBody,
} from '../../cloud/index.ts';
import {
  type Answer,
  internalFailure,
  realNameFailure,
  serviceFailure,
  success,
  throttled,
} from '../answers.ts';
import { decodeBase64 } from './base64.ts';
import { check, type Service, type Tools } from './service.ts';

/** Scores of the compare curve. At `same` 1.8 impostors of 10,000 pass on LFW; `perhaps` is where 10 do. */
const SAME = 0.8;
const PERHAPS = 0.5;
/** Bytes of a portrait at most: "10~40KB". */
const MAX_BYTES = 40 * 1024;

/** 6.3.5, against the local register. Name and ID number are hashed at once and stand in no answer. */
export const realNameService: Service = {
  api: 'realName',
  notJson: () => badParameter('请求体不是有效的JSON'),
  serve: async (body, tools) => {
    const checked = check(APIS.realName.request, body);
    if (!checked.ok)
      return badParameter(checked.field === '' ? '请求体需为字典' : `${checked.field}字段错误`);
    const { portrait: text, idNum, fullName } = checked.body;
    const identity = identityOf(idNum, fullName, tools.now());
    if (identity === null) return badParameter('不是有效的身份号码或姓名');
    if (text.length > (MAX_BYTES * 4) / 3 + 4) return badParameter('portrait字段过长');
    const portrait = decodeBase64(text);
    if (portrait === null) return badParameter('portrait字段需为图片转换的base64字符串');
    const finding = tools.register.find(identity.name, identity.idNumber, tools.curve.model);
    if (!finding.known) return refused('AI_OP_4109', '5', 'X');
    if (portrait.length < PORTRAIT_LIMITS.acceptMinBytes) return refused('AI_OP_4101', '0', 'J');
    if (finding.face === null) return refused('AI_OP_4101', '0', 'D');
    return compared(portrait, finding.face, tools);
  },
};

async function compared(
  portrait: Uint8Array,
  reference: Float32Array,
  { pool, curve }: Tools,
): Promise<Answer> {
  const outcome = await pool.run('portrait', { kind: 'portrait', picture: portrait, jpegOnly: true });
  if (outcome.kind === 'busy') return throttled('realName', '');
  if (outcome.kind === 'failed') return internalFailure('realName');
  if (outcome.kind === 'refused') {
    return refused('AI_OP_4101', '0', outcome.refused.refusal === 'FORMAT' ? 'E' : 'F');
  }
  const { face } = outcome.value;
  if (face === null) return refused('AI_OP_4101', '0', 'F');
  if (!face.good) return refused('AI_OP_4101', '0', 'G');
  const score = curve.score(face.vector, reference);
  if (score < SAME) return refused('AI_OP_4101', '0', score < PERHAPS ? '1' : '2');
  return success({
    statusCode: 0,
    retMessage: '成功',
    ...record('0', '0'),
  } satisfies SuccessBody<'realName'>);
}

/** In normal form; null when either is none. The X of an ID number must come as a capital. */
function identityOf(idNum: string, fullName: string, now: Date): { name: string; idNumber: string } | null {
  try {
    const idNumber = normaliseIdNumber(idNum, now);
    return idNumber === idNum ? { idNumber, name: normaliseName(fullName) } : null;
  } catch {
    return null;
  }
}

function badParameter(message: string): Answer {
  return realNameFailure('AI_OP_4002', message);
}

function refused(code: 'AI_OP_4101' | 'AI_OP_4109', identity: IdentityByte, portrait: PortraitByte): Answer {
  const { body } = serviceFailure('realName', code);
  return realNameFailure(code, String(body.retMessage), record(identity, portrait));
}

function record(identity: IdentityByte, portrait: PortraitByte): { certToken: string; resStr: string } {
  return { certToken: randomUUID(), resStr: `${identity}${portrait}XX` };
}
