import { makeOrder } from '../../src/commands/index.ts';
import { EVENT_TYPES } from '../../src/journal/index.ts';
import { deviceOf } from '../../src/mqtt/published.ts';
import type { Channel } from './channel.ts';
import { EVENT_EXAMPLES } from './example-events.ts';
import { eventTypes, nameOf } from './schemas.ts';
import { SITE_CHANNELS } from './site-channels.ts';

const AT = '2026-01-02T03:04:05.678Z';
const GATE = { gate: 'north', version: '0.1.0' };
const SIGNATURE = `${'c2lnbmF0dXJl'.repeat(7)}c2==`;
const SIGNED = { nonce: 'b3BlbiB0aGUgZG9vcnMhIQ', gate: 'north', command: 'door.open', at: AT };

const DOOR = {
  door: 'front',
  state: 'locked',
  lock: 'locked',
  relay: 'off',
  contact: 'closed',
  heldOpenWarning: false,
  holds: [],
  lockdown: false,
  faults: [],
  at: AT,
};

const OWN: Readonly<Record<string, Channel>> = {
  status: {
    address: '{topic}/{gate}/status',
    summary: 'Whether the gate is there',
    schema: 'Status',
    action: 'send',
    retain: true,
    examples: [
      { state: 'online', at: AT, ...GATE, startedAt: '2026-01-02T03:04:01.000Z' },
      { state: 'offline', reason: 'stopped', at: '2026-01-02T05:00:00.000Z', ...GATE },
      { state: 'offline', reason: 'lost', connectedAt: '2026-01-02T03:04:05.600Z', ...GATE },
    ],
  },
  doorState: {
    address: '{topic}/{gate}/doors/{door}/state',
    summary: 'Present state of a door',
    schema: 'DoorState',
    action: 'send',
    retain: true,
    examples: [
      DOOR,
      {
        ...DOOR,
        state: 'remain_open',
        lock: 'unlocked',
        relay: 'on',
        holds: [{ kind: 'schedule', schedule: 'office' }],
      },
    ],
  },
  cameraState: {
    address: '{topic}/{gate}/cameras/{camera}/state',
    summary: 'Present state of a camera',
    schema: 'CameraState',
    action: 'send',
    retain: true,
    examples: [
      { state: 'streaming', width: 1280, height: 720, at: AT },
      {
        state: 'down',
        code: 'CAMERA_UNREACHABLE',
        message: 'No connection to the camera.',
        retryInMs: 2000,
        at: AT,
      },
    ],
  },
  inputState: {
    address: '{topic}/{gate}/inputs/{input}/state',
    summary: 'Present state of an alarm input',
    schema: 'InputState',
    action: 'send',
    retain: true,
    examples: [{ input: 'fire-panel', kind: 'fire', door: null, state: 'idle', at: AT }],
  },
  prompt: {
    address: '{topic}/{gate}/doors/{door}/prompt',
    summary: 'What the person at a door is asked or told',
    schema: 'Prompt',
    action: 'send',
    retain: false,
    examples: [
      {
        id: '5b0c8a52-64c7-4c12-9a0a-8a7d4f3b5f10',
        door: 'front',
        code: 'TURN_LEFT',
        kind: 'ask',
        text: { en: 'Please turn your head to the left', zh: '请向左转头' },
        forMs: 6000,
        at: AT,
      },
    ],
  },
  command: {
    address: '{topic}/{gate}/commands',
    summary: 'A signed command to the gate',
    schema: 'Command',
    action: 'receive',
    retain: false,
    inner: { member: 'order', schema: 'Order' },
    examples: [
      {
        key: 'front-desk',
        order: JSON.stringify({
          ...makeOrder(
            { gate: 'north', command: 'door.open', params: { door: 'front' } },
            30,
            Date.parse(AT),
          ),
          nonce: SIGNED.nonce,
        }),
        signature: SIGNATURE,
      },
    ],
  },
  reply: {
    address: '{topic}/{gate}/replies/{sender}',
    summary: 'What came of a command',
    schema: 'Reply',
    action: 'send',
    retain: false,
    examples: [
      { ...SIGNED, state: 'progress', message: 'the gate ends and starts again', signature: SIGNATURE },
      {
        ...SIGNED,
        state: 'done',
        event: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
        result: { door: 'front', state: 'unlocked' },
        signature: SIGNATURE,
      },
      {
        ...SIGNED,
        state: 'refused',
        error: { code: 'COMMAND_STALE', message: 'it has expired' },
        signature: SIGNATURE,
      },
    ],
  },
  homeAssistantDevice: {
    address: '{prefix}/device/{node}/config',
    summary: 'Tells Home Assistant of the gate; empty when it is taken away there',
    schema: 'HomeAssistantDevice',
    action: 'send',
    retain: true,
    examples: [
      deviceOf(
        {
          ...{ ...GATE, topic: 'menshen' },
          doors: [{ id: 'front', contact: true, turnstile: false }],
          cameras: ['entrance'],
          inputs: [{ id: 'fire-panel', kind: 'fire' }],
        },
        'name',
      ),
    ],
  },
  software: {
    address: '{topic}/software',
    summary:
      'Newest version of Menshen, for Home Assistant; whoever keeps the gates writes it, and no gate reads it',
    schema: 'Software',
    action: 'receive',
    retain: true,
    examples: [{ version: '0.2.0' }],
  },
  place: {
    address: '{topic}/sites/{site}/places/{person}',
    summary: 'Who is where, among the gates of a site; for gates alone',
    schema: 'Place',
    action: 'send',
    retain: true,
    examples: [
      { body: '{"gate":"north","person":"…","at":1767323045678,"place":null}', mac: '0'.repeat(64) },
    ],
  },
};

const EVENTS: Readonly<Record<string, Channel>> = Object.fromEntries(
  eventTypes.map((type, index) => [
    nameOf(type),
    {
      address: `{topic}/{gate}/events/${type.replace('.', '/')}`,
      summary: EVENT_TYPES[type],
      schema: nameOf(type),
      action: 'send',
      retain: false,
      examples: [
        {
          id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
          seq: 1001 + index,
          at: AT,
          gate: 'north',
          type,
          door: /^(door|access|reader)\./.test(type) ? 'front' : null,
          camera: /^(camera|vision)\./.test(type) ? 'entrance' : null,
          cause: null,
          data: EVENT_EXAMPLES[type],
        },
      ],
    },
  ]),
);

/** Every topic there is, by a name. */
export const CHANNELS: Readonly<Record<string, Channel>> = { ...OWN, ...SITE_CHANNELS, ...EVENTS };

/** What the parts in braces stand for. */
export const PARAMETERS: Readonly<Record<string, string>> = {
  topic: '`mqtt.topic` of the configuration, by default `menshen`',
  gate: '`gate.id` of the configuration',
  door: 'Id of a door',
  camera: 'Id of a camera',
  input: 'Id of an alarm input',
  sender: 'Of the sender’s choice, one level or more; by default the key that signed the command',
  site: '`access.site.id` (who is where) or `site.id` (the people of a site) of the configuration',
  person: 'Id of a person',
  bucket: '0 to 255: the first byte of the SHA-256 of the id of the person',
  photo: 'SHA-256 of the JPEG, 64 hex digits',
  prefix: '`mqtt.homeAssistant.prefix` of the configuration, by default `homeassistant`',
  node: '`<topic>_<gate>`',
};
