import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type SendRequest, sendCommand } from '../../src/cli/command-sender.ts';
import { definitionOf, makeOrder, signOrder } from '../../src/commands/index.ts';
import { createLogger, MenshenError, openDeviceKey } from '../../src/common/index.ts';
import { VisionSchema } from '../../src/config/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import type { CommandParts } from '../../src/gate/commands/parts.ts';
import { peopleHandlers } from '../../src/gate/commands/people.ts';
import { bind, CommandRunner, type Handlers } from '../../src/gate/commands/runner.ts';
import { changePeople } from '../../src/gate/people/client.ts';
import { Records } from '../../src/gate/records.ts';
import { JournalReader } from '../../src/journal/index.ts';
import { commandsConfig, PAIRS, privateKey } from '../commands/support.ts';
import { portrait, READY } from '../gallery/photos.ts';
import { brokerOf311 } from '../mqtt/support.ts';
import { type MosquittoOptions, mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';

const THREAD = new URL('../../dist/gate/records-thread.js', import.meta.url);
const MENSHEN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PASSWORD = 'secret';
const run = promisify(execFile);

/** A broker and the records of a gate that carries out commands by name alone. */
async function start(
  options: MosquittoOptions = {},
  more: (dataDir: string) => Partial<Handlers> = () => ({}),
) {
  const mosquitto = await startMosquitto(options);
  const dataDir = mkdtempSync(join(tmpdir(), 'menshen-commands-'));
  const log = createLogger('test', 'silent');
  const carriedOut: string[] = [];
  const account = options.users === undefined ? {} : { username: 'north', password: PASSWORD };
  const records = new Records(
    {
      dataDir,
      gate: 'north',
      version: '1',
      logLevel: 'silent',
      key: null,
      mqtt: {
        url: mosquitto.url,
        topic: 'menshen',
        keepaliveS: 30,
        sessionExpiryS: 60,
        replayPerSecond: 50,
        ...account,
      },
      retention: { retentionDays: 1, retentionDaysByType: {}, cropRetentionDays: 1, maxMegabytes: 100 },
      commands: commandsConfig(),
    },
    log,
    THREAD,
  );
  const open = bind(definitionOf('door.open'), (_, { command, progress }) => {
    carriedOut.push(command.nonce);
    progress('on the way', 'WAIT');
    return { door: 'front', state: 'unlocked' };
  });
  const busy = bind(definitionOf('gate.lockdown'), () => {
    throw new MenshenError('DOOR_LOCKDOWN', 'told to fail');
  });
  const broken = bind(definitionOf('gate.endLockdown'), () => {
    throw new Error('a secret path: /root');
  });
  const handlers = {
    ...{ 'door.open': open, 'gate.lockdown': busy, 'gate.endLockdown': broken },
    ...more(dataDir),
  };
  const runner = new CommandRunner({
    gate: 'north',
    records,
    log,
    handlers: handlers as unknown as Handlers,
  });
  records.onCommand = (command) => void runner.run(command);
  records.start();
  await records.whenOnline(10_000);
  await sleep(200);
  onTestFinished(async () => {
    await records.stop(2000);
    await mosquitto.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const events = () => new JournalReader({ dataDir }).range({ after: 0, limit: 1000 });
  return { mosquitto, dataDir, carriedOut, events };
}

type Started = Awaited<ReturnType<typeof start>>;

function send({ mosquitto, dataDir }: Started, more: Partial<SendRequest> = {}) {
  return sendCommand({
    connection: { url: mosquitto.url, version: 5 },
    prefix: 'menshen',
    gate: 'north',
    command: 'door.open',
    params: { door: 'front' },
    key: { id: 'operator', privateKey: privateKey('operator') },
    gateKey: openDeviceKey(dataDir),
    timeoutMs: 5000,
    onProgress: () => {},
    ...more,
  });
}

async function client(url: string): Promise<MqttClient> {
  const connection = await connectAsync(url);
  onTestFinished(() => void connection.end(true));
  return connection;
}

describe.skipIf(!mosquittoInstalled())('commands through a real broker (skipped without mosquitto)', () => {
  it.each([5, 4] as const)(
    'MQTT %d: are answered with progress and result, signed, and recorded',
    async (version) => {
      const gate = await start();
      const told: string[] = [];
      const connection = { url: gate.mosquitto.url, version };
      const reply = await send(gate, { connection, onProgress: (...words) => told.push(words.join()) });
      expect(reply).toMatchObject({ state: 'done', result: { state: 'unlocked' }, gate: 'north' });
      expect(told).toEqual(['on the way,WAIT']);
      await vi.waitFor(() => expect(gate.events()).toHaveLength(2), 3000);
      const [accepted, outcome] = gate.events();
      expect(accepted).toMatchObject({
        type: 'command.accepted',
        data: { command: 'door.open', key: 'operator', role: 'operator', params: { door: 'front' } },
      });
      expect(outcome).toMatchObject({
        type: 'command.done',
        cause: accepted?.id,
        data: { result: { state: 'unlocked' } },
      });
    },
  );

  it('that fail say why, and a fault of the gate keeps its words to itself', async () => {
    const gate = await start();
    const failed = await send(gate, { command: 'gate.lockdown', params: {} });
    expect(failed).toMatchObject({
      state: 'failed',
      error: { code: 'DOOR_LOCKDOWN', message: 'told to fail' },
    });
    const broken = await send(gate, { command: 'gate.endLockdown', params: {} });
    expect(broken).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
    expect(JSON.stringify([broken, gate.events()])).not.toContain('/root');
  });

  it('are not answered to whoever has no key, and a flood of junk fills no journal', async () => {
    const gate = await start();
    const attacker = await client(gate.mosquitto.url);
    const answers: string[] = [];
    attacker.on('message', (topic) => answers.push(topic));
    await attacker.subscribeAsync('menshen/north/replies/#');
    const order = makeOrder({ gate: 'north', command: 'door.open', params: { door: 'front' } });
    const wrongKey = signOrder(order, 'operator', privateKey('auditor'));
    for (let n = 0; n < 100; n++) {
      attacker.publish('menshen/north/commands', n % 2 ? wrongKey : '{', { qos: 1 });
    }
    // Once the last of them is through, a good one is.
    expect(await send(gate)).toMatchObject({ state: 'done' });
    expect(answers.filter((topic) => !topic.startsWith('menshen/north/replies/operator/'))).toEqual([]);
    const refused = gate.events().filter(({ type }) => type === 'command.refused');
    expect(refused.map(({ data }) => data.code).sort()).toEqual(['COMMAND_MALFORMED', 'COMMAND_UNSIGNED']);
  });

  it('that a broker repeats are carried out once; a forged answer is not believed', async () => {
    const gate = await start();
    const evil = await client(gate.mosquitto.url);
    const answers: unknown[] = [];
    evil.on('message', (topic, payload) => {
      if (topic.endsWith('/commands')) {
        const { order } = JSON.parse(payload.toString());
        const { nonce, replyTo } = JSON.parse(order);
        if (!answers.includes(nonce)) {
          answers.push(nonce);
          evil.publish(topic, payload, { qos: 1 });
          const forged = { nonce, gate: 'north', command: 'door.open', at: new Date().toISOString() };
          const error = { code: 'COMMAND_STALE', message: 'forged' };
          const text = JSON.stringify({ ...forged, state: 'refused', error });
          evil.publish(replyTo, `${text.slice(0, -1)},"signature":"${'A'.repeat(86)}=="}`, { qos: 1 });
        }
      }
    });
    await evil.subscribeAsync('menshen/north/commands', { qos: 1 });
    expect(await send(gate)).toMatchObject({ state: 'done' });
    await vi.waitFor(
      () => expect(gate.events().some(({ data }) => data.code === 'COMMAND_REPEATED')).toBe(true),
      3000,
    );
    expect(gate.carriedOut).toHaveLength(1);
  });

  it('pass the access list that comes along for who may send, and for nobody else', async () => {
    const acl = readFileSync(new URL('../../config/acl/mosquitto.acl', import.meta.url), 'utf8');
    const users = { north: PASSWORD, south: PASSWORD, 'front-desk': PASSWORD };
    const gate = await start({ acl, users });
    const as = (username: string) => ({
      url: gate.mosquitto.url,
      version: 5 as const,
      username,
      password: PASSWORD,
    });
    const key = { id: 'operator', privateKey: privateKey('operator') };
    // The reply topic has the name of the key: here it must be the account's.
    const config = { connection: as('front-desk'), key, replyName: 'front-desk' };
    expect(await send(gate, config)).toMatchObject({ state: 'done' });
    await expect(send(gate, { ...config, connection: as('south'), timeoutMs: 1500 })).rejects.toMatchObject({
      code: 'MQTT_AUTH_FAILED',
    });
    const wrong = { ...as('front-desk'), password: 'wrong' };
    await expect(send(gate, { ...config, connection: wrong })).rejects.toMatchObject({
      code: 'MQTT_AUTH_FAILED',
      message: expect.stringContaining('turned this account away'),
    });
    expect(gate.carriedOut).toHaveLength(1);
  });

  it('are sent by MQTT 3.1.1 where the broker speaks no 5, unless 5 is asked for', async () => {
    const gate = await start();
    for (const manner of ['v3 code', 'v5 code', 'hang up'] as const) {
      const url = await brokerOf311(gate.mosquitto.port, manner);
      expect(await send(gate, { connection: { url } }), manner).toMatchObject({ state: 'done' });
      await expect(send(gate, { connection: { url, version: 5 } }), manner).rejects.toMatchObject({
        code: 'MQTT_UNREACHABLE',
      });
    }
    expect(gate.carriedOut).toHaveLength(3);
  });
});

describe.skipIf(!mosquittoInstalled())('a photo that is too large for one message', () => {
  const parts = (dataDir: string) =>
    ({
      loaded: { config: { vision: VisionSchema.parse({}) } },
      gallerySource: () => ({ dataDir, key: undefined }),
      refreshGallery: async () => {},
    }) as unknown as CommandParts;

  it.skipIf(!READY)(
    'of megabytes, is sent in parts by the command line, shown on the way, and enrolled',
    async () => {
      const gate = await start({}, (dataDir) => peopleHandlers(parts(dataDir)));
      const { dataDir, mosquitto } = gate;
      const [file, key] = [join(dataDir, 'ann.jpg'), join(dataDir, 'desk.pem')];
      const large = sharp(await portrait('ann')).resize(2400);
      await large.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toFile(file);
      const count = Math.ceil(statSync(file).size / 180_000);
      expect(count).toBeGreaterThan(10);
      writeFileSync(key, PAIRS.administrator?.privatePem ?? '', { mode: 0o600 });
      const line = `command send north people.photo name=Ann --jpeg ${file} --key ${key} --key-id administrator`;
      const { stdout, stderr } = await run(process.execPath, [
        ...[MENSHEN, ...line.split(' '), '--broker', mosquitto.url],
        ...['--gate-key', openDeviceKey(dataDir).spki, 'consent={"local":true,"version":"1"}'],
      ]);
      const { id } = JSON.parse(stdout);
      expect(stderr).toContain(`${count} of ${count} parts of the photo`);
      expect(stderr).toContain('judging the photo');
      const gallery = Gallery.open({ dataDir, log: createLogger('test', 'silent') });
      onTestFinished(() => gallery.close());
      expect(gallery.get(id)?.name).toBe('Ann');
      expect(gallery.referenceCount(id)).toBe(1);
      await vi.waitFor(() => expect(gate.events()).toHaveLength(4), 3000);
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
      expect(gate.events()).toMatchObject([
        { type: 'command.accepted', data: { command: 'people.photoPart', params: { sha256, count } } },
        { type: 'command.done', data: { command: 'people.photoPart', result: { missing: 0 } } },
        { type: 'command.accepted', data: { command: 'people.photo', params: { sha256 } } },
        { type: 'command.done', data: { command: 'people.photo', result: { id } } },
      ]);
    },
    120_000,
  );

  it('that is not the one announced, or of which parts are missing, is refused in so many words', async () => {
    const gate = await start({}, (dataDir) => peopleHandlers(parts(dataDir)));
    const key = { id: 'administrator', privateKey: privateKey('administrator') };
    const data = Buffer.from('half of it').toString('base64');
    const part = { sha256: 'ab'.repeat(32), bytes: 20, count: 2, index: 0, data };
    const put = (more: object) =>
      send(gate, { command: 'people.photoPart', params: { ...part, ...more }, key });
    const enrol = () => {
      const params = { name: 'Ann', consent: { local: true, version: '1' }, sha256: part.sha256 };
      return send(gate, { command: 'people.photo', params, key });
    };
    const failed = (code: string, message: string) => ({
      state: 'failed',
      error: { code, message: expect.stringContaining(message) },
    });
    expect(await enrol()).toMatchObject(failed('COMMAND_PHOTO_INCOMPLETE', 'no part'));
    expect(await put({})).toMatchObject({ state: 'done', result: { missing: 1 } });
    expect(await enrol()).toMatchObject(
      failed('COMMAND_PHOTO_INCOMPLETE', '1 of 2 parts of the photo are missing: 1'),
    );
    expect(await put({ index: 1 })).toMatchObject(failed('COMMAND_PHOTO_DAMAGED', 'SHA-256'));
    expect(await put({ index: 2 })).toMatchObject({
      state: 'refused',
      error: { code: 'COMMAND_PARAMS_INVALID' },
    });
    await vi.waitFor(() => expect(gate.events()).toHaveLength(7), 3000);
    const [, , first, , , spoiled] = gate.events();
    expect(spoiled).toMatchObject({ type: 'command.failed', cause: first?.id });
  });
});

it('has a pass made by the process for people, and keeps its hash alone', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'menshen-people-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const task = {
    kind: 'pass' as const,
    name: 'Wang Fang',
    doors: ['front'],
    groups: [],
    validFrom: '2026-01-01T00:00:00Z',
    validUntil: '2099-01-01T00:00:00Z',
  };
  const { id, token = '' } = await changePeople({ dataDir, task });
  const gallery = Gallery.open({ dataDir, log: createLogger('test', 'silent') });
  onTestFinished(() => gallery.close());
  expect(gallery.passOf(token)).toMatchObject({ id, doors: ['front'] });
  expect(JSON.stringify(gallery.passes())).not.toContain(token);
  await expect(changePeople({ dataDir, task: { ...task, doors: [] } })).rejects.toMatchObject({
    code: 'CREDENTIAL_INVALID',
  });
});
