import { MenshenError } from '../common/index.ts';
import type { RealNameRecord } from './api/index.ts';
import { resultByte } from './catalogue.ts';
import type { CloudClient } from './client.ts';
import type { CloudError } from './error.ts';
import { normaliseIdNumber, normaliseName } from './id-number.ts';
import { InputRefused } from './input-refused.ts';

/** Who somebody says they are; both in the form that is sent. */
export interface Identity {
  readonly name: string;
  readonly idNumber: string;
}

/**
 * Name and ID number as they stand on the card, checked as far as they can be without asking.
 * Throws MenshenError ID_NUMBER_INVALID, PERSON_NAME_INVALID; neither says the number.
 */
export function identityOf(name: string, idNumber: string): Identity {
  try {
    return { name: normaliseName(name), idNumber: normaliseIdNumber(idNumber) };
  } catch (error) {
    if (!(error instanceof InputRefused)) throw error;
    const code = error.code === 'INPUT_NAME' ? 'PERSON_NAME_INVALID' : 'ID_NUMBER_INVALID';
    throw new MenshenError(code, error.message);
  }
}

/**
 * Has real-name authentication say that name, ID number and face belong together; anything but a yes is thrown. The
 * consent to sending them is the caller's to have.
 * Throws MenshenError REAL_NAME_REFUSED, REAL_NAME_UNANSWERED; the message holds neither name nor ID number.
 * @returns the record's token, by which the operator of the service finds the case
 */
export async function verifyIdentity(
  calls: Pick<CloudClient, 'realName'>,
  { name, idNumber }: Identity,
  portrait: Uint8Array,
  options?: Parameters<CloudClient['realName']>[1],
): Promise<string> {
  const answer = await calls.realName({ portrait, name, idNumber }, options);
  if (!answer.ok) throw refusal(answer.error);
  const { verified, certToken } = answer.value;
  if (!verified) throw refusedBy(answer.value) ?? unanswered('its answer contradicts itself');
  return certToken;
}

function refusal({ record, entry, message }: CloudError): MenshenError {
  const said = record === undefined ? null : refusedBy(record);
  if (said !== null) return said;
  return entry.fault === 'input' || entry.fault === 'face' ? refused(entry.meaning) : unanswered(message);
}

/** What the bytes of the result refuse; null when they refuse nothing. */
function refusedBy({ identityByte, portraitByte, certToken }: RealNameRecord): MenshenError | null {
  const byte = [resultByte('identity', identityByte), resultByte('portrait', portraitByte)].find(
    ({ passed }) => !passed,
  );
  if (byte === undefined) return null;
  const text = `${byte.meaning} (${identityByte}${portraitByte}, record ${certToken})`;
  return byte.fault === 'service' ? unanswered(text) : refused(text);
}

function refused(why: string): MenshenError {
  return new MenshenError('REAL_NAME_REFUSED', `Real-name authentication refused: ${why}`);
}

function unanswered(why: string): MenshenError {
  return new MenshenError('REAL_NAME_UNANSWERED', `Real-name authentication gave no answer: ${why}`);
}
