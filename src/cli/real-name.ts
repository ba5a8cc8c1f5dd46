import { readFileSync } from 'node:fs';
import { createLogger, MenshenError } from '../common/index.ts';
import { type CloudConfig, configPath, loadConfig } from '../config/index.ts';
import type { EnrolRequest, Gallery } from '../gallery/index.ts';
import { askSecret, canAsk } from './ask.ts';

/** Nobody waits at a door; the register may be slow. */
const DEADLINE_MS = 20_000;
/** An ID number and some white space. */
const MAX_FILE_BYTES = 200;

interface Options {
  readonly config?: string;
  readonly dataDir?: string;
  readonly realName?: true;
  readonly idNumber?: string;
  readonly idNumberFile?: string;
}

/** What a real-name enrolment goes by. */
export interface RealName {
  readonly idNumber: string;
  readonly cloud: CloudConfig;
  readonly dataDir: string;
}

/** Null without --real-name. Throws USAGE when something for it is missing, ID_NUMBER_INVALID. */
export async function realNameOf(options: Options): Promise<RealName | null> {
  if (options.realName !== true) {
    if (options.idNumber === undefined && options.idNumberFile === undefined) return null;
    throw new MenshenError(
      'USAGE',
      'An ID number is taken for --real-name alone; it is kept for nothing else.',
    );
  }
  if (options.dataDir !== undefined) {
    throw new MenshenError(
      'USAGE',
      '--real-name asks the cloud of a configuration: use --config instead of --data-dir.',
    );
  }
  const { config, path } = await loadConfig(configPath(options.config));
  if (config.cloud === undefined) {
    throw new MenshenError('USAGE', `${path} has no cloud section, and --real-name needs one.`);
  }
  return { idNumber: await idNumberOf(options), cloud: config.cloud, dataDir: config.dataDir };
}

/** The number as it is kept, and the question to the cloud. Throws USAGE without consent, ID_NUMBER_INVALID, PERSON_NAME_INVALID. */
export async function checkOf(
  gallery: Gallery,
  person: EnrolRequest['person'],
  { idNumber: given, cloud, dataDir }: RealName,
): Promise<{ readonly idNumber: string; readonly verify: (portrait: Uint8Array) => Promise<void> }> {
  const known = 'enrolled' in person ? gallery.find(person.enrolled) : null;
  const consent = person.consent ?? known?.consent;
  if (consent?.cloud !== true) {
    throw new MenshenError(
      'USAGE',
      '--real-name sends name, ID number and portrait to the cloud: when the person has agreed to that, add --consent local,cloud.',
    );
  }
  const { CloudClient, identityOf, QuotaLedger, readCloudKeys, verifyIdentity } = await import(
    '../cloud/index.ts'
  );
  const { fitInOwnProcess } = await import('../photo/client.ts');
  const identity = identityOf('name' in person ? person.name : (known?.name ?? ''), given);
  const verify = async (portrait: Uint8Array) => {
    const counter = new QuotaLedger({ dataDir, timezone: cloud.timezone });
    try {
      const log = createLogger('menshen', 'silent');
      const keys = readCloudKeys(cloud);
      const client = new CloudClient({ config: cloud, keys, counter, log, fitPicture: fitInOwnProcess });
      try {
        await verifyIdentity(client, identity, portrait, { deadlineMs: DEADLINE_MS });
      } finally {
        await client.close();
      }
    } finally {
      counter.close();
    }
  };
  return { idNumber: identity.idNumber, verify };
}

async function idNumberOf({ idNumber, idNumberFile }: Options): Promise<string> {
  if (idNumber !== undefined) return idNumber;
  if (idNumberFile !== undefined) return readNumber(idNumberFile);
  if (canAsk()) return askSecret('ID number: ');
  throw new MenshenError('USAGE', 'Say the ID number: --id-number-file FILE ("-" for the standard input).');
}

function readNumber(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new MenshenError('USAGE', `The file with the ID number, ${file}, cannot be read.`, {
      cause: error,
    });
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new MenshenError('USAGE', `${file} holds more than an ID number.`);
  }
  return bytes.toString('utf8').trim();
}
