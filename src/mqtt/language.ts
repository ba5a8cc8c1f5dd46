/**
 * What may be imported of this room without loading the MQTT client: topics, JSON from outside, types. The thread of the
 * doors speaks to no broker itself, and its start does not wait for that to load; a test holds this file to it.
 */
export { type JsonLimits, readJson } from './json.ts';
export {
  type IncomingMessage,
  isTopic,
  type Listener,
  matches,
  type OutgoingMessage,
  type Subscription,
} from './subscription.ts';
export { type Topics, topicsOf } from './topics.ts';
