import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { MenshenError, messageOf, monotonicMs } from '../../common/index.ts';
import type { LineChange, SimulatedLines } from './simulated.ts';

const line = z.number().int().min(0).max(65_535);

/** What may be said to the control socket, one JSON object a line; docs/reference/door.md has the examples. */
const RequestSchema = z.union([
  z.strictObject({ line, level: z.union([z.literal(0), z.literal(1)]) }),
  z.strictObject({ get: line }),
  z.strictObject({ release: line }),
  z.strictObject({ subscribe: z.literal(true) }),
]);
type Request = z.infer<typeof RequestSchema>;

const MAX_LINE_BYTES = 4096;
const MAX_CLIENTS = 32;
/** A client that does not read its answers is dropped when this much waits for it. */
const MAX_BACKLOG_BYTES = 1 << 20;

/** The unix socket, mode 0600, through which a test or a person works the simulated lines. Nothing a client sends can harm the process. */
export class ControlSocket {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws MenshenError GPIO_UNAVAILABLE when the path cannot be used. */
  static async listen(path: string, lines: SimulatedLines): Promise<ControlSocket> {
    try {
      await removeStale(path);
      const server = createServer();
      const control = new ControlSocket(server);
      server.on('connection', (socket) => control.#serve(socket, lines));
      await bind(server, path);
      server.on('error', () => {});
      return control;
    } catch (error) {
      throw new MenshenError(
        'GPIO_UNAVAILABLE',
        `the control socket ${path} of the simulated lines cannot be opened: ${messageOf(error)}; choose another simulator.socket`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket, lines: SimulatedLines): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    this.#clients.add(socket);
    const client = new Client(socket, lines);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => client.receive(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#clients.delete(socket);
      client.end();
    });
  }
}

class Client {
  readonly #socket: Socket;
  readonly #lines: SimulatedLines;
  #buffer = '';
  #unsubscribe: (() => void) | null = null;

  constructor(socket: Socket, lines: SimulatedLines) {
    this.#socket = socket;
    this.#lines = lines;
  }

  receive(text: string): void {
    this.#buffer += text;
    for (let end = this.#buffer.indexOf('\n'); end !== -1; end = this.#buffer.indexOf('\n')) {
      const request = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 1);
      if (request.trim() !== '') this.#answer(request);
    }
    if (this.#buffer.length > MAX_LINE_BYTES) this.#socket.destroy();
  }

  end(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #answer(text: string): void {
    const request = parseRequest(text);
    if (request === null) {
      this.#send({
        ok: false,
        error: 'expected {"line":N,"level":0|1}, {"get":N}, {"release":N} or {"subscribe":true}',
      });
      return;
    }
    if ('level' in request) {
      const at = monotonicMs();
      if (this.#lines.setInput(request.line, request.level)) this.#send({ ok: true, at });
      else this.#send({ ok: false, error: `line ${request.line} is an output` });
    } else if ('get' in request) {
      this.#sendPin(request.get);
    } else if ('release' in request) {
      if (this.#lines.rest(request.release)) this.#send({ ok: true });
      else this.#send({ ok: false, error: `line ${request.release} is no output` });
    } else {
      this.#subscribe();
    }
  }

  #sendPin(line: number): void {
    const pin = this.#lines.get(line);
    if (pin === null) this.#send({ ok: false, error: `nothing has opened line ${line}` });
    else this.#send({ ok: true, ...pin });
  }

  #subscribe(): void {
    this.#send({ ok: true, outputs: this.#lines.outputs() });
    this.#unsubscribe ??= this.#lines.subscribe((change: LineChange) => this.#send(change));
  }

  #send(message: object): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    if (this.#socket.writableLength > MAX_BACKLOG_BYTES) this.#socket.destroy();
    else this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

function parseRequest(text: string): Request | null {
  if (text.length > MAX_LINE_BYTES) return null;
  try {
    return RequestSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function bind(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Node binds within the call, so the socket never exists with wider permissions.
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
  chmodSync(path, 0o600);
}

/** Takes away the socket of a process that is gone; leaves everything else alone. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error('the path exists and is no socket');
  if (await answers(path)) throw new Error('another process listens there');
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
