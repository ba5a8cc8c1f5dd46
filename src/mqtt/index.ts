/**
 * The gate's line to the world: takes events from the journal's outbox to an MQTT broker and says whether the gate
 * is there and what its doors and cameras are doing (and tells Home Assistant of them: home-assistant/); hands on what comes in for whoever subscribed. Nothing is queued
 * here that must not be lost, nobody waits for the network, and nothing that comes in is trusted: it is as long as
 * allowed, and that is all. The topics are described in docs/reference/mqtt.md.
 */

export { type DialOptions, dial } from './dial.ts';
export type { GateParts } from './home-assistant/device.ts';
export { Discovery, type DiscoveryOptions } from './home-assistant/discovery.ts';
export * from './language.ts';
export { Line, type LineOptions } from './line.ts';
export {
  type LinkCondition,
  type LinkState,
  MqttLink,
  type MqttLinkConfig,
  type MqttLinkOptions,
} from './link.ts';
export { publicEvent, type SentEvent, SentEventSchema } from './message.ts';
export type { PartState, StateKind, StateReport } from './report.ts';
