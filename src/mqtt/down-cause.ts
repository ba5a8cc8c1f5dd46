import type { MqttClient } from 'mqtt';
import { type Failure, failureOf, type Speaker } from './failures.ts';

/** Watches a connection from its dialling on, and knows why it did not come about or ended. */
export class DownCause {
  readonly #url: string;
  readonly #speaker: Speaker;
  #wasUp = false;
  #isSecure = false;
  #problem: Failure | null = null;

  constructor(client: MqttClient, url: string, speaker: Speaker = 'gate') {
    this.#url = url;
    this.#speaker = speaker;
    client.on('connect', () => {
      this.#wasUp = true;
    });
    client.stream.on('secureConnect', () => {
      this.#isSecure = true;
    });
    // MQTT.js passes on only some of the socket's errors.
    client.stream.on('error', (error) => this.note(error));
    client.on('error', (error) => this.note(error));
  }

  /** Whether the broker took the connection. */
  get wasUp(): boolean {
    return this.#wasUp;
  }

  /** Why it is gone; to be asked once it is. */
  get failure(): Failure {
    return this.#problem ?? this.#silentClose();
  }

  /** What is known of the reason. The first that is noted counts. */
  note(error: Error): void {
    const failure = failureOf(error, this.#url, this.#speaker);
    // Hung up on before an answer: the same as a silent close.
    const hungUp =
      !this.#wasUp && 'code' in error && error.code === 'ECONNRESET' && failure.code === 'MQTT_UNREACHABLE';
    this.#problem ??= hungUp ? null : failure;
  }

  #silentClose(): Failure {
    const broker = this.#url;
    if (this.#wasUp) {
      return {
        code: 'MQTT_UNREACHABLE',
        message: `The connection to the broker ${broker} was lost.`,
        protocol: false,
      };
    }
    if (broker.startsWith('mqtts:') && !this.#isSecure) {
      const message = `The broker ${broker} hung up while TLS was being set up. Check whether it speaks TLS on this port.`;
      return { code: 'MQTT_TLS_FAILED', message, protocol: false };
    }
    // A broker that knows only MQTT 3.1.1 may just hang up on MQTT 5.
    const message = `The broker ${broker} did not answer as one. Check address and port, and whether it wants TLS (mqtts://).`;
    return { code: 'MQTT_UNREACHABLE', message, protocol: true };
  }
}
