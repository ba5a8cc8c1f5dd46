import { Command, Option } from 'commander';
import { z } from 'zod';
import { embeddingCurve } from '../calibration/index.ts';
import { isoNow, MenshenError } from '../common/index.ts';
import type { VisionConfig } from '../config/index.ts';
import {
  type Consent,
  type EnrolPhoto,
  type EnrolRequest,
  enrol,
  enrolmentLimits,
  type Gallery,
} from '../gallery/index.ts';
import { canAsk, confirm } from './ask.ts';
import { shownPerson } from './credentials.ts';
import { type GalleryArguments, withGallery, withGalleryOptions } from './gallery-options.ts';
import { adviceIn, type LanguageOptions, languageOf, withLanguage } from './language.ts';
import { checkOf, realNameOf } from './real-name.ts';

interface Options extends GalleryArguments, LanguageOptions {
  readonly name?: string;
  readonly photo: string[];
  readonly id?: string;
  readonly consent?: string;
  readonly consentVersion: string;
  readonly allowDuplicate?: true;
  readonly realName?: true;
  readonly idNumber?: string;
  readonly idNumberFile?: string;
  readonly json?: true;
}

/** `menshen enroll`. Errors are thrown as MenshenError for main.ts to print. */
export function enrollCommand(): Command {
  const command = new Command('enroll')
    .description('enrol a person from photos (JPEG, PNG, BMP, WebP), all of them or none')
    .option('-n, --name <name>', 'name of the person')
    .requiredOption('-p, --photo <file...>', 'photos of this one person; several looks help')
    .option('--id <uuid>', 'somebody enrolled who gets these photos too; or the id for a new person')
    .option(
      '--consent <scope>',
      'what the person agreed to: "local" (recognition at this device) or "local,cloud" (uncertain cases may be sent to the cloud)',
    )
    .option('--consent-version <text>', 'version of the text the person agreed to', 'unspecified')
    .option('--allow-duplicate', 'enrol although somebody else looks the same (twins)')
    .option(
      '--real-name',
      'have the cloud verify name, ID number and first photo before anything is enrolled; needs consent local,cloud',
    )
    .option('--id-number <number>', 'ID number for --real-name; other users of this machine may see it in ps')
    .addOption(
      new Option(
        '--id-number-file <file>',
        'file that holds the ID number; "-" reads it from the standard input',
      ).conflicts('idNumber'),
    )
    .option('--json', 'print the result as JSON');
  return withGalleryOptions(withLanguage(command)).action((options: Options) =>
    withGallery(options, (gallery, vision) => enrollInto(gallery, vision, options)),
  );
}

async function enrollInto(gallery: Gallery, vision: VisionConfig, options: Options): Promise<void> {
  const realName = await realNameOf(options);
  const person = await personOf(gallery, options);
  const check = realName === null ? null : await checkOf(gallery, person, realName);
  const limits = enrolmentLimits(vision.quality);
  const { curve } = await embeddingCurve(vision.modelsDir);
  const photos = await photosOf(options.photo);
  const analyser = await openAnalyser(vision);
  try {
    const request: EnrolRequest = {
      person: check === null ? person : { ...person, idNumber: check.idNumber },
      photos,
      limits,
      allowDuplicate: options.allowDuplicate === true,
      curve,
      ...(check !== null && { verify: check.verify }),
    };
    const result = await enrol(gallery, request, analyser);
    if (options.json) console.log(JSON.stringify({ ...result, person: shownPerson(result.person) }, null, 2));
    else console.log(`enrolled ${result.person.name} (${result.person.id}) from ${describe(result.photos)}`);
  } catch (error) {
    const language = languageOf(options);
    // The message says it in English.
    if (language !== 'en') for (const line of adviceIn(language, error)) console.error(line);
    throw error;
  } finally {
    await analyser.close();
  }
}

/** The networks and the picture library are loaded only when there is something to enrol. */
async function openAnalyser(vision: VisionConfig) {
  const { FaceAnalyser } = await import('../vision/index.ts');
  const { defaultModelsDir } = await import('../vision/models/index.ts');
  const { threads, detectionScore, quality } = vision;
  return FaceAnalyser.open({
    modelsDir: vision.modelsDir ?? defaultModelsDir(),
    threads,
    detectionScore,
    quality,
  });
}

async function photosOf(paths: readonly string[]): Promise<EnrolPhoto[]> {
  const { encodeFace, readPhoto } = await import('../photo/index.ts');
  return paths.map((path) => ({ label: path, read: () => readPhoto(path), store: encodeFace }));
}

async function personOf(gallery: Gallery, options: Options): Promise<EnrolRequest['person']> {
  const id = options.id?.toLowerCase();
  if (id !== undefined && !z.uuid().safeParse(id).success) {
    throw new MenshenError(
      'USAGE',
      `"${options.id}" is no id; an id is a UUID. Without --id a new one is made.`,
    );
  }
  const known = id === undefined ? null : gallery.get(id);
  if (known !== null) {
    if (options.name !== undefined && options.name.normalize('NFC').trim() !== known.name) {
      throw new MenshenError('USAGE', `The id ${known.id} belongs to ${known.name}, not to ${options.name}.`);
    }
    return {
      enrolled: known.id,
      ...(options.consent === undefined ? {} : { consent: parseConsent(options, options.consent) }),
    };
  }
  if (options.name === undefined) {
    if (id !== undefined)
      throw new MenshenError(
        'PERSON_NOT_FOUND',
        `Nobody with the id ${id} is enrolled; give --name to enrol somebody new.`,
      );
    throw new MenshenError('USAGE', 'Say who it is: --name for somebody new, --id for somebody enrolled.');
  }
  return {
    name: options.name,
    consent: await consentOf(options, options.name),
    ...(id === undefined ? {} : { id }),
  };
}

/** Nobody is enrolled on a default: the operator says what was agreed to, as an option or when asked. */
async function consentOf(options: Options, name: string): Promise<Consent> {
  if (options.consent !== undefined) return parseConsent(options, options.consent);
  if (canAsk() && (await confirm(`Has ${name} agreed to being recognised at this device?`))) {
    return parseConsent(options, 'local');
  }
  throw new MenshenError(
    'USAGE',
    'Nobody is enrolled without consent. When the person has agreed to being recognised at this device, add: --consent local ' +
      '(or --consent local,cloud when also agreed to that uncertain cases are sent to the cloud).',
  );
}

function parseConsent(options: Options, text: string): Consent {
  const scopes = text.split(',').map((scope) => scope.trim());
  if (!scopes.includes('local') || scopes.some((scope) => scope !== 'local' && scope !== 'cloud')) {
    throw new MenshenError(
      'USAGE',
      `--consent is "local" or "local,cloud", not "${text}"; without "local" nobody can be recognised.`,
    );
  }
  const version = z.string().trim().min(1).max(200).safeParse(options.consentVersion);
  if (!version.success) throw new MenshenError('USAGE', '--consent-version must have 1 to 200 characters.');
  return { local: true, cloud: scopes.includes('cloud'), at: isoNow(), version: version.data };
}

function describe(photos: readonly { label: string; qualityScore: number }[]): string {
  const list = photos
    .map(({ label, qualityScore }) => `${label} (quality ${qualityScore.toFixed(2)})`)
    .join(', ');
  return `${photos.length} photo${photos.length === 1 ? '' : 's'}: ${list}`;
}
