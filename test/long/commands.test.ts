import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SendRequest, sendCommand } from '../../src/cli/command-sender.ts';
import {
  COMMANDS,
  type CommandName,
  definitionOf,
  isCommand,
  makeOrder,
  type Reply,
  type Role,
  signOrder,
} from '../../src/commands/index.ts';
import { monotonicMs, openDeviceKey } from '../../src/common/index.ts';
import { PAIRS, privateKey, ROLES } from '../commands/support.ts';
import { House } from '../e2e/house.ts';

let house: House;

const KEYS = `commands:
  maxClockSkewS: 0
  keys:
${ROLES.map((role) => `    - { id: ${role}, role: ${role}, publicKey: ${PAIRS[role]?.publicKey} }`).join('\n')}
`;

const progress: string[] = [];

function send(
  role: Role,
  command: CommandName,
  params: Record<string, unknown> = {},
  more: Partial<SendRequest> = {},
): Promise<Reply> {
  return sendCommand({
    connection: { url: house.broker.url, version: 5 },
    prefix: 'menshen',
    gate: 'house',
    command,
    params,
    key: { id: role, privateKey: privateKey(role) },
    gateKey: openDeviceKey(join(house.folder, 'data')),
    timeoutMs: 50_000,
    onProgress: (message) => void progress.push(message),
    ...more,
  });
}

/** The result of a command that must succeed. */
async function done(role: Role, command: CommandName, params: Record<string, unknown> = {}) {
  const reply = await send(role, command, params);
  if (reply.state !== 'done') throw new Error(`${command}: ${JSON.stringify(reply)}`);
  return reply;
}

async function failure(role: Role, command: CommandName, params: Record<string, unknown> = {}) {
  const reply = await send(role, command, params);
  return 'error' in reply ? reply.error.code : reply.state;
}

beforeAll(async () => {
  house = await House.build(KEYS, { scene: 1 });
  await house.startDaemon();
  await house.event('camera.up');
});

afterAll(() => house.tearDown());

