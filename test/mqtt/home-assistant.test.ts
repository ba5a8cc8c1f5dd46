import { connectAsync } from 'mqtt';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHANNELS } from '../../scripts/asyncapi/channels.ts';
import type { HomeAssistantConfig } from '../../src/config/index.ts';
import { Discovery, type GateParts } from '../../src/mqtt/index.ts';
import { configTopic, deviceOf } from '../../src/mqtt/published.ts';
import { judgeByDocument } from '../support/asyncapi.ts';
import { jinjaInstalled, render } from '../support/jinja.ts';
import { mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';
import { openGate, recordingLog, temporaryDir, until } from './support.ts';

const PARTS: GateParts = {
  ...{ gate: 'gate1', topic: 'menshen', version: '9.9.9' },
  doors: [
    { id: 'front', contact: true, turnstile: false },
    { id: 'lane', contact: true, turnstile: true },
  ],
  cameras: ['entrance'],
  inputs: [
    { id: 'panel', kind: 'fire' },
    { id: 'key', kind: 'fire_reset' },
  ],
};
const SETTINGS: HomeAssistantConfig = { discovery: true, prefix: 'homeassistant', lastPerson: 'name' };
const TOPIC = 'homeassistant/device/menshen_gate1/config';

describe('the device', () => {
  const device = deviceOf(PARTS, 'name');

  it('has lock, contact, last person, alarms, camera and update, and nothing that could be worked', () => {
    expect(Object.keys(device.components).sort()).toEqual([
      ...['camera_entrance', 'door_front_contact', 'door_front_fault', 'door_front_forced_open'],
      ...['door_front_held_open', 'door_front_lock', 'door_front_locked_out', 'door_lane_fault'],
      ...['door_lane_forced_open', 'door_lane_held_open', 'door_lane_lock', 'door_lane_locked_out'],
      ...['door_lane_tailgating', 'input_panel', 'last_entry', 'last_person', 'lockdown', 'software'],
    ]);
    expect(JSON.stringify(device)).not.toContain('command_topic');
    const ids = Object.values(device.components).map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names nobody unless that was wanted', () => {
    expect(deviceOf(PARTS, 'none').components.last_person).toBeUndefined();
    expect(deviceOf(PARTS, 'id').components.last_person?.value_template).toContain('person.id');
  });

  it('listens to topics that exist', () => {
    const judge = judgeByDocument();
    for (const { state_topic = '' } of Object.values(device.components)) {
      expect(judge({ topic: state_topic, payload: '{}' })).not.toMatch(/no such topic/);
    }
    expect(judge({ topic: configTopic('homeassistant', PARTS), payload: JSON.stringify(device) })).toBeNull();
  });
});

describe.skipIf(!jinjaInstalled())('the templates', () => {
  const { components } = deviceOf(PARTS, 'name');
  const [door] = CHANNELS.doorState?.examples ?? [];
  const [granted] = CHANNELS.AccessGranted?.examples ?? [];
  const [online] = CHANNELS.status?.examples ?? [];
  const like = (example: unknown, more: object) => ({ ...Object(example), ...more });

  /** An entity, the message it hears, what it shows, and what it showed before. */
  type Case = readonly [entity: string, message: unknown, shown: string, before?: string];
  const atDoor = (entity: string, more: object, shown: string): Case => [
    `door_front_${entity}`,
    like(door, more),
    shown,
  ];
  const cases: Readonly<Record<string, readonly Case[]>> = {
    'show a door as it is': [
      atDoor('lock', { lock: 'locked' }, 'OFF'),
      atDoor('lock', { lock: 'unlocked' }, 'ON'),
      atDoor('contact', { contact: 'open' }, 'ON'),
      atDoor('contact', { contact: 'closed' }, 'OFF'),
      atDoor('contact', { contact: null }, 'None'),
      atDoor('forced_open', { state: 'locked' }, 'OFF'),
      atDoor('forced_open', { state: 'forced_open' }, 'ON'),
      atDoor('held_open', { state: 'locked' }, 'OFF'),
      atDoor('held_open', { state: 'held_open' }, 'ON'),
      atDoor('fault', { faults: [] }, 'OFF'),
      atDoor('fault', { faults: [{ source: 'relay' }] }, 'ON'),
      ['lockdown', like(door, { lockdown: false }), 'OFF'],
      ['lockdown', like(door, { lockdown: true }), 'ON'],
    ],
    'show who was let in last, of what is new alone': [
      ['last_person', granted, 'Li Hua'],
      ['last_entry', granted, '2026-01-02T03:04:05.678Z'],
      ['last_person', like(granted, { replayed: true }), 'Wang Fang', 'Wang Fang'],
      ['last_person', like(granted, { replayed: true }), 'None'],
      ['last_person', like(granted, { data: { omitted: true, bytes: 300_000 } }), 'None'],
    ],
    'show alarms, camera and software': [
      ['input_panel', { state: 'active' }, 'ON'],
      ['input_panel', { state: 'idle' }, 'OFF'],
      ['input_panel', { state: 'fault' }, 'None'],
      ['input_panel', { state: 'unknown' }, 'None'],
      ['camera_entrance', { state: 'streaming' }, 'ON'],
      ['camera_entrance', { state: 'down' }, 'OFF'],
      ['door_front_locked_out', { door: 'front' }, 'ON'],
      ['door_front_locked_out', { door: 'lane' }, ''],
      ['software', online, '0.1.0'],
    ],
  };

  // All in one Python: it takes a second to start.
  const shown = new Map<Case, string | undefined>();
  beforeAll(() => {
    const all = Object.values(cases).flat();
    const rendered = render(
      all.map(([entity, message, _, state = 'unknown']) => ({
        template: components[entity]?.value_template ?? '',
        payload: JSON.stringify(message),
        state,
      })),
    );
    for (const [index, one] of all.entries()) shown.set(one, rendered[index]);
  });

  it.each(Object.entries(cases))('%s', (_, of) => {
    expect(of.map((one) => [one[0], one[1], shown.get(one)])).toEqual(
      of.map(([entity, message, wanted]) => [entity, message, wanted]),
    );
  });
});

describe.skipIf(!mosquittoInstalled())('discovery', () => {
  it('tells at each connection and when Home Assistant starts; takes away what is no more, and all when switched off', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const client = await connectAsync(broker.url, { protocolVersion: 5 });
    onTestFinished(() => void client.end(true));
    const heard: { payload: string; retain: boolean }[] = [];
    client.on('message', (_, payload, { retain }) => heard.push({ payload: payload.toString(), retain }));
    await client.subscribeAsync(TOPIC, { qos: 1, rap: true });
    const dataDir = temporaryDir();
    const start = async (config: HomeAssistantConfig, parts = PARTS) => {
      const discovery = new Discovery({ config, parts, dataDir, log: recordingLog().log, spreadMs: 10 });
      const gate = openGate(broker.url, { discovery });
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      return gate.link;
    };
    const told = (at: number) => Object(JSON.parse(heard[at]?.payload ?? 'null')).components;

    const first = await start(SETTINGS);
    await until('the device', () => heard.length === 1);
    expect(heard[0]?.retain).toBe(true);
    expect(told(0)).toEqual(JSON.parse(JSON.stringify(deviceOf(PARTS, 'name').components)));
    await until('told at birth', () => {
      if (heard.length === 1) client.publish('homeassistant/status', 'online', { qos: 1 });
      return heard.length >= 2;
    });
    await first.stop();

    const from = heard.length;
    const second = await start(SETTINGS, { ...PARTS, doors: PARTS.doors.slice(0, 1) });
    await until('taken away, then left out', () =>
      heard.slice(from).some(({ payload }) => !payload.includes('door_lane')),
    );
    expect(told(from).door_lane_lock).toEqual({ platform: 'binary_sensor' });
    await second.stop();

    const before = heard.length;
    const third = await start({ ...SETTINGS, discovery: false });
    await until('all taken away', () => heard.length > before);
    expect(heard.at(-1)).toEqual({ payload: '', retain: true });
    await third.stop();
  });
});
