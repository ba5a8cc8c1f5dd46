import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendCommand } from '../../src/cli/command-sender.ts';
import type { CommandName } from '../../src/commands/index.ts';
import { openDeviceKey, softwareVersion } from '../../src/common/index.ts';
import { DeviceSchema } from '../../src/mqtt/published.ts';
import { PAIRS, privateKey } from '../commands/support.ts';
import { judgeByDocument, type PublishedMessage } from '../support/asyncapi.ts';
import { jinjaInstalled, render } from '../support/jinja.ts';
import { CONTACT, House, REX } from './house.ts';

const TAMPER = 5;
const FIRE = 6;
const YAML = `inputs:
  - { id: housing, kind: tamper, line: { driver: simulated, line: ${TAMPER} }, normally: open }
  - { id: panel, kind: fire, line: { driver: simulated, line: ${FIRE} }, normally: open, reset: automatic }
commands:
  maxClockSkewS: 0
  keys:
    - { id: administrator, role: administrator, publicKey: ${PAIRS.administrator?.publicKey} }
    - { id: auditor, role: auditor, publicKey: ${PAIRS.auditor?.publicKey} }
`;

let house: House;
let client: MqttClient | undefined;
const heard: PublishedMessage[] = [];

beforeAll(async () => {
  house = await House.build(YAML, { mqtt: ', homeAssistant: { discovery: true, lastPerson: name }' });
  client = await connectAsync(house.broker.url, { protocolVersion: 5 });
  client.on('message', (topic, payload, { retain }) => heard.push({ topic, payload, retain }));
  await client.subscribeAsync('#', { qos: 1, rap: true });
  await house.startDaemon();
}, 240_000);

afterAll(async () => {
  await client?.endAsync();
  await house.tearDown();
});

function send(role: 'administrator' | 'auditor', command: CommandName, params: Record<string, unknown> = {}) {
  return sendCommand({
    ...{ connection: { url: house.broker.url, version: 5 }, prefix: 'menshen', gate: 'house' },
    ...{ command, params, key: { id: role, privateKey: privateKey(role) } },
    gateKey: openDeviceKey(join(house.folder, 'data')),
    timeoutMs: 30_000,
    onProgress: () => {},
  });
}

/** What Home Assistant shows of all that was heard: the values of each entity, in the order in which they came first. */
function shown(config: string): Record<string, string[]> {
  const { components } = DeviceSchema.parse(JSON.parse(config));
  const jobs = Object.entries(components).flatMap(([id, { state_topic, value_template: template = '' }]) =>
    heard
      .filter(({ topic }) => topic === state_topic)
      .map(({ payload }) => ({ id, template, payload: String(payload), state: 'unknown' })),
  );
  const values: Record<string, string[]> = {};
  for (const [index, value] of render(jobs).entries()) {
    const { id } = jobs[index] ?? { id: '' };
    values[id] = [...new Set([...(values[id] ?? []), value])];
  }
  return values;
}

/** What was done to the gate, as it shows there. */
const SHOWN = {
  door_front_lock: ['OFF', 'ON'],
  door_front_contact: expect.arrayContaining(['OFF', 'ON']),
  door_front_forced_open: ['OFF', 'ON'],
  camera_entrance: ['OFF', 'ON'],
  input_housing: expect.arrayContaining(['ON']),
  input_panel: expect.arrayContaining(['OFF', 'ON']),
  lockdown: ['OFF', 'ON'],
  last_person: ['Alice'],
  software: [softwareVersion()],
};

it('all that a real gate says, on every topic of a real broker, is as the AsyncAPI document has it', async () => {
  await house.event('access.granted', 0, 40_000);
  await house.event('door.unlocked');
  // Nobody else comes.
  await house.camera.stop();
  await house.event('camera.down', 0, 40_000);
  await house.released();
  house.drive(REX, 0);
  await house.event('door.rex');
  house.drive(REX, 1);
  await house.released();
  // Whoever opens in the last moment may do so a little after the door was locked.
  await sleep(3000);
  house.drive(CONTACT, 1);
  await house.event('door.forced_open');
  house.drive(CONTACT, 0);
  await house.event('door.alarm_cleared');
  house.drive(TAMPER, 0);
  await house.event('input.tamper');
  house.drive(FIRE, 0);
  await house.event('emergency.fire');
  house.drive(FIRE, 1);
  await house.event('emergency.reset');

  const door = { door: 'front' };
  expect(await send('administrator', 'door.hold', { ...door, forS: 60 })).toMatchObject({ state: 'done' });
  expect(await send('administrator', 'door.release', door)).toMatchObject({ state: 'done' });
  expect(await send('administrator', 'door.open', { door: 'back' })).toMatchObject({ state: 'failed' });
  expect(await send('auditor', 'door.open', door)).toMatchObject({ state: 'refused' });
  expect(await send('administrator', 'gate.lockdown')).toMatchObject({ state: 'done' });
  expect(await send('administrator', 'gate.endLockdown')).toMatchObject({ state: 'done' });
  expect(await send('auditor', 'journal.range', { after: 0, limit: 20 })).toMatchObject({ state: 'done' });
  expect(await send('auditor', 'gate.diagnostics')).toMatchObject({
    state: 'done',
    result: {
      inputs: [{ input: 'housing' }, { input: 'panel', kind: 'fire', state: 'idle' }],
      broker: { state: 'online', mqtt: '5', since: expect.stringMatching(/Z$/), problem: null },
      outbox: { waiting: expect.any(Number) },
      disk: { state: 'sound', unwritten: 0, freeBytes: expect.any(Number) },
      ...{ readers: [], cloud: null, site: null, people: 1 },
      clock: { sinceIssuedMs: expect.any(Number) },
    },
  });
  await house.daemon?.stop();
  await house.event('system.stopped');

  const judge = judgeByDocument();
  expect(heard.map(judge).filter((problem) => problem !== null)).toEqual([]);
  expect(house.strays).toEqual([]);
  const types = new Set(house.events.map(({ type }) => type));
  expect(types.size).toBeGreaterThanOrEqual(20);
  const device = heard.find(({ topic }) => topic === 'homeassistant/device/menshen_house/config');
  if (jinjaInstalled()) expect(shown(String(device?.payload))).toMatchObject(SHOWN);
  const topics = heard.map(({ topic }) => topic.split('/').slice(2).join('/'));
  expect(topics).toEqual(
    expect.arrayContaining([
      'status',
      'doors/front/state',
      'doors/front/prompt',
      'inputs/panel/state',
      'commands',
    ]),
  );
}, 120_000);
