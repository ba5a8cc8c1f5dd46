import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
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
  const show = (entity: string, message: unknown, state = 'unknown') =>
    render([
      { template: components[entity]?.value_template ?? '', payload: JSON.stringify(message), state },
    ])[0];
  const [door] = CHANNELS.doorState?.examples ?? [];
  const [granted] = CHANNELS.AccessGranted?.examples ?? [];
  const [online] = CHANNELS.status?.examples ?? [];
  const like = (example: unknown, more: object) => ({ ...Object(example), ...more });

  it('show a door as it is', () => {
    const shown = (entity: string, more: object) => show(`door_front_${entity}`, like(door, more));
    expect(['locked', 'unlocked'].map((lock) => shown('lock', { lock }))).toEqual(['OFF', 'ON']);
    expect(['open', 'closed', null].map((contact) => shown('contact', { contact }))).toEqual([
      'ON',
      'OFF',
      'None',
    ]);
    expect(['locked', 'forced_open'].map((state) => shown('forced_open', { state }))).toEqual(['OFF', 'ON']);
    expect(['locked', 'held_open'].map((state) => shown('held_open', { state }))).toEqual(['OFF', 'ON']);
    expect([[], [{ source: 'relay' }]].map((faults) => shown('fault', { faults }))).toEqual(['OFF', 'ON']);
    expect([false, true].map((lockdown) => show('lockdown', like(door, { lockdown })))).toEqual([
      'OFF',
      'ON',
    ]);
  });

  it('show who was let in last, of what is new alone', () => {
    expect(show('last_person', granted)).toBe('Li Hua');
    expect(show('last_entry', granted)).toBe('2026-01-02T03:04:05.678Z');
    expect(show('last_person', like(granted, { replayed: true }), 'Wang Fang')).toBe('Wang Fang');
    expect(show('last_person', like(granted, { replayed: true }))).toBe('None');
    expect(show('last_person', like(granted, { data: { omitted: true, bytes: 300_000 } }))).toBe('None');
  });

  it('show alarms, camera and software', () => {
    const states = ['active', 'idle', 'fault', 'unknown'];
    expect(states.map((state) => show('input_panel', { state }))).toEqual(['ON', 'OFF', 'None', 'None']);
    expect(['streaming', 'down'].map((state) => show('camera_entrance', { state }))).toEqual(['ON', 'OFF']);
    expect(['front', 'lane'].map((at) => show('door_front_locked_out', { door: at }))).toEqual(['ON', '']);
    expect(show('software', online)).toBe('0.1.0');
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
