import { type KeyObject, randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import {
  type CommandName,
  commandTopics,
  makeOrder,
  openReply,
  type Reply,
  signOrder,
} from '../commands/index.ts';
import { type DevicePublicKey, jsonOf, MenshenError, messageOf } from '../common/index.ts';
import { type DialOptions, dial } from '../mqtt/index.ts';

/** An order that has not arrived by now is not to be carried out. */
const LIFETIME_S = 30;

/** Who sends to which gate, over which broker. */
export interface SenderOptions {
  readonly connection: DialOptions;
  /** `mqtt.topic` of the gate. */
  readonly prefix: string;
  readonly gate: string;
  readonly key: { readonly id: string; readonly privateKey: KeyObject };
  /** Answers that were not signed by this key are not believed; null believes the broker. */
  readonly gateKey: DevicePublicKey | null;
  /** Level of the reply topic below `replies/`; by default the key's id. */
  readonly replyName?: string;
}

/** One command, and how long its end is waited for. */
export interface CommandRequest {
  readonly command: CommandName;
  readonly params: Record<string, unknown>;
  readonly timeoutMs: number;
  /** `prompt`: code of what the person at the door is to be told; null where that does not matter. */
  readonly onProgress: (message: string, prompt: string | null) => void;
}

export type SendRequest = SenderOptions & CommandRequest;

/**
 * Sends one command and waits for its end.
 * @throws MenshenError MQTT_..., COMMAND_NOT_ANSWERED
 */
export function sendCommand(request: SendRequest): Promise<Reply> {
  return withSender(request, (sender) => sender.send(request));
}

/** Works with one connection to the broker. @throws MenshenError MQTT_... */
export async function withSender<T>(
  options: SenderOptions,
  work: (sender: CommandSender) => Promise<T>,
): Promise<T> {
  const client = await dial(options.connection);
  try {
    const sender = new CommandSender(client, options);
    await sender.listen();
    return await work(sender);
  } finally {
    await client.endAsync();
  }
}

interface Waiting {
  readonly hear: (reply: Reply) => void;
  readonly lost: (error: MenshenError) => void;
}

/** Sends commands to one gate, one or several at a time. */
export class CommandSender {
  readonly #client: MqttClient;
  readonly #options: SenderOptions;
  readonly #topics: ReturnType<typeof commandTopics>;
  readonly #replyTo: string;
  /** By nonce. */
  readonly #waiting = new Map<string, Waiting>();
  #forged = 0;

  constructor(client: MqttClient, options: SenderOptions) {
    const { prefix, gate, key, replyName = key.id } = options;
    this.#client = client;
    this.#options = options;
    this.#topics = commandTopics(prefix, gate);
    this.#replyTo = `${this.#topics.replies}/${replyName}/${randomUUID()}`;
    client.on('message', (_topic, payload) => this.#hear(payload));
    client.on('close', () => {
      const lost = new MenshenError('MQTT_UNREACHABLE', 'The connection to the broker was lost.');
      for (const waiting of this.#waiting.values()) waiting.lost(lost);
    });
  }

  /** To be called before anything is sent. */
  async listen(): Promise<void> {
    await this.#client.subscribeAsync(this.#replyTo, { qos: 1 });
  }

  /** @throws MenshenError MQTT_UNREACHABLE, MQTT_AUTH_FAILED, COMMAND_NOT_ANSWERED */
  async send(request: CommandRequest): Promise<Reply> {
    const { gate, key } = this.#options;
    const params = jsonOf(request.params);
    const order = makeOrder({ gate, command: request.command, params, replyTo: this.#replyTo }, LIFETIME_S);
    const answered = this.#answer(order.nonce, request);
    answered.catch(() => {}); // heard below, unless the sending fails first
    const payload = signOrder(order, key.id, key.privateKey);
    const five = { responseTopic: this.#replyTo, correlationData: Buffer.from(order.nonce) };
    const options = {
      qos: 1,
      ...(this.#client.options.protocolVersion === 5 ? { properties: five } : {}),
    } as const;
    await this.#client.publishAsync(this.#topics.commands, payload, options).catch((error: unknown) => {
      const why = `The broker does not take commands for ${gate} from this account: ${messageOf(error)}.`;
      throw new MenshenError('MQTT_AUTH_FAILED', why, { cause: error });
    });
    return await answered;
  }

  /** The reply that ends the order; progress is told on the way. */
  #answer(nonce: string, { timeoutMs, onProgress }: CommandRequest): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const late = () => {
        const note = this.#forged > 0 ? ` ${this.#forged} answers came that the gate did not sign.` : '';
        const message = `No answer from ${this.#options.gate} in time.${note}`;
        settle(() => reject(new MenshenError('COMMAND_NOT_ANSWERED', message)));
      };
      const timer = setTimeout(late, timeoutMs);
      const settle = (end: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(nonce);
        end();
      };
      this.#waiting.set(nonce, {
        hear: (reply) =>
          reply.state === 'progress'
            ? onProgress(reply.message, reply.prompt ?? null)
            : settle(() => resolve(reply)),
        lost: (error) => settle(() => reject(error)),
      });
    });
  }

  /** What is not an answer to what was sent is passed over. */
  #hear(payload: Uint8Array): void {
    let reply: Reply;
    try {
      reply = openReply(payload, this.#options.gateKey);
    } catch {
      this.#forged += 1;
      return;
    }
    if (reply.gate === this.#options.gate) this.#waiting.get(reply.nonce)?.hear(reply);
  }
}
