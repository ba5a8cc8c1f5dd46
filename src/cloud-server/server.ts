import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { CloudApi } from '../cloud/index.ts';
import { type Logger, MenshenError, messageOf } from '../common/index.ts';
import { defaultModelsDir } from '../vision/models/index.ts';
import { type Answer, gatewayFailure } from './answers.ts';
import { BodyBudget, BodyRefused } from './body.ts';
import { Calls, serviceAt, tooBusy, tooLarge } from './call.ts';
import { readCompareCurve } from './compare-curve.ts';
import { Gateway, type Head } from './gateway.ts';
import { InferencePool } from './inference/pool.ts';
import { Metrics } from './metrics.ts';
import { CloudStore } from './store/index.ts';
import { readTls, type TlsFiles } from './tls.ts';

const MEBIBYTE = 1024 * 1024;
/**
 * Bytes of a body at most: what the service takes, in base64, once more in base64 when encrypted, and room enough
 * that a picture somewhat too large gets the answer that says so.
 */
const BODY_LIMITS: Readonly<Record<CloudApi, number>> = {
  detect: 8 * MEBIBYTE,
  attributes: 8 * MEBIBYTE,
  compare: 16 * MEBIBYTE,
  silentLiveness: 8 * MEBIBYTE,
  realName: 1 * MEBIBYTE,
  actionLiveness: 20 * MEBIBYTE,
};
const BODIES = 256 * MEBIBYTE;
const MAX_CONNECTIONS = 256;
/** A whole request must be in within this, however slowly it comes. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const LOOK_FOR_SLOW_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const MAX_HEADER_BYTES = 16 * 1024;

export interface CloudServerOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Null: plain HTTP, on a loopback address only. */
  readonly tls: TlsFiles | null;
  /** Where /metrics is served; a loopback address. Null: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Default: the one that ships with Menshen. */
  readonly modelsDir?: string;
  /** Inference processes; one by default. */
  readonly processes?: number;
  /** Calls that may wait for one. */
  readonly queue?: number;
  /** Left and right in clips are as in a mirror. */
  readonly mirroredClips?: boolean;
  /** Milliseconds in which a whole request must have come. */
  readonly requestMs?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    call: { readonly api: CloudApi; readonly head: Head; free: () => void } | null;
  }
}

interface Running {
  readonly store: CloudStore;
  readonly pool: InferencePool;
  readonly app: FastifyInstance;
  readonly metrics: FastifyInstance | null;
}

/** The six services, served by our own models: a private deployment. */
export class CloudServer {
  readonly #parts: Running;

  private constructor(parts: Running) {
    this.#parts = parts;
  }

