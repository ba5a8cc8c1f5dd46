import type { Config } from '../config/index.ts';
import type { RecordsSettings } from './records-protocol.ts';

/** What Home Assistant is told of the gate, for the thread of the broker. */
export function discoveryOf(config: Config, version: string): Pick<RecordsSettings, 'discovery'> {
  const { gate, mqtt, doors, cameras, inputs } = config;
  if (mqtt === undefined) return {};
  const parts = {
    gate: gate.id,
    topic: mqtt.topic,
    version,
    doors: doors.map(({ id, contact, turnstile }) => ({
      id,
      contact: contact !== undefined,
      turnstile: turnstile !== undefined,
    })),
    cameras: cameras.map(({ id }) => id),
    inputs: inputs.map(({ id, kind }) => ({ id, kind })),
  };
  return { discovery: { config: mqtt.homeAssistant, parts } };
}
