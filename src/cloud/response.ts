import type { z } from 'zod';
import {
  APIS,
  type ApiValue,
  type CloudApi,
  FailureBodySchema,
  type RealNameRecord,
  realNameFailure,
} from './api/index.ts';
import { type CloudErrorCode, knownCode } from './catalogue.ts';

/** What an answer says. `said` are the endpoint's own words, not yet fit to be shown. */
export type Reading<Id extends CloudApi> =
  | { readonly ok: true; readonly value: ApiValue<Id> }
  | {
      readonly ok: false;
      readonly code: CloudErrorCode;
      readonly said: string;
      readonly record?: RealNameRecord;
    };

/**
 * Reads the body of an answer in clear. Never throws: what is not JSON, not what the manual describes, or contradicts
 * itself is an error with a code, and no success.
 */
export function readAnswer<Id extends CloudApi>(api: Id, status: number, body: unknown): Reading<Id> {
  const failure = FailureBodySchema.safeParse(body);
  if (!failure.success) return unread(status, 'The body is no JSON object of this kind.');
  const told = failure.data;
  const code = typeof told.code === 'string' ? numberOf(told.code) : (told.code ?? undefined);
  const numeric = told.statusCode ?? code;
  const saysSuccess = numeric === 0 && (told.code == null || code === 0) && !namesError(told.error);
  if (saysSuccess && status === 200) return readSuccess(api, body);
  const said = told.message ?? told.retMessage ?? '';
  const record = api === 'realName' ? realNameFailure.safeParse(body).data : undefined;
  const found = codeOf(api, status, told.error, numeric, told.code);
  return { ok: false, code: found, said: `${said} ${told.details ?? ''}`, ...(record && { record }) };
}

type Reader<Id extends CloudApi> = (body: unknown) => z.ZodSafeParseResult<ApiValue<Id>>;

const READERS: { readonly [Id in CloudApi]: Reader<Id> } = {
  detect: (body) => APIS.detect.response.safeParse(body),
  attributes: (body) => APIS.attributes.response.safeParse(body),
  compare: (body) => APIS.compare.response.safeParse(body),
  silentLiveness: (body) => APIS.silentLiveness.response.safeParse(body),
  realName: (body) => APIS.realName.response.safeParse(body),
  actionLiveness: (body) => APIS.actionLiveness.response.safeParse(body),
};

function readSuccess<Id extends CloudApi>(api: Id, body: unknown): Reading<Id> {
  const parsed = READERS[api](body);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  // Paths hold names of the answer's own; only those of the schema get here, and positions in lists.
  const where = issue === undefined ? '' : `At ${issue.path.join('.') || 'the top'}: ${issue.code}.`;
  return { ok: false, code: 'RESPONSE_INVALID', said: where };
}

/**
 * The code of a failure. The manual's own examples disagree with themselves ("statusCode": 500001 beside "error":
 * "AI_OP_4101"): the first of error, statusCode and code that this service's tables know is taken.
 */
function codeOf(
  api: CloudApi,
  status: number,
  error: string | null | undefined,
  numeric: number | undefined,
  code: string | number | null | undefined,
): CloudErrorCode {
  const spellings = [error, numeric, code].flatMap((word) => (word == null ? [] : spellingsOf(String(word))));
  const known = knownCode(api, spellings);
  if (known !== null) return known;
  if (status === 429) return 'HTTP_429';
  const digits = spellings
    .map((word) => /(?:^|_)([1-9])\d{0,8}$/.exec(word)?.[1])
    .find((digit) => digit !== undefined);
  if (digits === '4') return 'UNLISTED_BUSINESS';
  if (digits === '5') return 'UNLISTED_SERVICE';
  if (digits !== undefined || namesError(error)) return 'UNLISTED';
  return byStatus(status);
}

/** `AI_OP_4101` with stray spaces, `4101`, `CTAPI_10020` for the gateway's 10020. */
function spellingsOf(word: string): string[] {
  const text = word.trim();
  return [text, `AI_OP_${text}`, text.replace(/^(CTAPI|AI_OP)_/, '')];
}

function numberOf(text: string): number | undefined {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}

/** An `error` that is there and is not a way of writing "none". */
function namesError(error: string | null | undefined): boolean {
  return error != null && !/^\s*(0|none|null|success)?\s*$/i.test(error);
}

function unread<Id extends CloudApi>(status: number, said: string): Reading<Id> {
  return { ok: false, code: byStatus(status), said };
}

function byStatus(status: number): CloudErrorCode {
  if (status === 429) return 'HTTP_429';
  if (status >= 300 && status < 400) return 'HTTP_3XX';
  if (status >= 400 && status < 500) return 'HTTP_4XX';
  if (status >= 500) return 'HTTP_5XX';
  return 'RESPONSE_INVALID';
}