  /** Resolves when calls are taken. Throws CLOUD_SERVER_UNUSABLE, CLOUD_SERVER_STORE_UNUSABLE, KEY_*, MODEL*. */
  static async start(options: CloudServerOptions): Promise<CloudServer> {
    const { dataDir, log, modelsDir = defaultModelsDir() } = options;
    checkHosts(options);
    const opened: (() => unknown)[] = [];
    try {
      const store = CloudStore.open(dataDir);
      opened.push(() => store.close());
      const gateway = new Gateway(store);
      const curve = await readCompareCurve(modelsDir);
      const pool = await InferencePool.start({
        processes: options.processes ?? 1,
        queue: options.queue ?? 32,
        modelsDir,
        mirroredClips: options.mirroredClips ?? false,
        log,
      });
      opened.push(() => pool.close());
      const budget = new BodyBudget(BODIES);
      const metrics = new Metrics(pool, budget);
      const tools = { pool, register: store.register, curve, now: () => new Date() };
      const calls = new Calls({ gateway, store, tools, metrics, log });
      const app = await listen(serve({ options, gateway, calls, budget }), options.host, options.port);
      opened.push(() => app.close());
      const page = options.metrics === null ? null : await listenForMetrics(metrics, options.metrics);
      return new CloudServer({ store, pool, app, metrics: page });
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  /** The port in use. */
  get port(): number {
    return portOf(this.#parts.app);
  }

  get metricsPort(): number | null {
    return this.#parts.metrics === null ? null : portOf(this.#parts.metrics);
  }

  /** Applications, packages, counts and register of this server. */
  get store(): CloudStore {
    return this.#parts.store;
  }

  /** Process ids of the inference processes. */
  get pids(): readonly number[] {
    return this.#parts.pool.pids;
  }

  /** Answers what is under way, and ends. */
  async stop(): Promise<void> {
    const { app, metrics, pool, store } = this.#parts;
    await app.close();
    await metrics?.close();
    await pool.close();
    store.close();
  }
}

/** Without TLS pictures and keys would cross the network in the clear. */
function checkHosts({ tls, host, metrics }: CloudServerOptions): void {
  const refuse = (what: string) => new MenshenError('CLOUD_SERVER_UNUSABLE', what);
  if (tls === null && !isLoopback(host)) {
    throw refuse(
      `Plain HTTP is served on loopback addresses only, and ${host} is none. Give --cert and --key, or --self-signed.`,
    );
  }
  if (metrics !== null && !isLoopback(metrics.host)) {
    throw refuse(`/metrics is served on loopback addresses only, and ${metrics.host} is none.`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

interface Parts {
  readonly options: CloudServerOptions;
  readonly gateway: Gateway;
  readonly calls: Calls;
  readonly budget: BodyBudget;
}

function serve({ options, gateway, calls, budget }: Parts): FastifyInstance {
  const { log } = options;
  const app = fastify({
    serverFactory: (handler) => createServer(handler, options),
    // Signatures cover the query as it was sent; nothing of it is of use to the services.
    routerOptions: { querystringParser: () => ({}) },
    exposeHeadRoutes: false,
    bodyLimit: Math.max(...Object.values(BODY_LIMITS)) + 1,
    return503OnClosing: false,
    forceCloseConnections: true,
  });
  app.decorateRequest('call', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    const { call } = request;
    if (call === null) return Buffer.alloc(0);
    const read = await budget.read(request.raw, BODY_LIMITS[call.api]);
    call.free = read.free;
    void payload;
    return read.body;
  });

  const refuse = (reply: FastifyReply, api: CloudApi | 'none', head: Head | null, answer: Answer) => {
    const bytes = Buffer.from(JSON.stringify(answer.body));
    calls.count(head?.app ?? null, api, answer, reply.elapsedTime, 0, bytes.length);
    return send(reply, answer.status, bytes);
  };

  app.addHook('onRequest', async (request, reply) => {
    const path = request.raw.url?.split('?')[0] ?? '';
    const api = serviceAt(request.method, path, request.headers);
    if (typeof api !== 'string') return refuse(reply, 'none', null, api);
    const head = gateway.admitHead(request.headers, new Date());
    if ('status' in head) return refuse(reply, api, null, head);
    request.call = { api, head, free: () => {} };
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > BODY_LIMITS[api]) return refuse(reply, api, head, tooLarge(api));
  });
  app.addHook('onResponse', async (request) => request.call?.free());
  app.addHook('onRequestAbort', async (request) => request.call?.free());

  app.setErrorHandler((error, request, reply) => {
    const { call } = request;
    if (call !== null && error instanceof BodyRefused) {
      const answer = error.why === 'large' ? tooLarge(call.api) : tooBusy(call.api);
      return refuse(reply, call.api, call.head, answer);
    }
    // Connections that break off are everyday; the rest is ours.
    if (!request.raw.destroyed) log.warn({ err: messageOf(error) }, 'a request could not be read');
    return refuse(reply, call?.api ?? 'none', call?.head ?? null, gatewayFailure('50000'));
  });

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { call } = request;
    if (call === null) return refuse(reply, 'none', null, gatewayFailure('50000'));
    const { status, bytes } = await calls.answer({
      ...call,
      headers: request.headers,
      query: request.raw.url?.split('?').slice(1).join('?') ?? '',
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      address: request.ip,
    });
    call.free();
    return send(reply, status, bytes);
  };
  app.all('/*', answer);
  app.setNotFoundHandler(answer);
  return app;
}

function send(reply: FastifyReply, status: number, bytes: Buffer): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(bytes);
}

function createServer(handler: RequestListener, options: CloudServerOptions): Server {
  const requestTimeout = options.requestMs ?? REQUEST_MS;
  const limits = {
    requestTimeout,
    headersTimeout: Math.min(HEADERS_MS, requestTimeout),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: LOOK_FOR_SLOW_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server =
    options.tls === null
      ? createHttp(limits, handler)
      : createHttps({ ...limits, ...readTls(options.tls), minVersion: 'TLSv1.2' }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function listenForMetrics(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<FastifyInstance> {
  const app = fastify();
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return listen(app, host, port);
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<FastifyInstance> {
  try {
    await app.listen({ host, port });
    return app;
  } catch (error) {
    await app.close();
    throw new MenshenError(
      'CLOUD_SERVER_UNUSABLE',
      `${host}:${port} cannot be listened on: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function portOf(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
