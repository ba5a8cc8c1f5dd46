import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import sharp from 'sharp';
import {
  APIS,
  type CallCounter,
  type CloudAnswer,
  type CloudApi,
  CloudClient,
  type CloudError,
  type CloudErrorCode,
} from '../../cloud/index.ts';
import type { Logger } from '../../common/index.ts';
import { type CloudConfig, resolveSecret } from '../../config/index.ts';
import { fitInOwnProcess } from '../../photo/client.ts';

export type Counter = CallCounter;

/** One line of the table. */
export interface CheckRow {
  readonly what: string;
  readonly result: 'good' | 'failed' | 'skipped';
  /** Milliseconds; null where nothing was sent. */
  readonly ms: number | null;
  /** What came back, for a person. */
  readonly said: string;
  /** What to do about it; null when there is nothing to do. */
  readonly advice: string | null;
}

export interface CheckOptions {
  readonly config: CloudConfig;
  readonly counter: Counter;
  readonly log: Logger;
  /** A picture with a face, and a clip with one; null: none of a person is sent. */
  readonly photo: Buffer | null;
  readonly clip: Buffer | null;
  readonly realName: boolean;
}

/** No door waits here. */
const DEADLINE_MS = 20_000;
/** A clock this far off, in seconds, is told even though the endpoint still takes it. */
const SKEW_MS = 60_000;
/** Nobody's: the example of GB 11643-1999 itself, and the name of the manual's example. */
const NOBODY = { idNumber: '11010519491231002X', name: '龙傲天' };

/** Tries connection, clock, keys, and each API in clear and, where there is a public key, encrypted. */
export async function checkEndpoint(options: CheckOptions): Promise<CheckRow[]> {
  const { envelope, ...plain } = options.config;
  const rows: CheckRow[] = [];
  const inClear = clientOf(plain, options);
  try {
    const samples = {
      photo: options.photo ?? (await emptyPicture()),
      clip: options.clip ?? (await emptyClip()),
    };
    const first = await inClear.detect({ picture: samples.photo }, { deadlineMs: DEADLINE_MS });
    rows.push(connection(first), clock(inClear.clockSkewMs), keys(first));
    if (!reached(first)) return rows;
    rows.push(rowOf('detect', 'in clear', first, options));
    rows.push(...(await eachApi(inClear, samples, options, 'in clear')));
    if (envelope === undefined)
      rows.push(
        skipped('envelope', 'there is no public key', 'Set cloud.envelope.publicKey to encrypt bodies.'),
      );
    else rows.push(...(await encrypted(samples, options)));
    return rows;
  } finally {
    await inClear.close();
  }
}

interface Samples {
  readonly photo: Buffer;
  readonly clip: Buffer | null;
}

async function encrypted(samples: Samples, options: CheckOptions): Promise<CheckRow[]> {
  const client = clientOf(options.config, options);
  try {
    const first = await client.detect({ picture: samples.photo }, { deadlineMs: DEADLINE_MS });
    return [
      rowOf('detect', 'encrypted', first, options),
      ...(await eachApi(client, samples, options, 'encrypted')),
    ];
  } finally {
    await client.close();
  }
}

async function eachApi(
  client: CloudClient,
  samples: Samples,
  options: CheckOptions,
  how: string,
): Promise<CheckRow[]> {
  const { photo, clip } = samples;
  const call = { deadlineMs: DEADLINE_MS };
  const rows = [
    rowOf('attributes', how, await client.attributes({ picture: photo }, call), options),
    rowOf('compare', how, await client.compare({ first: photo, second: photo }, call), options),
    rowOf('silentLiveness', how, await client.silentLiveness({ picture: photo }, call), options),
  ];
  rows.push(
    options.realName
      ? rowOf('realName', how, await client.realName({ portrait: photo, ...NOBODY }, call), options)
      : skipped(`${APIS.realName.id} ${how}`, 'not asked for', 'Say --real-name to try it; it costs most.'),
  );
  rows.push(
    clip === null
      ? skipped(
          `${APIS.actionLiveness.id} ${how}`,
          'there is no clip',
          'Give one with --clip, or install ffmpeg.',
        )
      : rowOf('actionLiveness', how, await client.actionLiveness({ clip, action: 'blink' }, call), options),
  );
  return rows;
}

function clientOf(config: CloudConfig, { counter, log }: CheckOptions): CloudClient {
  return new CloudClient({
    config,
    keys: {
      appKey: resolveSecret(config.appKey),
      accessKey: resolveSecret(config.accessKey),
      secretKey: resolveSecret(config.secretKey),
    },
    counter,
    log,
    fitPicture: fitInOwnProcess,
  });
}

