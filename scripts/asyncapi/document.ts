import { softwareVersion } from '../../src/common/index.ts';
import type { Channel } from './channel.ts';
import { CHANNELS, PARAMETERS } from './channels.ts';
import { jsonSchemas } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const DESCRIPTION =
  'What a gate of Menshen publishes on an MQTT broker, and what it takes. Written by `npm run generate` from the ' +
  'schemas that the code is checked against. Messages have the members described and no others in this version; a later ' +
  'one may add some, so consumers ignore what they do not know. docs/reference/mqtt.md says what they may rely on.';

/** The AsyncAPI 3.0 document. */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Menshen over MQTT',
      version: softwareVersion(),
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      broker: {
        host: 'broker.example.net:8883',
        protocol: 'mqtts',
        protocolVersion: '5',
        description: 'Any broker of MQTT 5, or 3.1.1; `mqtt.url` of the configuration',
      },
    },
    channels: each(CHANNELS, channelOf),
    operations: each(CHANNELS, operationOf),
    components: { messages: each(CHANNELS, messageOf), schemas: jsonSchemas() },
  };
}

function each(
  channels: Readonly<Record<string, Channel>>,
  make: (name: string, channel: Channel) => Json,
): Json {
  return Object.fromEntries(Object.entries(channels).map(([name, channel]) => [name, make(name, channel)]));
}

function channelOf(name: string, { address, summary }: Channel): Json {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => parameter);
  return {
    address,
    description: summary,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    parameters: Object.fromEntries(
      names.map((parameter) => [parameter, { description: PARAMETERS[parameter] }]),
    ),
  };
}

function operationOf(name: string, { action, retain, summary }: Channel): Json {
  return {
    action,
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
    ...(name === 'command'
      ? {
          reply: {
            channel: { $ref: '#/channels/reply' },
            messages: [{ $ref: '#/channels/reply/messages/reply' }],
          },
        }
      : {}),
    bindings: { mqtt: { qos: 1, retain, bindingVersion: '0.2.0' } },
  };
}

function messageOf(name: string, { schema, summary, binary, examples }: Channel): Json {
  return {
    name,
    summary,
    contentType: binary ? 'application/octet-stream' : 'application/json',
    payload: { $ref: `#/components/schemas/${schema}` },
    examples: examples.map((payload) => ({ payload })),
  };
}
