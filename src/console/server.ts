import { createServer, type ServerResponse } from 'node:http';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { monotonicMs } from '../common/index.ts';
import { PromptBoard } from './board.ts';
import type { Prompt } from './catalogue.ts';
import { doorPage, indexPage, SCRIPT, STYLE } from './page.ts';

const MAX_CONNECTIONS = 64;
/** Displays that listen at a time. */
const MAX_STREAMS = 32;
/** A display that takes nothing any more is let go, bytes. */
const MAX_WAITING_BYTES = 1 << 16;
/** Says that the stream is alive, to both ends. */
const BEAT_MS = 10_000;
const REQUEST_MS = 5000;
const MAX_HEADER_BYTES = 8192;

/** Nothing may be loaded from elsewhere, framed elsewhere, or read from elsewhere. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * The page for the displays at the doors, and the stream of prompts behind it (server-sent events). It only tells:
 * nothing that is sent to it has any effect but the answer.
 */
export class ConsoleServer {
  readonly #app: FastifyInstance;
  readonly #board: PromptBoard;
  readonly #streams = new Map<ServerResponse, string>();
  #beat: NodeJS.Timeout | null = null;

  constructor(doors: readonly string[]) {
    this.#board = new PromptBoard(doors);
    this.#app = this.#build();
  }

  /** Listens; gives the port. Throws when the address cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    await this.#app.listen({ host, port });
    this.#beat = setInterval(() => this.#tellAll(':\n\n'), BEAT_MS);
    const address = this.#app.server.address();
    return address === null || typeof address === 'string' ? port : address.port;
  }

  show(prompt: Prompt): void {
    this.#board.put(prompt, monotonicMs());
    for (const [stream, door] of this.#streams) if (door === prompt.door) this.#tell(stream, door);
  }

  async close(): Promise<void> {
    clearInterval(this.#beat ?? undefined);
    for (const stream of this.#streams.keys()) stream.destroy();
    await this.#app.close();
  }

  #build(): FastifyInstance {
    const limits = {
      ...{ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
      ...{ connectionsCheckingInterval: 1000, maxHeaderSize: MAX_HEADER_BYTES },
    };
    const app = fastify({
      serverFactory: (handler) => {
        const server = createServer(limits, handler);
        server.maxConnections = MAX_CONNECTIONS;
        return server;
      },
      ...{ bodyLimit: 1, exposeHeadRoutes: false, forceCloseConnections: true },
      frameworkErrors: (_error, _request, reply) => void text(reply, 400, 'Malformed request'),
    });
    app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
    app.setErrorHandler((error: { statusCode?: number }, _request, reply) =>
      text(reply, error.statusCode ?? 500, 'Refused'),
    );
    app.setNotFoundHandler((_request, reply) => text(reply, 404, 'Not found'));
    app.get('/', (_request, reply) => send(reply, 'text/html', indexPage(this.#board.doors)));
    app.get('/console.css', (_request, reply) => send(reply, 'text/css', STYLE));
    app.get('/console.js', (_request, reply) => send(reply, 'text/javascript', SCRIPT));
    app.get<{ Params: { door: string } }>('/doors/:door', ({ params: { door } }, reply) =>
      this.#board.has(door) ? send(reply, 'text/html', doorPage(door)) : text(reply, 404, 'Not found'),
    );
    app.get<{ Params: { door: string } }>('/doors/:door/prompts', ({ params: { door } }, reply) => {
      if (!this.#board.has(door)) return text(reply, 404, 'Not found');
      if (this.#streams.size >= MAX_STREAMS) return text(reply, 503, 'Too many displays');
      return this.#stream(reply, door);
    });
    return app;
  }

  #stream(reply: FastifyReply, door: string): void {
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    raw.write('retry: 1000\n\n');
    this.#streams.set(raw, door);
    raw.on('close', () => this.#streams.delete(raw));
    raw.on('error', () => raw.destroy());
    this.#tell(raw, door);
  }

  #tell(stream: ServerResponse, door: string): void {
    this.#write(stream, `event: prompt\ndata: ${JSON.stringify(this.#board.at(door, monotonicMs()))}\n\n`);
  }

  #tellAll(message: string): void {
    for (const stream of this.#streams.keys()) this.#write(stream, message);
  }

  #write(stream: ServerResponse, message: string): void {
    if (stream.writableLength > MAX_WAITING_BYTES) stream.destroy();
    else stream.write(message);
  }
}

function send(reply: FastifyReply, type: string, body: string): FastifyReply {
  return reply.type(`${type}; charset=utf-8`).send(body);
}

function text(reply: FastifyReply, status: number, body: string): FastifyReply {
  return send(reply.headers(HEADERS).code(status), 'text/plain', body);
}
