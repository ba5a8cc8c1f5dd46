import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  APIS,
  CLOUD_APIS,
  type CloudApi,
  openEncryptedRequest,
  type Sm2PrivateKey,
} from '../../src/cloud/index.ts';

/** Keys of the test, made up. */
export const KEYS = {
  appKey: 'app-key-0123456789',
  accessKey: 'AKTEST0001',
  secretKey: 'SK-secret-7f3a9c',
} as const;

/** The manual's own examples of success, as answers. */
export const SUCCESS: Readonly<Record<CloudApi, object>> = {
  detect: {
    statusCode: 0,
    message: 'success ',
    returnObj: {
      DetectBoxes: [[1135, 181, 279, 274]],
      DetectClses: ['face'],
      DetectCount: 1,
      DetectScores: [0.6763],
      FaceAngles: [[-40.4, 1.2, 5.16]],
      LandmarkCount: 5,
      Landmarks: [[1214, 290, 1335, 289, 1273, 380, 1235, 407, 1319, 407]],
    },
  },
  attributes: {
    statusCode: 0,
    message: 'success',
    returnObj: {
      face_num: 1,
      face_list: [{ face_location: { top: 36, left: 48, width: 58, height: 72 }, gender: 'Male', age: '23' }],
    },
  },
  compare: {
    statusCode: 0,
    message: 'success',
    returnObj: {
      LandmarkA: [104, 109, 146, 112, 122, 137, 102, 146, 145, 148],
      LandmarkB: [103, 108, 147, 116, 120, 142, 99, 147, 139, 155],
      RectAList: [80, 67, 94, 116],
      RectBList: [75, 62, 104, 118],
      Score: 0.6841,
    },
  },
  silentLiveness: {
    statusCode: '0',
    message: 'success ',
    returnObj: {
      face_num: 1,
      face_list: [
        { face_location: { top: 36, left: 48, width: 58, height: 72 }, FaceAntiSpoofing: '活体人脸' },
      ],
    },
  },
  realName: {
    certToken: 'd182ca85-1111-2222-3333-868cb258ceab',
    resStr: '00XX',
    statusCode: 0,
    retMessage: '成功',
  },
  actionLiveness: {
    statusCode: 0,
    message: 'success',
    returnObj: {
      eye: 'True',
      face_left: 'False',
      face_right: 'False',
      face_updown: 'False',
      mouth: 'False',
      valid: 'True',
    },
  },
};

/** A request that passed every check. */
export interface Received {
  readonly api: CloudApi;
  readonly body: Readonly<Record<string, unknown>>;
  /** The exact bytes on the wire. */
  readonly raw: Buffer;
  readonly headers: IncomingMessage['headers'];
  readonly at: number;
}

/** Answers one request: an object is the JSON of a status 200; `undefined` when the function has answered itself. */
export type Respond = (request: Received, response: ServerResponse, socket: Socket) => object | undefined;

export interface StrictServerOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Bodies must be encrypted, and successes are. */
  readonly privateKey?: Sm2PrivateKey;
}

const FIELDS: Readonly<Record<CloudApi, readonly string[]>> = {
  detect: ['Action', 'ImageData', 'FaceThresh', 'NeedFaceAngle'],
  attributes: ['imageContent'],
  compare: ['img1Base64', 'img2Base64'],
  silentLiveness: ['imageContent'],
  realName: ['portrait', 'idNum', 'fullName'],
  actionLiveness: ['Action', 'VideoBase64', 'ActionType'],
};
const VERSION: Readonly<Partial<Record<CloudApi, string>>> = { detect: 'v3', compare: 'v2' };
const ALPHABET = { standard: /^[A-Za-z0-9+/]+={0,2}$/, url: /^[A-Za-z0-9_-]+={0,2}$/ };

/**
 * A server that holds each request to the manual, written from the manual and not from the client. What it finds wrong
 * stands in `violations`; a test is right only while that is empty.
 */
export class StrictServer {
  readonly violations: string[] = [];
  readonly received: Received[] = [];
  connections = 0;
  inFlight = 0;
  mostInFlight = 0;
  respond: Respond = (request) => SUCCESS[request.api];
  readonly #server: Server;
  readonly #options: StrictServerOptions;
  readonly #ids = new Set<string>();

