/**
 * The gate's line to the world: takes events from the journal's outbox to an MQTT broker and says whether the gate
 * is there and what its doors and cameras are doing. Nothing is queued here that must not be lost, nobody waits
 * for the network, and nothing is listened to: a message sent to the gate has no effect. The topics are described
 * in docs/reference/mqtt.md.
 */
export {
  type LinkState,
  MqttLink,
  type MqttLinkConfig,
  type MqttLinkOptions,
  type StateReport,
} from './link.ts';
export { type Topics, topicsOf } from './topics.ts';
