import { randomUUID } from 'node:crypto';
import { parseJson } from '../common/index.ts';
import { APIS, type CloudApi } from './api/index.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { RequestEnvelope } from './envelope/index.ts';
import { type Reading, readAnswer } from './response.ts';
import { type RawAnswer, type Transport, TransportFailure } from './transport.ts';

/** The headers that sign a request: the signature, eop-date and what else is signed. */
export type SignRequest = (request: {
  readonly requestId: string;
  /** Headers that are sent and may be signed too; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}) => Readonly<Record<string, string>>;

/** Keys for one encrypted call, wrapped ahead of need; an `EnvelopeKeyPool` hands them out. */
export type TakeEnvelope = (signal: AbortSignal) => Promise<RequestEnvelope>;

/** Bytes to send, and what opens the answer to them where they are encrypted. */
export interface Packed {
  readonly body: Buffer;
  readonly envelope: RequestEnvelope | null;
}

/** A request ready to go; its signature ages. */
export interface Signed extends Packed {
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came of a request. */
export interface Exchange<Id extends CloudApi> {
  readonly reading: Reading<Id>;
  /** The service answered, or got all of the request: it may have carried it out, and charges for it. */
  readonly mayHaveRun: boolean;
}

export interface WireOptions {
  readonly appKey: string;
  readonly transport: Transport;
  readonly clocks: ClockWatch;
  readonly sign: SignRequest;
  /** Given where bodies are encrypted. */
  readonly takeEnvelope?: TakeEnvelope;
}

/** One request by the manual's 6.2: encrypted if need be, signed, sent, and its answer opened and read. */
export class Wire {
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** The bytes to send. Rejects when they cannot be encrypted, or with the signal's reason. */
  async pack(body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Packed> {
    const clear = Buffer.from(JSON.stringify(body));
    const envelope = await this.#options.takeEnvelope?.(signal);
    return envelope === undefined
      ? { body: clear, envelope: null }
      : { body: envelope.seal(clear), envelope };
  }

  sign(api: CloudApi, packed: Packed): Signed {
    const requestId = randomUUID();
    const { version } = APIS[api];
    const headers = {
      'content-type': 'application/json',
      'ctyun-eop-request-id': requestId,
      appkey: this.#options.appKey,
      host: this.#options.transport.host,
      ...(version !== null && { version }),
      ...(packed.envelope !== null && { decrypted: 'true' }),
    };
    const signature = this.#options.sign({ requestId, headers, body: packed.body });
    return { ...packed, requestId, headers: { ...headers, ...signature } };
  }

  /** Never rejects for what the network or the endpoint does. `onSent` is called when the whole request went out. */
  async send<Id extends CloudApi>(
    api: Id,
    { headers, body, envelope }: Signed,
    signal: AbortSignal,
    onSent: () => void,
  ): Promise<Exchange<Id>> {
    const sentAt = Date.now();
    try {
      const raw = await this.#options.transport.post(APIS[api].path, headers, body, signal, onSent);
      this.#options.clocks.read(raw.date, sentAt);
      return { reading: read(api, raw, envelope), mayHaveRun: true };
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      const { code, message, mayHaveRun } = error;
      return { reading: { ok: false, code, said: message }, mayHaveRun };
    }
  }
}

/**
 * A success that came in clear although encryption was asked for is not believed: whoever sits between could have
 * written it. Errors come in clear by design.
 */
function read<Id extends CloudApi>(api: Id, raw: RawAnswer, envelope: RequestEnvelope | null): Reading<Id> {
  const inClear = readAnswer(api, raw.status, parseJson(raw.body));
  if (envelope === null) return inClear;
  if (inClear.ok) return { ok: false, code: 'ENVELOPE_MISSING', said: '' };
  try {
    const { encrypted, body } = envelope.open(raw.body);
    return encrypted ? readAnswer(api, raw.status, parseJson(body)) : inClear;
  } catch {
    return { ok: false, code: 'ENVELOPE_ALTERED', said: '' };
  }
}
