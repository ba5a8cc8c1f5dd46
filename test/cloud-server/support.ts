import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  APIS,
  CLOUD_APIS,
  type CloudApi,
  type SignRequestOptions,
  signRequest,
} from '../../src/cloud/index.ts';
import { CloudServer, type CloudServerOptions, type NewApp } from '../../src/cloud-server/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { defaultModelsDir } from '../../src/vision/models/index.ts';

/** Real clips of people are no part of the project. */
export const VIDEOS = join(import.meta.dirname, '../../../shared/data/videos');
export const NO_VIDEOS = !existsSync(join(VIDEOS, 'live-blink-A.mp4'));

/** Set-up brings the sample pictures and the networks. */
export const READY =
  existsSync('.cache/demo/sample1.jpg') && existsSync(join(defaultModelsDir(), 'fr_age.onnx'));

/** Faces of the samples as left, top, width, height; `ann` and `annTilted` are the same woman. */
const FACES = {
  ann: [3, 1072, 209, 231, 292],
  annTilted: [1, 1461, 214, 235, 224],
  bea: [3, 586, 317, 209, 290],
  dan: [6, 672, 320, 177, 308],
} as const;
export type Somebody = keyof typeof FACES;

/** A portrait cut out of a sample, as JPEG of this quality and height. */
export function portrait(who: Somebody, quality = 90, height = 480): Promise<Buffer> {
  const [sample, x, y, width, tall] = FACES[who];
  return sharp(readFileSync(`.cache/demo/sample${sample}.jpg`))
    .extract({
      left: Math.max(0, Math.round(x - width * 0.5)),
      top: Math.max(0, Math.round(y - tall * 0.5)),
      width: width * 2,
      height: tall * 2,
    })
    .resize({ height })
    .jpeg({ quality })
    .toBuffer();
}

/** A JPEG without any face. */
export function wall(): Promise<Buffer> {
  return sharp({ create: { width: 320, height: 240, channels: 3, background: '#7a8a6a' } })
    .jpeg()
    .toBuffer();
}

export interface House {
  readonly server: CloudServer;
  readonly dataDir: string;
  /** An application that may call everything often. */
  readonly app: NewApp;
  stop(): Promise<void>;
}

/** A server on loopback, with an application. */
export async function openHouse(options: Partial<CloudServerOptions> = {}): Promise<House> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'menshen-cloud-'));
  const server = await CloudServer.start({
    log: createLogger('test', 'silent'),
    host: '127.0.0.1',
    port: 0,
    tls: null,
    metrics: null,
    ...options,
    dataDir,
  });
  const app = addApp(server, { qps: 1000 });
  return {
    server,
    dataDir,
    app,
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export function addApp(
  server: CloudServer,
  options: {
    apis?: readonly CloudApi[];
    calls?: number;
    qps?: number;
    validDays?: number;
    addresses?: { api: CloudApi | null; network: string }[];
  } = {},
): NewApp {
  const { apis = CLOUD_APIS, calls = 1_000_000, validDays = 365, ...rest } = options;
  return server.store.apps.add({ name: 'test', apis, calls, validDays, ...rest }, new Date());
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** The body as JSON; `{}` when it is none. */
  readonly json: Record<string, unknown>;
}

export interface Sending {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that are not to be sent. */
  readonly without?: readonly string[];
  readonly sign?: Partial<SignRequestOptions>;
}

/** Signs and sends a body as it stands. */
export function post(
  house: House,
  api: CloudApi,
  body: Uint8Array,
  how: Sending = {},
  app = house.app,
): Promise<Reply> {
  const signed = signRequest({ ...app, body, now: new Date(), ...how.sign });
  const { version, path } = APIS[api];
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    appkey: app.appKey,
    ...(version !== null && { version }),
    ...signed.headers,
    ...how.headers,
  };
  for (const name of how.without ?? []) delete headers[name];
  const query = signed.query === '' ? '' : `?${signed.query}`;
  return send(house.server.port, how.method ?? 'POST', `${how.path ?? path}${query}`, headers, body);
}

/** Calls a service with a body of any shape. */
export function call(
  house: House,
  api: CloudApi,
  body: unknown,
  how: Sending = {},
  app = house.app,
): Promise<Reply> {
  return post(house, api, Buffer.from(JSON.stringify(body) ?? ''), how, app);
}

export function send(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = requestHttp(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, 'content-length': body.length } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes,
            json: jsonOf(bytes),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function jsonOf(bytes: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    return typeof json === 'object' && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}
