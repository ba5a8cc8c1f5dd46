import type { Command } from 'commander';
import type { MqttClient } from 'mqtt';
import { MenshenError, messageOf } from '../../common/index.ts';
import { resolveSecret } from '../../config/index.ts';
import { dial } from '../command-sender.ts';

/** Time for what is retained to arrive after the broker has granted the subscription. */
const QUIET_MS = 500;

export interface BrokerArguments {
  readonly broker?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly topic: string;
  readonly mqtt: string;
}

export function withBrokerOptions(command: Command): Command {
  return command
    .option('-b, --broker <url>', 'broker: mqtts://host:port; default $MENSHEN_BROKER')
    .option('-u, --username <name>', 'user name at the broker')
    .option('--password-file <file>', 'file of the password at the broker')
    .option('--ca <file>', "CA certificate (PEM) that signed the broker's")
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--cert-key <file>', 'key of the client certificate (PEM)')
    .option('--topic <prefix>', 'first part of every topic', 'menshen')
    .option('--mqtt <version>', 'version of MQTT: 5 or 3.1.1', '5');
}

/** @throws MenshenError USAGE, MQTT_UNREACHABLE */
export async function withBroker<T>(
  options: BrokerArguments,
  work: (broker: Broker) => Promise<T>,
): Promise<T> {
  const url = options.broker ?? process.env.MENSHEN_BROKER;
  if (url === undefined) throw new MenshenError('USAGE', 'Name the broker: --broker mqtts://host:port');
  if (options.mqtt !== '5' && options.mqtt !== '3.1.1') {
    throw new MenshenError('USAGE', '--mqtt is 5 or 3.1.1.');
  }
  const client = await dial({
    url,
    version: options.mqtt === '5' ? 5 : 4,
    username: options.username,
    password: options.passwordFile === undefined ? undefined : resolveSecret({ file: options.passwordFile }),
    caFile: options.ca,
    certFile: options.cert,
    keyFile: options.certKey,
  });
  try {
    return await work(new Broker(client));
  } finally {
    await client.endAsync();
  }
}

/** The retained messages of a broker. */
export class Broker {
  readonly #client: MqttClient;

  constructor(client: MqttClient) {
    this.#client = client;
  }

  /** @throws MenshenError MQTT_AUTH_FAILED when the broker does not take it */
  readonly put = async (topic: string, payload: string | Uint8Array): Promise<void> => {
    const body = typeof payload === 'string' ? payload : Buffer.from(payload);
    await this.#client.publishAsync(topic, body, { qos: 1, retain: true }).catch((error: unknown) => {
      const why = `The broker does not take ${topic} from this account: ${messageOf(error)}.`;
      throw new MenshenError('MQTT_AUTH_FAILED', why, { cause: error });
    });
  };

  /** What is retained under these filters. A broker sends it after it has granted the subscription, and does not say when all is sent. */
  async retained(filters: readonly string[]): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    if (filters.length === 0) return found;
    let last = performance.now();
    const take = (topic: string, payload: Buffer) => {
      found.set(topic, payload);
      last = performance.now();
    };
    this.#client.on('message', take);
    await this.#client.subscribeAsync([...filters], { qos: 1 });
    last = performance.now();
    const wildcards = filters.some((filter) => filter.includes('+'));
    while (performance.now() - last < QUIET_MS && (wildcards || found.size < filters.length)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#client.off('message', take);
    await this.#client.unsubscribeAsync([...filters]);
    return found;
  }
}
