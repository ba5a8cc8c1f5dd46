import { APIS, type CloudApi, openEncryptedRequest } from '../cloud/index.ts';
import { type Logger, messageOf, monotonicMs, parseJson } from '../common/index.ts';
import {
  type Answer,
  envelopeFailure,
  gatewayFailure,
  internalFailure,
  notFound,
  serviceFailure,
  throttled,
} from './answers.ts';
import type { Gateway, Head, Headers } from './gateway.ts';
import type { Metrics } from './metrics.ts';
import { SERVICES, type Tools } from './services/index.ts';
import type { CloudStore, LiveApp } from './store/index.ts';

export interface Incoming {
  readonly api: CloudApi;
  readonly head: Head;
  readonly headers: Headers;
  readonly query: string;
  readonly body: Buffer;
  readonly address: string;
}

/** What goes out: the bytes of the body, encrypted where that was asked for. */
export interface Outgoing {
  readonly status: number;
  readonly bytes: Buffer;
}

/** From a call whose headers are right to the bytes of its answer, counted. */
export class Calls {
  readonly #gateway: Gateway;
  readonly #store: CloudStore;
  readonly #tools: Tools;
  readonly #metrics: Metrics;
  readonly #log: Logger;

  constructor(parts: { gateway: Gateway; store: CloudStore; tools: Tools; metrics: Metrics; log: Logger }) {
    this.#gateway = parts.gateway;
    this.#store = parts.store;
    this.#tools = parts.tools;
    this.#metrics = parts.metrics;
    this.#log = parts.log;
  }

  /** Never throws. */
  async answer(call: Incoming): Promise<Outgoing> {
    const begun = monotonicMs();
    const { answer, seal } = await this.#judge(call).catch((error: unknown) => {
      this.#log.error({ api: call.api, err: messageOf(error) }, 'a call failed');
      return { answer: internalFailure(call.api), seal: null };
    });
    const plain = Buffer.from(JSON.stringify(answer.body));
    const bytes = seal === null || answer.code !== '0' ? plain : seal(plain);
    this.count(call.head.app, call.api, answer, monotonicMs() - begun, call.body.length, bytes.length);
    return { status: answer.status, bytes };
  }

  /** Counts an answer. */
  count(
    app: LiveApp | null,
    api: CloudApi | 'none',
    answer: Answer,
    milliseconds: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    this.#metrics.count(api, answer.code, milliseconds);
    this.#log.debug({ api, code: answer.code, milliseconds: Math.round(milliseconds) }, 'answered');
    if (app === null || api === 'none') return;
    const { appKey } = app;
    const { code, served: charged } = answer;
    this.#store.usage.count(
      { appKey, api, code, charged, milliseconds, bytesIn, bytesOut },
      this.#tools.now(),
    );
  }

  async #judge(call: Incoming): Promise<{ answer: Answer; seal: ((answer: Uint8Array) => Buffer) | null }> {
    const admission = this.#gateway.admit(call.head, { ...call, now: this.#tools.now() });
    if ('status' in admission) return { answer: admission, seal: null };
    const opened = openBody(call, admission.app);
    if ('status' in opened) return { answer: opened, seal: null };
    const service = SERVICES[call.api];
    const json = parseJson(opened.body);
    const answer = json === undefined ? service.notJson() : await service.serve(json, this.#tools);
    if (!answer.served) admission.refund();
    return { answer, seal: opened.seal };
  }
}

interface Opened {
  readonly body: Buffer;
  readonly seal: ((answer: Uint8Array) => Buffer) | null;
}

function openBody({ headers, body }: Incoming, app: LiveApp): Opened | Answer {
  if (
    String(headers.decrypted ?? '')
      .trim()
      .toLowerCase() !== 'true'
  )
    return { body, seal: null };
  const opened = openEncryptedRequest(body, app.privateKey);
  return opened.ok ? { body: opened.body, seal: opened.seal } : envelopeFailure(opened);
}

/** Which service stands at a path, or the refusal of the gateway. `version`: the header. */
export function serviceAt(method: string, path: string, headers: Headers): CloudApi | Answer {
  const found = Object.values(APIS).find((api) => api.path === path);
  if (found === undefined) return nothingAt(path);
  if (method !== 'POST') return gatewayFailure('40008', 'The services take POST.');
  const type = String(headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  if (type !== 'application/json') return gatewayFailure('40008', 'Content-Type must be application/json.');
  if (found.version !== null && headers.version !== found.version) {
    return notFound(`This service needs the header version: ${found.version}.`);
  }
  return found.id;
}

function nothingAt(path: string): Answer {
  const service = /^\/v1\/aiop\/api\/([^/]+)\//.exec(path)?.[1];
  if (service === undefined) return notFound('There is no API at this path.');
  const known = Object.values(APIS).some((api) => api.path.split('/')[4] === service);
  return known
    ? gatewayFailure('50003', 'The service has no such URL.')
    : gatewayFailure('50001', 'There is no such service.');
}

/** The answer to a body larger than any that can be right. Nothing is charged: its signature was never seen. */
export function tooLarge(api: CloudApi): Answer {
  return { ...LARGE[api](), served: false };
}

const LARGE: Readonly<Record<CloudApi, () => Answer>> = {
  detect: () => serviceFailure('detect', 'AI_OP_400013'),
  attributes: () => serviceFailure('attributes', 'AI_OP_4103'),
  compare: () => serviceFailure('compare', 'AI_OP_400013'),
  silentLiveness: () => serviceFailure('silentLiveness', 'AI_OP_4103'),
  realName: () => serviceFailure('realName', 'AI_OP_4002'),
  actionLiveness: () => serviceFailure('actionLiveness', 'AI_OP_400012'),
};

export function tooBusy(api: CloudApi): Answer {
  return throttled(api, 'The server is busy.');
}
