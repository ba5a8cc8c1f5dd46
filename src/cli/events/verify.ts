import { MenshenError, openDeviceKey, readDevicePublicKey } from '../../common/index.ts';
import { JournalReader, type Verification } from '../../journal/index.ts';
import { dataDirOf, type Place } from './place.ts';

/** Findings printed one by one; a journal that was rewritten has one for each record. */
const MOST_FINDINGS = 50;

export interface VerifyOptions extends Place {
  readonly publicKey?: string;
  readonly json?: true;
}

/** `menshen events verify`. Throws JOURNAL_TAMPERED when the chain does not hold together. */
export async function verify(options: VerifyOptions): Promise<void> {
  const dataDir = await dataDirOf(options);
  const key =
    options.publicKey === undefined ? openDeviceKey(dataDir) : readDevicePublicKey(options.publicKey);
  const result = new JournalReader({ dataDir }).verify(key);
  if (options.json) {
    console.log(JSON.stringify({ key: { id: key.id, spki: key.spki }, ...result }, null, 2));
  } else {
    for (const line of lines(result, key.id)) console.log(line);
  }
  const [first] = result.findings;
  if (first !== undefined) {
    throw new MenshenError(
      'JOURNAL_TAMPERED',
      `${result.findings.length} findings, the first: ${first.message}.`,
    );
  }
}

function* lines(result: Verification, keyId: string): Generator<string> {
  const { records, chained, first, last, signedUpTo, deleted, findings } = result;
  yield records === 0
    ? 'no records'
    : `${records} records, numbers ${first} to ${last}, ${chained} in the chain`;
  yield `signed by device key ${keyId} up to number ${signedUpTo}`;
  if (deleted > 0) yield `${deleted} records were deleted in good order`;
  if (records > chained) {
    yield `${records - chained} records are older than the chain; they are not proven`;
  }
  for (const { kind, message } of findings.slice(0, MOST_FINDINGS)) yield `${kind}: ${message}`;
  if (findings.length > MOST_FINDINGS) yield `and ${findings.length - MOST_FINDINGS} more`;
  if (findings.length === 0) yield 'the chain holds';
}
