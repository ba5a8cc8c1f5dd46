import { type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import {
  type CommandName,
  commandTopics,
  makeOrder,
  openReply,
  type Reply,
  signOrder,
} from '../commands/index.ts';
import { type DevicePublicKey, MenshenError, messageOf } from '../common/index.ts';

const CONNECT_MS = 10_000;
/** An order that has not arrived by now is not to be carried out. */
const LIFETIME_S = 30;

export interface SendRequest {
  readonly connection: {
    readonly url: string;
    readonly version: 4 | 5;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly caFile?: string | undefined;
    readonly certFile?: string | undefined;
    readonly keyFile?: string | undefined;
  };
  /** `mqtt.topic` of the gate. */
  readonly prefix: string;
  readonly gate: string;
  readonly command: CommandName;
  readonly params: Record<string, unknown>;
  readonly key: { readonly id: string; readonly privateKey: KeyObject };
  /** Answers that were not signed by this key are not believed; null believes the broker. */
  readonly gateKey: DevicePublicKey | null;
  /** Level of the reply topic below `replies/`; by default the key's id. */
  readonly replyName?: string;
  readonly timeoutMs: number;
  readonly onProgress: (message: string) => void;
}

/**
 * Sends one command and waits for its end.
 * @throws MenshenError MQTT_UNREACHABLE, MQTT_AUTH_FAILED, COMMAND_NOT_ANSWERED
 */
export async function sendCommand(request: SendRequest): Promise<Reply> {
  const { connection, prefix, gate, command, params, key } = request;
  const topics = commandTopics(prefix, gate);
  const replyTo = `${topics.replies}/${request.replyName ?? key.id}/${randomUUID()}`;
  const client = await dial(connection);
  try {
    const order = makeOrder({ gate, command, params: jsonOf(params), replyTo }, LIFETIME_S);
    const answered = answer(client, request, order.nonce);
    answered.catch(() => {}); // heard below, unless the sending fails first
    await client.subscribeAsync(replyTo, { qos: 1 });
    const payload = signOrder(order, key.id, key.privateKey);
    const five = { properties: { responseTopic: replyTo, correlationData: Buffer.from(order.nonce) } };
    const options = { qos: 1, ...(connection.version === 5 ? five : {}) } as const;
    await client.publishAsync(topics.commands, payload, options).catch((error: unknown) => {
      const why = `The broker does not take commands for ${gate} from this account: ${messageOf(error)}.`;
      throw new MenshenError('MQTT_AUTH_FAILED', why, { cause: error });
    });
    return await answered;
  } finally {
    await client.endAsync();
  }
}

/** The reply that ends the order; progress is told on the way. What is not an answer to it is passed over. */
function answer(
  client: MqttClient,
  { gateKey, gate, timeoutMs, onProgress }: SendRequest,
  nonce: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let forged = 0;
    const timer = setTimeout(() => {
      const note = forged > 0 ? ` ${forged} answers came that the gate did not sign.` : '';
      reject(new MenshenError('COMMAND_NOT_ANSWERED', `No answer from ${gate} in time.${note}`));
    }, timeoutMs);
    client.on('message', (_topic, payload) => {
      let reply: Reply;
      try {
        reply = openReply(payload, gateKey);
      } catch {
        forged += 1;
        return;
      }
      if (reply.nonce !== nonce || reply.gate !== gate) return;
      if (reply.state === 'progress') {
        onProgress(reply.message);
        return;
      }
      clearTimeout(timer);
      resolve(reply);
    });
    client.on('close', () => {
      clearTimeout(timer);
      reject(new MenshenError('MQTT_UNREACHABLE', 'The connection to the broker was lost.'));
    });
  });
}

/** @throws MenshenError MQTT_UNREACHABLE */
export function dial(connection: SendRequest['connection']): Promise<MqttClient> {
  const { url, version, username, password, caFile, certFile, keyFile } = connection;
  const options: IClientOptions = {
    protocolVersion: version,
    clientId: `menshen-command-${randomUUID()}`,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(url.startsWith('mqtts:') ? { rejectUnauthorized: true, minVersion: 'TLSv1.2' } : {}),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
  };
  const client = connect(url, options);
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    const failed = (why: string) => {
      client.end(true);
      reject(new MenshenError('MQTT_UNREACHABLE', `No connection to the broker ${url}: ${why}`));
    };
    client.on('error', (error) => failed(messageOf(error)));
    client.once('close', () => failed('it hung up'));
  });
}

function jsonOf(params: Record<string, unknown>) {
  return JSON.parse(JSON.stringify(params));
}
