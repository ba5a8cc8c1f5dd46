import { randomUUID } from 'node:crypto';
import { connect, type MqttClient } from 'mqtt';
import { MenshenError } from '../common/index.ts';
import { accessOptions, type BrokerAccess } from './access.ts';
import type { ProtocolVersion } from './connection.ts';
import { DownCause } from './down-cause.ts';
import { type Failure, failureOf } from './failures.ts';

export interface DialOptions extends BrokerAccess {
  /** Spoken whatever comes; without it MQTT 5, and 3.1.1 where the broker does not speak that, as the gate does it. */
  readonly version?: ProtocolVersion | undefined;
}

/**
 * One connection for a command that asks and leaves; `client.options.protocolVersion` tells what is spoken.
 * @throws MenshenError MQTT_UNREACHABLE, MQTT_AUTH_FAILED, MQTT_TLS_FAILED
 */
export async function dial(options: DialOptions): Promise<MqttClient> {
  const first = await attempt(options, options.version ?? 5);
  const older = options.version === undefined && 'protocol' in first && first.protocol;
  const outcome = older ? await attempt(options, 4) : first;
  if ('protocol' in outcome) throw new MenshenError(outcome.code, outcome.message);
  return outcome;
}

async function attempt(access: BrokerAccess, version: ProtocolVersion): Promise<MqttClient | Failure> {
  try {
    const clientId = `menshen-command-${randomUUID()}`;
    const client = connect(access.url, { ...accessOptions(access), clientId, protocolVersion: version });
    const cause = new DownCause(client, access.url, 'command line');
    return await new Promise((resolve) => {
      const down = () => {
        client.end(true);
        if (!cause.wasUp) resolve(cause.failure);
      };
      client.once('connect', () => resolve(client));
      client.on('error', down);
      client.once('close', down);
    });
  } catch (error) {
    return failureOf(error, access.url, 'command line');
  }
}