type Answered = CloudAnswer<unknown>;

const UNREACHED: ReadonlySet<CloudErrorCode> = new Set(['UNREACHABLE', 'TLS_FAILED', 'DEADLINE', 'HTTP_3XX']);
const KEYS: ReadonlySet<CloudErrorCode> = new Set([
  '10002',
  '10020',
  '40002',
  '40006',
  'CLOCK_SKEW',
  '40009',
  '40010',
]);

function reached(answer: Answered): boolean {
  return answer.ok || !UNREACHED.has(answer.error.code);
}

function connection(answer: Answered): CheckRow {
  if (answer.ok || reached(answer)) return good('connection', answer.ms, 'the endpoint answers');
  return failed('connection', answer.ms, answer.error);
}

function clock(skewMs: number | null): CheckRow {
  if (skewMs === null) return skipped('clock', 'the endpoint told no time', null);
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const said = `${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the endpoint`;
  if (Math.abs(skewMs) <= SKEW_MS)
    return good('clock', null, seconds <= 1 ? 'agrees with the endpoint' : said);
  return { what: 'clock', result: 'failed', ms: null, said, advice: "Set this machine's clock (NTP)." };
}

function keys(answer: Answered): CheckRow {
  if (!reached(answer)) return skipped('keys', 'nothing was answered', null);
  if (!answer.ok && KEYS.has(answer.error.code)) return failed('keys', answer.ms, answer.error);
  return good('keys', answer.ms, 'AppKey, access key and signature are taken');
}

/** Failures that prove that the service works: nobody is in the picture, or nobody has this ID number. */
const WORKS: Readonly<Record<CloudApi, readonly CloudErrorCode[]>> = {
  detect: [],
  attributes: ['AI_OP_4105'],
  compare: [],
  silentLiveness: ['AI_OP_4105'],
  realName: ['AI_OP_4101', 'AI_OP_4109'],
  actionLiveness: ['AI_OP_400018', 'AI_OP_400019', 'AI_OP_400020', 'AI_OP_400021'],
};

function rowOf(api: CloudApi, how: string, answer: Answered, options: CheckOptions): CheckRow {
  const what = `${APIS[api].id} ${how}`;
  if (answer.ok) return good(what, answer.ms, 'answers as the manual describes');
  const { code } = answer.error;
  const ours =
    api === 'actionLiveness' ? options.clip === null : options.photo === null || api === 'realName';
  if (ours && WORKS[api].includes(code)) {
    return good(
      what,
      answer.ms,
      `answers: ${answer.error.entry.meaning} (${code}), as it must for what was sent`,
    );
  }
  return failed(what, answer.ms, answer.error);
}

function good(what: string, ms: number | null, said: string): CheckRow {
  return { what, result: 'good', ms, said, advice: null };
}

function failed(what: string, ms: number, error: CloudError): CheckRow {
  const advice = ADVICE[error.entry.fault];
  return { what, result: 'failed', ms, said: error.message, advice };
}

function skipped(what: string, said: string, advice: string | null): CheckRow {
  return { what, result: 'skipped', ms: null, said, advice };
}

const ADVICE = {
  input: 'Try another picture or clip; if it is the built-in one, the endpoint does not keep to the manual.',
  face: 'Give a picture with one clear face (--photo, --clip).',
  credentials:
    'Compare AppKey, access key, secret key and public key with the console, and the clock with the time.',
  quota: 'Buy or extend a package (private deployment: menshen cloud app extend).',
  throttled: 'Wait, and call less often.',
  service: 'Ask the operator of the endpoint, with the request id.',
  network: 'Check address, port, firewall and DNS.',
} as const;

/** A wall: noise enough that it is 10 to 40 KB, and nobody on it. */
function emptyPicture(): Promise<Buffer> {
  return sharp({
    create: {
      width: 480,
      height: 640,
      channels: 3,
      background: '#8a8f94',
      noise: { type: 'gaussian', mean: 140, sigma: 9 },
    },
  })
    .jpeg({ quality: 60 })
    .toBuffer();
}

/** Two seconds of a test picture; null without ffmpeg. */
async function emptyClip(): Promise<Buffer | null> {
  try {
    const { stdout } = await promisify(execFile)(
      'ffmpeg',
      [
        ...['-loglevel', 'error', '-f', 'lavfi', '-i', 'smptebars=size=320x240:rate=15:duration=2'],
        ...['-c:v', 'mpeg4', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'],
      ],
      { encoding: 'buffer', maxBuffer: 8 * 1024 * 1024 },
    );
    return stdout;
  } catch {
    return null;
  }
}
