import type { HomeAssistantConfig } from '../../config/index.ts';
import { topicsOf } from '../topics.ts';
import type { Device, Entity } from './schema.ts';

/** The parts of a gate that Home Assistant is told of. */
export interface GateParts {
  readonly gate: string;
  /** `mqtt.topic` of the configuration. */
  readonly topic: string;
  readonly version: string;
  readonly doors: readonly { readonly id: string; readonly contact: boolean; readonly turnstile: boolean }[];
  readonly cameras: readonly string[];
  readonly inputs: readonly { readonly id: string; readonly kind: string }[];
}

/** An alarm that has no end of its own is shown for so long, in seconds. */
const MOMENT_S = 60;

/** Device classes of alarm inputs by their kind: on is what is wrong. A key switch that resets is no alarm. */
const INPUT_CLASSES: Readonly<Record<string, string>> = {
  fire: 'safety',
  tamper: 'tamper',
  power_fail: 'problem',
  battery_low: 'battery',
};

/** Name of the gate as a device: the same for ever, and its own on the broker. */
export function nodeId(topic: string, gate: string): string {
  return `${topic}_${gate}`.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
}

/** Topic that tells Home Assistant of a gate. */
export function configTopic(prefix: string, parts: Pick<GateParts, 'topic' | 'gate'>): string {
  return `${prefix}/device/${nodeId(parts.topic, parts.gate)}/config`;
}

/** All of a gate in one message. Everything can be seen and nothing worked: commands are signed, and Home Assistant cannot sign. */
export function deviceOf(parts: GateParts, lastPerson: HomeAssistantConfig['lastPerson']): Device {
  const { gate, topic, version } = parts;
  const node = nodeId(topic, gate);
  const entities = { ...gateEntities(parts, lastPerson), ...doorEntities(parts), ...otherEntities(parts) };
  return {
    device: {
      identifiers: [node],
      name: `Gate ${gate}`,
      manufacturer: 'Menshen',
      model: 'Access-control gate',
      sw_version: version,
    },
    origin: { name: 'Menshen', sw_version: version },
    availability: [{ topic: topicsOf(topic, gate).status, value_template: '{{ value_json.state }}' }],
    qos: 1,
    components: Object.fromEntries(
      Object.entries(entities).map(([id, entity]) => [id, { ...entity, unique_id: `${node}_${id}` }]),
    ),
  };
}

function gateEntities(
  { gate, topic, doors }: GateParts,
  lastPerson: HomeAssistantConfig['lastPerson'],
): Record<string, Entity> {
  const topics = topicsOf(topic, gate);
  const granted = { platform: 'sensor', state_topic: topics.event('access.granted') } as const;
  // What is replayed after an outage is older than what is shown.
  const unlessReplayed = (value: string) =>
    `{{ (this.state if this.state not in ['unknown', 'unavailable'] else 'None') if value_json.replayed else ${value} }}`;
  const [door] = doors;
  return {
    last_entry: {
      ...granted,
      name: 'Last entry',
      device_class: 'timestamp',
      value_template: unlessReplayed('value_json.at'),
    },
    ...(lastPerson === 'none'
      ? {}
      : {
          last_person: {
            ...granted,
            name: 'Last person',
            value_template: unlessReplayed(
              `(value_json.data.person.${lastPerson} if value_json.data.person else 'None')`,
            ),
          },
        }),
    ...(door === undefined
      ? {}
      : {
          lockdown: on('Lockdown', 'safety', topics.state('doors', door.id), 'value_json.lockdown'),
        }),
    software: {
      platform: 'update',
      name: 'Software',
      title: 'Menshen',
      entity_category: 'diagnostic',
      state_topic: topics.status,
      value_template: '{{ value_json.version }}',
      latest_version_topic: `${topic}/software`,
      latest_version_template: '{{ value_json.version }}',
    },
  };
}

function doorEntities({ gate, topic, doors }: GateParts): Record<string, Entity> {
  const topics = topicsOf(topic, gate);
  return Object.fromEntries(
    doors.flatMap(({ id, contact, turnstile }) => {
      const state = topics.state('doors', id);
      const moment = (name: string, type: 'access.tailgating' | 'access.locked_out'): Entity => ({
        platform: 'binary_sensor',
        name: `${id} ${name}`,
        device_class: 'problem',
        state_topic: topics.event(type),
        value_template: `{{ 'ON' if value_json.door == '${id}' and not value_json.replayed else '' }}`,
        off_delay: MOMENT_S,
      });
      const entities: [string, Entity][] = [
        ['lock', on(`${id} lock`, 'lock', state, "value_json.lock == 'unlocked'")],
        ['forced_open', on(`${id} forced open`, 'problem', state, "value_json.state == 'forced_open'")],
        ['held_open', on(`${id} held open`, 'problem', state, "value_json.state == 'held_open'")],
        [
          'fault',
          {
            ...on(`${id} fault`, 'problem', state, 'value_json.faults | length > 0'),
            entity_category: 'diagnostic',
          },
        ],
        ['locked_out', moment('locked out', 'access.locked_out')],
        ...(contact && !turnstile
          ? [['contact', threeWay(id, 'door', state, 'contact', 'open', 'closed')] as [string, Entity]]
          : []),
        ...(turnstile ? [['tailgating', moment('tailgating', 'access.tailgating')] as [string, Entity]] : []),
      ];
      return entities.map(([name, entity]) => [`door_${id}_${name}`, entity]);
    }),
  );
}

function otherEntities({ gate, topic, cameras, inputs }: GateParts): Record<string, Entity> {
  const topics = topicsOf(topic, gate);
  const seen = cameras.map((id) => [
    `camera_${id}`,
    {
      ...on(`${id} camera`, 'connectivity', topics.state('cameras', id), "value_json.state == 'streaming'"),
      entity_category: 'diagnostic',
    },
  ]);
  const alarms = inputs.flatMap(({ id, kind }) => {
    const deviceClass = INPUT_CLASSES[kind];
    if (deviceClass === undefined) return [];
    return [
      [`input_${id}`, threeWay(id, deviceClass, topics.state('inputs', id), 'state', 'active', 'idle')],
    ];
  });
  return Object.fromEntries([...seen, ...alarms]);
}

function on(name: string, deviceClass: string, topic: string, condition: string): Entity {
  const value_template = `{{ 'ON' if ${condition} else 'OFF' }}`;
  return { platform: 'binary_sensor', name, device_class: deviceClass, state_topic: topic, value_template };
}

/** On, off, or unknown: `None` is how Home Assistant is told that nobody knows. */
function threeWay(
  name: string,
  deviceClass: string,
  topic: string,
  member: string,
  onAt: string,
  offAt: string,
): Entity {
  return {
    platform: 'binary_sensor',
    name,
    device_class: deviceClass,
    state_topic: topic,
    value_template: `{{ {'${onAt}': 'ON', '${offAt}': 'OFF'}.get(value_json.${member}, 'None') }}`,
  };
}
