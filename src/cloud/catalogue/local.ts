import type { CatalogueEntry, Fault } from './entry.ts';

const local = (meaning: string, fault: Fault, retry = false): CatalogueEntry => ({ meaning, fault, retry });

/**
 * Why a call has no answer, or none that can be used: codes of the client's own. HTTP_* are the request status codes
 * of 6.1.3 ("3**", "4**", "5**") where the body says nothing more exact.
 */
export const LOCAL_ERRORS = {
  INPUT_PICTURE_FORMAT: local('The picture is none of the formats this API reads.', 'input'),
  INPUT_PICTURE_DAMAGED: local('The header of the picture is damaged.', 'input'),
  INPUT_PICTURE_BYTES: local(
    'The picture has too many or too few bytes and could not be made to fit.',
    'input',
  ),
  INPUT_PICTURE_SIDES: local('A side of the picture is shorter or longer than the API allows.', 'input'),
  INPUT_CLIP_FORMAT: local(
    'The clip is no mp4, mov or avi file, or has no index that tells length and rate.',
    'input',
  ),
  INPUT_CLIP_BYTES: local('The clip has more bytes than the API takes.', 'input'),
  INPUT_CLIP_LENGTH: local('The clip is shorter than 1 or longer than 8 seconds.', 'input'),
  INPUT_CLIP_RATE: local('The clip has fewer than 10 or more than 30 frames a second.', 'input'),
  INPUT_ID_NUMBER: local(
    'The ID number is not one of GB 11643-1999: length, birth date or check digit.',
    'input',
  ),
  INPUT_NAME: local('The name is empty, too long, or holds characters that no name has.', 'input'),
  INPUT_PARAMETER: local('A parameter is out of range.', 'input'),
  NOT_PERMITTED: local('Nothing was sent: the consent to it is gone, or the person with it.', 'input'),
  RATE_LIMITED: local('More calls than this API takes in a second; this one was not sent.', 'throttled'),
  TOO_MANY_AT_ONCE: local('As many calls are under way as allowed; this one was not sent.', 'throttled'),
  CIRCUIT_OPEN: local('The last calls of this API failed; it is left alone for a while.', 'service'),
  DAILY_CAP: local('The daily cap of this API is reached. Raise `cloud.dailyCap` if that is meant.', 'quota'),
  LEDGER_FAILED: local('The call could not be entered in the quota ledger, so it was not made.', 'service'),
  UNAVAILABLE: local(
    'The gate cannot make calls at the moment: a key or the quota ledger cannot be opened.',
    'credentials',
  ),
  UNREACHABLE: local('No connection to the endpoint, or it broke before the answer.', 'network', true),
  TLS_FAILED: local(
    "The endpoint's certificate was not accepted. Check clock, endpoint and `cloud.caFile`.",
    'network',
  ),
  DEADLINE: local('No answer within the deadline.', 'network', true),
  CANCELLED: local('The caller gave the call up.', 'network'),
  HTTP_429: local('Too many calls, says the gateway.', 'throttled'),
  HTTP_3XX: local(
    'The endpoint sends elsewhere; redirects are not followed. Check `cloud.endpoint`.',
    'service',
  ),
  HTTP_4XX: local('The endpoint refuses the request without a code of the manual.', 'input'),
  HTTP_5XX: local('The endpoint fails without a code of the manual.', 'service', true),
  RESPONSE_TOO_LARGE: local('The answer is larger than any true one.', 'service'),
  RESPONSE_INVALID: local('The answer is not what the manual describes.', 'service'),
  ENVELOPE_MISSING: local(
    'A success came in clear although encryption was asked for; it is not believed.',
    'service',
  ),
  ENVELOPE_ALTERED: local("The encrypted answer's hash does not match; it is not believed.", 'service'),
  ENVELOPE_FAILED: local(
    'The request could not be encrypted. Check `cloud.envelope.publicKey`.',
    'credentials',
  ),
  CLOCK_SKEW: local(
    "The signature was refused, and this machine's clock differs from the endpoint's. Set the clock (NTP).",
    'credentials',
  ),
  UNLISTED_BUSINESS: local('A business error (4...) that the manual does not list.', 'input'),
  UNLISTED_SERVICE: local('A service error (5...) that the manual does not list.', 'service', true),
  UNLISTED: local('An error that the manual does not list.', 'service'),
} as const satisfies Record<string, CatalogueEntry>;
export type LocalCode = keyof typeof LOCAL_ERRORS;
