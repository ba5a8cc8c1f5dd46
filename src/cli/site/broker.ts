import type { MqttClient } from 'mqtt';
import { MenshenError, messageOf } from '../../common/index.ts';
import { dial } from '../../mqtt/index.ts';
import { type BrokerOptions, brokerConnection } from '../broker-options.ts';

/** Time for what is retained to arrive after the broker has granted the subscription. */
const QUIET_MS = 500;

/** @throws MenshenError USAGE, SECRET_UNREADABLE, MQTT_... */
export async function withBroker<T>(
  options: BrokerOptions,
  work: (broker: Broker) => Promise<T>,
): Promise<T> {
  const client = await dial(brokerConnection(options));
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
