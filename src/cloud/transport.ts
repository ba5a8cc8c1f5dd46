import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LocalCode } from './catalogue.ts';

/** The largest true answer: 2000 faces with everything, encrypted, are about 0.8 MB. */
export const MAX_RESPONSE_BYTES = 2 * 1024 * 1024;

/** An idle connection is kept this long: shorter than servers and gateways commonly do. */
const KEEP_MS = 4000;

export interface TransportOptions {
  /** `https://host[:port]`; http for this machine itself. */
  readonly endpoint: string;
  /** PEM of the CA that signed the endpoint's certificate; the system's by default. */
  readonly ca?: string;
  readonly connections: number;
}

/** What came back, whatever its status. */
export interface RawAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The header `Date`, as it stands. */
  readonly date: string | undefined;
}

/** Why nothing usable came back. */
export class TransportFailure extends Error {
  readonly code: LocalCode;
  /** The whole request went out, or an answer began: the service may have carried it out. */
  readonly mayHaveRun: boolean;

  constructor(code: LocalCode, message: string, mayHaveRun: boolean) {
    super(message);
    this.name = 'TransportFailure';
    this.code = code;
    this.mayHaveRun = mayHaveRun;
  }
}

/** POSTs over kept connections. Redirects are not followed; an answer is read up to `MAX_RESPONSE_BYTES`. */
export class Transport {
  readonly #endpoint: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: TransportOptions) {
    this.#endpoint = new URL(options.endpoint);
    const keep = {
      keepAlive: true,
      maxSockets: options.connections,
      timeout: KEEP_MS,
      scheduling: 'lifo' as const,
    };
    this.#agent = this.#isTls
      ? new HttpsAgent({
          ...keep,
          minVersion: 'TLSv1.2',
          ...(options.ca !== undefined && { ca: options.ca }),
        })
      : new HttpAgent(keep);
  }

  /** Host as it stands in the header `host`. */
  get host(): string {
    return this.#endpoint.host;
  }

  /**
   * Sends `body` and reads the answer. `signal` ends it at any moment, with its reason's code;
   * `onSent` is called when the whole request went out.
   * @throws TransportFailure UNREACHABLE, TLS_FAILED, RESPONSE_TOO_LARGE, DEADLINE, CANCELLED.
   */
  post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal,
    onSent: () => void = () => {},
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      let sent = false;
      let answered = false;
      const send = this.#isTls ? requestHttps : requestHttp;
      const request = send(new URL(path, this.#endpoint), {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, 'content-length': body.length },
      });
      const end = (failure: TransportFailure) => {
        signal.removeEventListener('abort', abort);
        reject(failure);
        request.destroy();
      };
      // Given up after all was sent: the service may carry it out and charge for it all the same.
      const abort = () => end(new TransportFailure(codeOfAbort(signal), '', sent || answered));
      signal.addEventListener('abort', abort, { once: true });
      request.once('finish', () => {
        sent = true;
        onSent();
      });
      request.on('error', (error) => end(networkFailure(error, answered)));
      request.once('response', (response) => {
        answered = true;
        collect(response, request).then(
          (answer) => {
            signal.removeEventListener('abort', abort);
            resolve(answer);
          },
          (error: unknown) => end(error instanceof TransportFailure ? error : networkFailure(error, true)),
        );
      });
      if (signal.aborted) abort();
      else request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  get #isTls(): boolean {
    return this.#endpoint.protocol === 'https:';
  }
}

async function collect(response: IncomingMessage, request: ClientRequest): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response) {
    received += chunk.length;
    if (received > MAX_RESPONSE_BYTES) {
      request.destroy();
      throw new TransportFailure('RESPONSE_TOO_LARGE', `More than ${MAX_RESPONSE_BYTES} bytes came.`, true);
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw new TransportFailure('UNREACHABLE', 'The answer broke off.', true);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks), date: response.headers.date };
}

/** The reason given to `abort()` says which it was. */
function codeOfAbort(signal: AbortSignal): 'DEADLINE' | 'CANCELLED' {
  const { reason } = signal;
  return reason instanceof DOMException && reason.name === 'TimeoutError' ? 'DEADLINE' : 'CANCELLED';
}

/** Only the code of the error goes on: its message can hold what the other side sent. */
function networkFailure(error: unknown, answered: boolean): TransportFailure {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
  const isTls =
    /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/.test(
      code,
    );
  return isTls
    ? new TransportFailure('TLS_FAILED', `TLS says ${code}.`, false)
    : new TransportFailure('UNREACHABLE', `The network says ${code}.`, answered);
}