  private constructor(options: StrictServerOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response);
    this.#server =
      options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async start(options: StrictServerOptions = {}): Promise<StrictServer> {
    const server = new StrictServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    response.once('close', () => {
      this.inFlight -= 1;
    });
    const at = performance.now();
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const raw = Buffer.concat(chunks);
    const api = CLOUD_APIS.find((id) => APIS[id].path === request.url);
    if (api === undefined) {
      this.violations.push(`unknown path ${request.url}`);
      response.writeHead(404).end();
      return;
    }
    this.#checkHead(api, request, raw);
    const key = this.#options.privateKey;
    const opened = key === undefined ? null : openEncryptedRequest(raw, key);
    if (opened !== null && !opened.ok) {
      this.violations.push(`${api}: ${opened.code}`);
      response.end(JSON.stringify({ statusCode: 40017, error: opened.code }));
      return;
    }
    const body: Record<string, unknown> = JSON.parse((opened?.body ?? raw).toString('utf8'));
    this.#checkBody(api, body);
    const received = { api, body, raw, headers: request.headers, at };
    this.received.push(received);
    const answer = this.respond(received, response, request.socket);
    if (answer === undefined) return;
    const text = Buffer.from(JSON.stringify(answer));
    const succeeded = 'statusCode' in answer && Number(answer.statusCode) === 0;
    response.setHeader('content-type', 'application/json');
    response.end(opened !== null && succeeded ? opened.seal(text) : text);
  }

  #checkHead(api: CloudApi, { headers, method, socket }: IncomingMessage, raw: Buffer): void {
    const wrong = (what: string) => this.violations.push(`${api}: ${what}`);
    if (method !== 'POST') wrong(`method ${method}`);
    if (headers['content-type'] !== 'application/json') wrong(`content-type ${headers['content-type']}`);
    if (headers.appkey !== KEYS.appKey) wrong('appkey');
    if (headers.host !== `127.0.0.1:${socket.localPort}`) wrong(`host ${headers.host}`);
    if (headers.version !== VERSION[api]) wrong(`version ${headers.version}`);
    if (headers.decrypted !== (this.#options.privateKey ? 'true' : undefined))
      wrong(`decrypted ${headers.decrypted}`);
    const id = String(headers['ctyun-eop-request-id']);
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)) wrong(`request id ${id}`);
    if (this.#ids.has(id)) wrong('request id used twice');
    this.#ids.add(id);
    const date = String(headers['eop-date']);
    const beijing = new Date(Date.now() + 8 * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, '');
    if (Math.abs(seconds(beijing) - seconds(date)) > 5) wrong(`eop-date ${date}, it is ${beijing}`);
    if (headers['eop-authorization'] !== expectedAuthorization(headers, raw)) wrong('signature');
  }

  #checkBody(api: CloudApi, body: Readonly<Record<string, unknown>>): void {
    const wrong = (what: string) => this.violations.push(`${api}: ${what}`);
    const unknown = Object.keys(body).filter((key) => !FIELDS[api].includes(key));
    if (unknown.length > 0) wrong(`parameters ${unknown.join(', ')}`);
    const parsed = APIS[api].request.safeParse(body);
    if (!parsed.success) wrong(parsed.error.message);
    for (const field of APIS[api].base64Fields) {
      const text = String(body[field]);
      if (!ALPHABET[APIS[api].base64].test(text))
        wrong(`${field} is not base64 in the alphabet ${APIS[api].base64}`);
      const bytes = Buffer.from(text, 'base64').length;
      if (text.length !== Math.ceil(bytes / 3) * 4) wrong(`${field} is not padded`);
      const [least, most] = api === 'realName' ? [10_240, 40_960] : [1, field === 'VideoBase64' ? 8e6 : 2e6];
      if (bytes < least || bytes > most) wrong(`${field} has ${bytes} bytes`);
    }
  }
}

/** 6.2.3 once more, from the manual's text. */
function expectedAuthorization(headers: IncomingMessage['headers'], raw: Buffer): string {
  const names = /[Hh]eaders=(\S+)/.exec(String(headers['eop-authorization']))?.[1]?.split(';') ?? [];
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const text = `${lines}\n\n${createHash('sha256').update(raw).digest('hex')}`;
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const date = String(headers['eop-date']);
  const kdate = hmac(hmac(hmac(KEYS.secretKey, date), KEYS.accessKey), date.slice(0, 8));
  const sorted = [...names].sort().join(';');
  return `${KEYS.accessKey} Headers=${sorted} Signature=${hmac(kdate, text).toString('base64')}`;
}

function seconds(eopDate: string): number {
  const [, date, hour, minute, second] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z$/.exec(eopDate) ?? [];
  return Number(date) * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}
