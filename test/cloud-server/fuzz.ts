import {
  APIS,
  CLOUD_APIS,
  type CloudApi,
  EnvelopeKeyPool,
  knownCode,
  readSm2PublicKey,
  signRequest,
} from '../../src/cloud/index.ts';
import { mulberry32 } from '../../src/common/index.ts';
import { type House, portrait, type Reply, send, wall } from './support.ts';

/** Requests under way at a time. */
const AT_ONCE = 8;

/** How a run of mutated requests ended. */
export interface FuzzReport {
  /** How often each code came; `0` is success. */
  readonly codes: ReadonlyMap<string, number>;
  /** Cases whose answer is none of the catalogue's, or that had none. */
  readonly unanswered: readonly string[];
}

class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(part: number): boolean {
    return this.#random() < part;
  }
}

/** Changes bytes: flips, overwrites, cuts, doubles, inserts. */
function mutate(bytes: Buffer, dice: Dice): Buffer {
  let out = Buffer.from(bytes);
  for (let i = 0; i <= dice.below(4); i++) {
    if (out.length === 0) return out;
    const at = dice.below(out.length);
    switch (dice.below(6)) {
      case 0:
        out[at] ^= 1 << dice.below(8);
        break;
      case 1:
        out.fill(dice.below(256), at, Math.min(out.length, at + dice.below(64)));
        break;
      case 2:
        out = out.subarray(0, at);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + dice.below(200))]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at, at + dice.below(200)), out.subarray(at)]);
        break;
      default:
        if (at + 4 <= out.length)
          out.writeUInt32BE(dice.pick([0, 1, 0x7fffffff, 0xffffffff, 0x80000000]), at);
    }
  }
  return out;
}

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  0.5,
  '',
  ' ',
  'A',
  'AAAA',
  '=',
  '\u0000',
  '\ud800',
  '龙',
  [],
  {},
  [[]],
  { a: 1 },
  'x'.repeat(5000),
  'data:image/jpeg;base64,AAAA',
  '../../etc/passwd',
  '__proto__',
];

/** Real requests, one a service. */
interface Corpus {
  readonly bodies: Readonly<Record<CloudApi, Record<string, unknown>>>;
  readonly blobs: Readonly<Record<CloudApi, readonly string[]>>;
  /** A picture that shows nobody, in base64. */
  readonly nobody: string;
}

async function corpusOf(clip: Buffer | null): Promise<Corpus> {
  // Small pictures: the point is the many ways, not the time in the networks.
  const [ann, bea] = await Promise.all([portrait('ann', 70, 200), portrait('bea', 70, 200)]);
  const text = ann.toString('base64');
  const VideoBase64 = (clip ?? Buffer.from('00000018667479706d703432', 'hex')).toString('base64');
  return {
    bodies: {
      detect: { Action: 'DetectFace', ImageData: text, FaceThresh: 0.5, NeedFaceAngle: true },
      attributes: { imageContent: text },
      compare: { img1Base64: text, img2Base64: bea.toString('base64') },
      silentLiveness: { imageContent: text },
      realName: { portrait: text, idNum: '11010519491231002X', fullName: '龙傲天' },
      actionLiveness: { Action: 'ActionFas', VideoBase64, ActionType: 'Blink' },
    },
    blobs: {
      detect: ['ImageData'],
      attributes: ['imageContent'],
      compare: ['img1Base64', 'img2Base64'],
      silentLiveness: ['imageContent'],
      realName: ['portrait'],
      actionLiveness: ['VideoBase64'],
    },
    nobody: (await wall()).toString('base64'),
  };
}

interface Case {
  readonly api: CloudApi;
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  readonly path: string;
  readonly method: string;
}

/**
 * Sends mutated real requests, each signed anew so that most get past the gateway: the picture within, a field, the
 * JSON, the envelope, the headers, the path. Every answer must be JSON with a code of the catalogue, or a success.
 */
