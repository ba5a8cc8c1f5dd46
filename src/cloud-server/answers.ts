import {
  type CloudApi,
  type EnvelopeCode,
  GLOBAL_ERRORS,
  type GlobalCode,
  type ManualEntry,
  SERVICE_ERRORS,
  type ServiceCode,
} from '../cloud/index.ts';

/** An answer before it goes out. `code` is `0` or the error's, for the counts. */
export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The service was called: what the manual charges for. */
  readonly served: boolean;
}

/**
 * HTTP status of the gateway's own refusals. The manual says "200" for whatever a service answers, and "4**", "5**"
 * for errors of client and server without saying which; these are the nearest meanings.
 */
const STATUS: Readonly<Record<GlobalCode, number>> = {
  '10002': 401,
  '10020': 401,
  '40002': 400,
  '40006': 401,
  '40008': 405,
  '40009': 403,
  '40010': 403,
  '50000': 500,
  '50001': 404,
  '50002': 403,
  '50003': 404,
  '51001': 403,
  '51002': 403,
  '51003': 403,
};

export function success(body: Readonly<Record<string, unknown>>): Answer {
  return { status: 200, code: '0', body, served: true };
}

/** A refusal by the gateway, before any service is called. `details`: what was wrong, never a secret. */
export function gatewayFailure(code: GlobalCode, details = ''): Answer {
  return failure(STATUS[code], code, { message: GLOBAL_ERRORS[code].rows[0].message, details }, false);
}

/** No service at this path, or not in the version asked for. */
export function notFound(details: string): Answer {
  return failure(404, 'CTAPI_10000', { message: 'API Not Found', details }, false);
}

/** A failure out of a service's own table; `row` where the manual has several texts for a code. */
export function serviceFailure<Id extends CloudApi>(api: Id, serviceCode: ServiceCode<Id>, row = 0): Answer {
  const code = String(serviceCode);
  const table: Readonly<Record<string, ManualEntry>> = SERVICE_ERRORS[api];
  const entry = table[code];
  const text = entry?.rows[row] ?? entry?.rows[0] ?? { message: '', details: '' };
  return api === 'realName' ? realNameFailure(code, text.details) : failure(200, code, text, true);
}

/** Real-name authentication words its failures in a way of its own (6.3.5); `more` are certToken and resStr. */
export function realNameFailure(
  code: string,
  message: string,
  more: Readonly<Record<string, string>> = {},
): Answer {
  const body = { statusCode: numberOf(code), retMessage: message, error: code, ...more };
  return { status: 200, code, body, served: true };
}

/** Refusal of an encrypted body; always in the clear. */
export function envelopeFailure(refusal: {
  readonly code: EnvelopeCode;
  readonly message: string;
  readonly details: string;
}): Answer {
  return failure(200, refusal.code, refusal, true);
}

/**
 * Too many calls. The manual has a code for it in real-name authentication alone; the others get HTTP 429, the word of
 * HTTP for it. Not charged.
 */
export function throttled(api: CloudApi, details: string): Answer {
  const answer =
    api === 'realName'
      ? serviceFailure('realName', 'AI_OP_4010')
      : failure(429, '429', { message: '请求并发已到上限', details }, false);
  return { ...answer, served: false };
}

/** Our own fault, in the words of the service that has some for it. */
export function internalFailure(api: CloudApi): Answer {
  switch (api) {
    case 'detect':
      return serviceFailure(api, 'AI_OP_500001');
    case 'actionLiveness':
      return serviceFailure(api, 'AI_OP_500001');
    case 'silentLiveness':
      return serviceFailure(api, 'AI_OP_5000');
    case 'realName':
      return serviceFailure(api, 'AI_OP_4103');
    default:
      return gatewayFailure('50000');
  }
}

function failure(
  status: number,
  code: string,
  { message, details }: { readonly message: string; readonly details: string },
  served: boolean,
): Answer {
  const number = numberOf(code);
  return { status, code, body: { statusCode: number, code: number, message, details, error: code }, served };
}

/** `AI_OP_400006` and `CTAPI_10000` carry their status code at the end. */
function numberOf(code: string): number {
  return Number(/\d+$/.exec(code)?.[0] ?? 0);
}
