import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { CloudApi } from '../cloud/index.ts';
import { type Logger, messageOf } from '../common/index.ts';
import { type Answer, gatewayFailure, notFound } from './answers.ts';
import { type BodyBudget, BodyRefused } from './body.ts';
import { type Calls, serviceAt, tooBusy, tooLarge } from './call.ts';
import type { Gateway, Head } from './gateway.ts';
import type { readTls } from './tls.ts';

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
/** Bytes of bodies that all calls together may hold. */
export const BODIES = 256 * MEBIBYTE;
const MAX_CONNECTIONS = 256;
/** A whole request must be in within this, however slowly it comes. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const LOOK_FOR_SLOW_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const MAX_HEADER_BYTES = 16 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    call: { readonly api: CloudApi; readonly head: Head; free: () => void } | null;
  }
}

/** Certificate and key; null for plain HTTP. */
export type TlsKeys = ReturnType<typeof readTls> | null;

export interface HttpParts {
  readonly log: Logger;
  /** Milliseconds in which a whole request must have come; 30 s by default. */
  readonly requestMs?: number;
  readonly tls: TlsKeys;
  readonly gateway: Gateway;
  readonly calls: Calls;
  readonly budget: BodyBudget;
}

/** The HTTP side: judges headers before it reads bodies, bodies before it answers. Not listening yet. */
export function serve({ log, requestMs, tls, gateway, calls, budget }: HttpParts): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => createServer(handler, tls, requestMs ?? REQUEST_MS),
    // Signatures cover the query as it was sent; nothing of it is of use to the services.
    routerOptions: { querystringParser: () => ({}) },
    exposeHeadRoutes: false,
    bodyLimit: Math.max(...Object.values(BODY_LIMITS)) + 1,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error, _request, reply) => {
      const { status, body } = notFound('The URL is malformed.');
      void send(reply, status, Buffer.from(JSON.stringify(body)));
    },
  });
  app.decorateRequest('call', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async ({ call, raw }: FastifyRequest) => {
    if (call === null) return Buffer.alloc(0);
    const read = await budget.read(raw, BODY_LIMITS[call.api]);
    call.free = read.free;
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

function createServer(handler: RequestListener, tls: TlsKeys, requestTimeout: number): Server {
  const limits = {
    requestTimeout,
    headersTimeout: Math.min(HEADERS_MS, requestTimeout),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: LOOK_FOR_SLOW_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server =
    tls === null
      ? createHttp(limits, handler)
      : createHttps({ ...limits, ...tls, minVersion: 'TLSv1.2' }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}
