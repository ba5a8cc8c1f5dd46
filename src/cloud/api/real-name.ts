import { z } from 'zod';
import { defineApi } from './definition.ts';
import { base64, byTheWay, success } from './wire.ts';

/** `00XX`: one byte for name and ID number, one for the portrait, two to be ignored. */
export const resStr = z.string().regex(/^\s*[0-9A-Za-z]{2,8}\s*$/, 'is no result string');

/** Record of an authentication. */
export interface RealNameRecord {
  /** To be kept: the operator of the service finds the case by it. */
  readonly certToken: string;
  /** Byte of the ID data and byte of the portrait; meanings in the catalogue. */
  readonly identityByte: string;
  readonly portraitByte: string;
}

const certToken = z.string().trim().min(1).max(200);

function recordOf(token: string, result: string): RealNameRecord {
  const bytes = result.trim();
  return { certToken: token, identityByte: bytes.charAt(0), portraitByte: bytes.charAt(1) };
}

/** What an answer other than success may carry as well: 4101 and 4109 come with token and result. */
export const realNameFailure = z
  .object({ certToken, resStr })
  .transform((body): RealNameRecord => recordOf(body.certToken, body.resStr));

/** 6.3.5 人脸实名认证: do name, ID number and face belong together, by the authority's register? */
export const realName = defineApi({
  id: 'realName',
  section: '6.3.5',
  title: '人脸实名认证',
  path: '/v1/aiop/api/348c0ca2pkw0/gcapi/simpauth66',
  version: null,
  action: null,
  request: z.object({
    portrait: base64.describe('JPEG of 10 to 40 KB before encoding'),
    idNum: z.string().min(1).describe('18 characters, the last one a digit or a capital X'),
    fullName: z.string().min(1).describe('Name without spaces'),
  }),
  response: z
    .object({
      statusCode: success,
      retMessage: byTheWay,
      certToken,
      resStr,
    })
    .transform((body) => {
      const record = recordOf(body.certToken, body.resStr);
      // The status alone would do, says the manual; a result string that disagrees is not believed over it.
      return { ...record, verified: record.identityByte === '0' && record.portraitByte === '0' };
    }),
  base64Fields: ['portrait'],
  // The example begins with "_9j_4AAQ": a JPEG in the URL-safe alphabet.
  base64: 'url',
  callsPerSecond: 10,
});