describe('commands to a running gate', () => {
  it.each([5, 4] as const)(
    'opens the door over MQTT %d, and the journal tells who and why',
    async (version) => {
      await house.released();
      const from = house.events.length;
      const since = monotonicMs();
      const reply = await send(
        'operator',
        'door.open',
        { door: 'front' },
        {
          connection: { url: house.broker.url, version },
        },
      );
      expect(reply).toMatchObject({ state: 'done', result: { door: 'front', state: 'unlocked' } });
      await house.relay(1, since, 2000);
      const accepted = await house.event('command.accepted', from);
      expect(accepted.data).toMatchObject({ command: 'door.open', key: 'operator', role: 'operator' });
      const unlocked = await house.until(
        () =>
          house.events
            .slice(from)
            .find(({ type, cause }) => type === 'door.unlocked' && cause === accepted.id),
        3000,
        'the unlock that the command led to',
      );
      expect(unlocked.data).toMatchObject({ cause: { kind: 'remote', by: 'operator' } });
      const outcome = await house.event('command.done', from);
      expect(outcome.cause).toBe(accepted.id);
    },
  );

  it('opens for nobody who owns the broker: not by repeating, retaining, altering or going elsewhere', async () => {
    await house.released();
    const client = await connectAsync(house.broker.url);
    const order = makeOrder({ gate: 'house', command: 'door.open', params: { door: 'front' } });
    const good = signOrder(order, 'operator', privateKey('operator'));
    const from = house.events.length;
    await client.publishAsync('menshen/house/commands', good, { qos: 1 });
    await house.event('command.done', from);
    await house.released();
    const since = monotonicMs();
    const evil: [string, string][] = [
      ['menshen/house/commands', good],
      ['menshen/house/commands', good.replace('front', 'back')],
      ['menshen/house/commands/open', good],
      ['menshen/house/doors/front/set', '{"state":"unlocked"}'],
      ['menshen/house/commands', '{"command":"door.open","door":"front"}'],
      ['menshen/house/commands', '['.repeat(100_000)],
      [
        'menshen/house/commands',
        signOrder({ ...order, gate: 'south', nonce: 'A'.repeat(22) }, 'operator', privateKey('operator')),
      ],
      [
        'menshen/house/commands',
        signOrder({ ...order, nonce: 'B'.repeat(22) }, 'auditor', privateKey('auditor')),
      ],
    ];
    for (const [topic, payload] of evil) await client.publishAsync(topic, payload, { qos: 1 });
    const fresh = makeOrder({ gate: 'house', command: 'door.open', params: { door: 'front' } });
    const retained = signOrder(fresh, 'operator', privateKey('operator'));
    await client.publishAsync('menshen/house/commands', retained, { qos: 1, retain: true });
    await house.until(
      () =>
        [
          'COMMAND_REPEATED',
          'COMMAND_UNSIGNED',
          'COMMAND_MALFORMED',
          'COMMAND_RETAINED',
          'COMMAND_WRONG_GATE',
        ].every((code) =>
          house.events.some(({ type, data }) => type === 'command.refused' && data.code === code),
        ),
      5000,
      'the refusals',
    );
    await house.daemon?.stop();
    const again = house.events.length;
    await house.startDaemon();
    await house.event('camera.up', again);
    await client.publishAsync('menshen/house/commands', good, { qos: 1 });
    await sleep(300);
    await client.publishAsync('menshen/house/commands', '', { qos: 1, retain: true });
    await client.endAsync();
    const remote = house.events
      .slice(from)
      .filter(({ type, data }) => type === 'door.unlocked' && JSON.stringify(data).includes('"remote"'));
    expect(remote).toHaveLength(1);
    expect(since).toBeGreaterThan(0);
  });

  it('locks down for everybody, and ends it; holds a door open and ends that', async () => {
    await done('operator', 'gate.lockdown');
    expect(await failure('operator', 'door.open', { door: 'front' })).toBe('DOOR_LOCKDOWN');
    expect(await failure('operator', 'door.hold', { door: 'front' })).toBe('DOOR_LOCKDOWN');
    await done('operator', 'gate.endLockdown');
    const held = await done('operator', 'door.hold', { door: 'front', forS: 60 });
    expect(held.result).toEqual({ door: 'front', state: 'remain_open' });
    const ended = await done('operator', 'door.endHold', { door: 'front' });
    expect(ended.result.state).not.toBe('remain_open');
    expect((await done('operator', 'door.clearAlarm', { door: 'front' })).result.cleared).toBe(false);
    expect(await failure('operator', 'door.open', { door: 'back' })).toBe('COMMAND_NO_SUCH_PART');
    expect(await failure('auditor', 'door.open', { door: 'front' })).toBe('COMMAND_FORBIDDEN');
  });

  it('tells settings, diagnostics, events and a picture, and no secret', async () => {
    const { result: config } = await done('auditor', 'config.get');
    expect(JSON.stringify(config)).not.toContain('p@ss');
    const { result: state } = await done('auditor', 'gate.diagnostics');
    expect(state).toMatchObject({ people: 1, config: config.version });
    const { result: range } = await done('auditor', 'journal.range', { after: 0, limit: 3 });
    expect(range.events).toHaveLength(3);
    expect(range.next).toBe(3);
    const { result: picture } = await done('operator', 'gate.snapshot', { camera: 'entrance' });
    expect(Buffer.from(String(picture.jpeg), 'base64').subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    expect(house.events.some(({ data }) => JSON.stringify(data).includes('/9j/'))).toBe(false);
    expect((await done('administrator', 'gate.log', { level: 'warn' })).result).toEqual({ before: 'info' });
    await done('administrator', 'gate.log', { level: 'info' });
  });

  it('changes people: enters, finds, enrols from the camera, erases', { timeout: 150_000 }, async () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const from = house.events.length;
    await done('administrator', 'people.upsert', { id, name: 'Bob', groups: ['staff'], cards: ['12345'] });
    const { result: listed } = await done('auditor', 'people.list');
    expect(listed.people).toContainEqual(
      expect.objectContaining({ id, name: 'Bob', groups: ['staff'], cards: 1, references: 0 }),
    );
    // A stranger walks up every eight seconds.
    const consent = { local: true, version: 'test' };
    const enrol = { camera: 'entrance', name: 'Carol', consent, withinS: 45 };
    expect(await failure('administrator', 'people.enrol', { ...enrol, consent: undefined })).toBe('USAGE');
    const { result } = await done('administrator', 'people.enrol', enrol);
    expect(result.qualityScore).toBeGreaterThan(0.3);
    expect(progress.length).toBeGreaterThan(0);
    expect(await failure('administrator', 'people.enrol', { ...enrol, name: 'Dave' })).toBe(
      'ENROLL_DUPLICATE',
    );
    const granted = await house.event('access.granted', from, 30_000);
    expect(granted.data).toMatchObject({ person: { name: 'Carol' } });
    const jpeg = Buffer.from('no picture').toString('base64');
    expect(await failure('administrator', 'people.photo', { name: 'Eve', consent, jpeg })).toBe(
      'PICTURE_UNREADABLE',
    );
    for (const who of [id, String(result.id)]) await done('administrator', 'people.remove', { id: who });
    const { result: left } = await done('auditor', 'people.list');
    expect(left.total).toBe(1);
  });

  it('changes settings when they hold, takes them back when they do not, guards the others', {
    timeout: 120_000,
  }, async () => {
    const from = house.events.length;
    const { result: before } = await done('auditor', 'config.get');
    const version = before.version;
    const set = (changes: unknown[], more = {}) =>
      send('administrator', 'config.set', { version, changes, trialS: 15, ...more });
    const code = (reply: Reply) => ('error' in reply ? reply.error.code : reply.state);
    const threshold = { path: ['decision', 'matchThreshold'], value: 7 };
    expect(code(await set([threshold]))).toBe('CONFIG_INVALID');
    for (const [path, value] of [
      [['commands', 'keys', 0, 'role'], 'administrator'],
      [['mqtt', 'url'], 'mqtt://192.0.2.1'],
      [['cameras', 0, 'source'], 'rtsp://192.0.2.1/x'],
      [['cameras', 0, 'password'], { file: '/etc/shadow' }],
      [['doors', 0, 'relay', 'line'], { driver: 'simulated', line: 99 }],
      [['vision', 'modelsDir'], '/tmp'],
      [['gate', 'id'], 'other'],
      [['dataDir'], '/tmp'],
    ] as const) {
      expect([path, code(await set([{ path, value }]))]).toEqual([path, 'COMMAND_CONFIG_PROTECTED']);
    }
    expect(code(await set([threshold], { version: '0123456789ab' }))).toBe('COMMAND_CONFIG_CHANGED');
    const file = readFileSync(house.configFile, 'utf8');
    await house.until(
      () => house.retained.get('menshen/house/cameras/entrance/state')?.includes('streaming'),
      9000,
      'camera',
    );
    const trial = set([{ path: ['doors', 0, 'unlockMs'], value: 900 }], { trialS: 12 });
    await house.until(() => readFileSync(house.configFile, 'utf8').includes('900'), 5000, 'the trial');
    // What worked before does not work under the new configuration.
    await house.camera.stop();
    const bad = await trial;
    await house.startCamera();
    expect([code(bad), readFileSync(house.configFile, 'utf8') === file]).toEqual([
      'COMMAND_CONFIG_ROLLED_BACK',
      true,
    ]);
    const good = await set([{ path: ['doors', 0, 'unlockMs'], value: 700 }], { trialS: 40 });
    expect(good.state).toBe('done');
    expect(readFileSync(house.configFile, 'utf8')).toContain('unlockMs: 700');
    const { result: after } = await done('auditor', 'config.get');
    expect('result' in good && after.version).toBe('result' in good && good.result.version);
    await house.event('config.rolled_back', from);
    await house.event('config.changed', from);
  });

  it('takes every example of the reference as it is printed there', { timeout: 60_000 }, async () => {
    const page = readFileSync(new URL('../../docs/reference/commands.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/^### `([\w.]+)`$[^#]*?^ {4}(\{.*\})$/gm)];
    expect(examples.map(([, name]) => name)).toEqual(Object.keys(COMMANDS));
    const elsewhere = ['gate.restart', 'people.enrol'];
    const ends: Record<string, string> = {};
    for (const [, name = '', params = ''] of examples) {
      if (!isCommand(name) || elsewhere.includes(name)) continue;
      const role = definitionOf(name).roles[0] ?? 'administrator';
      const reply = await send(role, name, JSON.parse(params));
      ends[name] = 'error' in reply ? reply.error.code : reply.state;
      if (reply.state === 'done')
        expect(definitionOf(name).result.safeParse(reply.result).error).toBeUndefined();
    }
    // The photo of the example is cut short, and its version of the configuration is another.
    const expected = Object.keys(COMMANDS)
      .filter((name) => !elsewhere.includes(name))
      .map((name) => [name, 'done']);
    expect(ends).toEqual({
      ...Object.fromEntries(expected),
      'people.photo': 'PICTURE_UNREADABLE',
      'config.set': 'COMMAND_CONFIG_CHANGED',
      // This gate has no cloud and no zones.
      'cloud.quota': 'COMMAND_UNAVAILABLE',
      'visitor.verify': 'COMMAND_UNAVAILABLE',
      'zone.reset': 'COMMAND_NO_SUCH_PART',
    });
    await done('operator', 'door.release', { door: 'front' });
  });

  it('starts the gate again on command, and undoes a trial that a power cut interrupted', async () => {
    const pid = house.daemon?.process.pid;
    await done('administrator', 'gate.restart');
    expect(house.daemon?.process.pid).toBe(pid);
    await house.daemon?.stop();
    const sound = readFileSync(house.configFile, 'utf8');
    writeFileSync(`${house.configFile}.before`, sound);
    writeFileSync(house.configFile, sound.replace('unlockMs: 700', 'unlockMs: 9000'));
    const from = house.events.length;
    await house.startDaemon();
    await house.event('config.rolled_back', from);
    expect(readFileSync(house.configFile, 'utf8')).toBe(sound);
  });
});