export async function fuzz(
  house: House,
  options: {
    readonly cases: number;
    readonly seed: number;
    readonly clip?: Buffer;
    readonly onProgress?: (done: number) => void;
  },
): Promise<FuzzReport> {
  const dice = new Dice(options.seed);
  const corpus = await corpusOf(options.clip ?? null);
  const pool = new EnvelopeKeyPool({ publicKey: readSm2PublicKey(house.app.publicKey), order: 'C1C3C2' });
  const codes = new Map<string, number>();
  const unanswered: string[] = [];
  const forever = new AbortController().signal;
  const underWay = new Set<Promise<void>>();
  for (let index = 0; index < options.cases; index++) {
    const seal = dice.chance(0.1) ? await pool.take(forever) : null;
    const made = caseOf(house, corpus, dice, seal === null ? null : (body) => seal.seal(body));
    const name = `case ${index} of seed ${options.seed} (${made.api})`;
    const one: Promise<void> = send(house.server.port, made.method, made.path, made.headers, made.body)
      .then(
        (reply) => {
          const code = codeOf(made.api, reply);
          if (code === null)
            unanswered.push(`${name}: ${reply.status} ${reply.bytes.toString().slice(0, 200)}`);
          else codes.set(code, (codes.get(code) ?? 0) + 1);
        },
        (error: unknown) => unanswered.push(`${name}: ${String(error)}`),
      )
      .then(() => void underWay.delete(one));
    underWay.add(one);
    // A clip takes ten times as long as a picture: the others do not wait for it.
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    if ((index + 1) % 1000 === 0) options.onProgress?.(index + 1);
  }
  await Promise.all(underWay);
  await pool.close();
  return { codes, unanswered };
}

function caseOf(house: House, corpus: Corpus, dice: Dice, seal: ((body: Buffer) => Buffer) | null): Case {
  const api = dice.pick(CLOUD_APIS);
  const fields: Record<string, unknown> = { ...corpus.bodies[api] };
  const kind = dice.below(10);
  // Where the picture is not what changes, most show nobody: the networks behind detection would take half of the time.
  if (kind >= 5 && api !== 'actionLiveness' && dice.chance(0.75))
    for (const name of corpus.blobs[api]) fields[name] = corpus.nobody;
  if (kind < 5) {
    const name = dice.pick(corpus.blobs[api]);
    fields[name] = mutate(Buffer.from(String(fields[name]), 'base64'), dice).toString('base64');
  } else if (kind === 5) {
    const name = dice.pick(Object.keys(fields));
    fields[name] = dice.pick(ODD);
  } else if (kind === 6) {
    delete fields[dice.pick(Object.keys(fields))];
  }
  let body: Buffer = Buffer.from(JSON.stringify(fields));
  if (kind === 7) body = mutate(body, dice);
  if (seal !== null) {
    body = seal(body);
    if (dice.chance(0.5)) body = mutate(body, dice);
  }
  const { version, path } = APIS[api];
  const signed = signRequest({ ...house.app, body, now: new Date() });
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    appkey: house.app.appKey,
    ...(version !== null && { version }),
    ...(seal !== null && { decrypted: 'true' }),
    ...signed.headers,
  };
  if (kind === 8) {
    const name = dice.pick(Object.keys(headers));
    const changed = mutate(Buffer.from(headers[name]), dice).toString('latin1');
    // What no client can send is no case.
    headers[name] = changed.replace(/[^\x20-\x7e]/g, '~');
  }
  return {
    api,
    body,
    headers,
    path: kind === 9 && dice.chance(0.3) ? `${path}${dice.pick(['/', 'x', '%00', '/../', '?a=b&a'])}` : path,
    method: kind === 9 && dice.chance(0.1) ? dice.pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS']) : 'POST',
  };
}

/** The code of an answer; null when it is neither a success nor an error of the catalogue. */
function codeOf(api: CloudApi, { status, json }: Reply): string | null {
  if (status === 429) return '429';
  if ('encryptedResult' in json && 'encryptedResultHash' in json) return '0';
  const { error, statusCode } = json;
  if (error === undefined) {
    return Number(statusCode) === 0 && APIS[api].response.safeParse(json).success ? '0' : null;
  }
  const code = String(error);
  // Our own faults would be findings.
  if (
    /^(50000|AI_OP_500001|AI_OP_5000|AI_OP_4103)$/.test(code) &&
    !(code === 'AI_OP_4103' && api !== 'realName')
  ) {
    return null;
  }
  return code === 'CTAPI_10000' ? code : knownCode(api, [code]);
}
