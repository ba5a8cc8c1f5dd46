import { type IncomingMessage, isTopic } from '../mqtt/language.ts';
import type { SignedOrder } from './envelope.ts';

/** Where a gate takes commands, and below which it answers. `prefix` is `mqtt.topic` of the configuration. */
export function commandTopics(prefix: string, gate: string): { commands: string; replies: string } {
  return { commands: `${prefix}/${gate}/commands`, replies: `${prefix}/${gate}/replies` };
}

/** Where an answer goes and what it carries there. */
export interface ReplyAddress {
  readonly topic: string;
  readonly correlationData: Uint8Array | null;
}

/**
 * Where to answer: the response topic (MQTT 5), else the order's `replyTo`, else `<replies>/<key>`. Only topics below
 * the gate's own replies are answered on: nobody can have a gate publish elsewhere.
 */
export function replyAddress(
  replies: string,
  message: Pick<IncomingMessage, 'responseTopic' | 'correlationData'>,
  { key, order }: SignedOrder,
): ReplyAddress {
  const wanted = [message.responseTopic, order.replyTo].find(
    (topic) => typeof topic === 'string' && topic.startsWith(`${replies}/`) && isTopic(topic),
  );
  return { topic: wanted ?? `${replies}/${key}`, correlationData: message.correlationData };
}
