import { readFileSync } from 'node:fs';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHANNELS } from '../../scripts/asyncapi/channels.ts';
import { temporaryDir } from '../mqtt/support.ts';
import { makeAuthority, makeCertificate } from '../support/certificates.ts';
import { emqxAllows, readEmqxAcl } from '../support/emqx.ts';
import { type Mosquitto, mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';

const file = (name: string) => readFileSync(new URL(`../../config/acl/${name}`, import.meta.url), 'utf8');

const GATES = ['front-gate', 'back-gate'];
const PEOPLE = ['attendance', 'console', 'front-desk', 'site-admin', 'home-assistant'];
const ACCOUNTS = [...GATES, ...PEOPLE];
/** May do everything: what the test itself needs of the broker. */
const TESTER = 'tester';

/** A channel's topic at a gate. */
function topicAt(gate: string, address: string): string {
  const parts: Record<string, string> = {
    ...{ topic: 'menshen', gate, site: 'hq', sender: 'front-desk', prefix: 'homeassistant' },
    ...{ node: `menshen_${gate}`, door: 'front', camera: 'entrance', input: 'panel', bucket: '7' },
    ...{ person: '9a7c1f0e-52b3-4d8e-8a51-6c0d2e7b4f13', photo: 'ab'.repeat(32) },
  };
  return address.replaceAll(/\{(\w+)\}/g, (_, part: string) => parts[part] ?? '');
}

interface Topic {
  readonly name: string;
  readonly gate: string;
  readonly topic: string;
}
const TOPICS: readonly Topic[] = [
  ...GATES.flatMap((gate) =>
    Object.entries(CHANNELS).map(([name, { address }]) => ({ name, gate, topic: topicAt(gate, address) })),
  ),
  { name: 'ofConsole', gate: 'console', topic: 'menshen/console/events/door/opened' },
  { name: 'status', gate: 'front-desk', topic: 'menshen/front-desk/status' },
  { name: 'birth', gate: 'home-assistant', topic: 'homeassistant/status' },
];

const isEvent = (topic: string) => topic.includes('/events/');
const isState = (name: string) => ['status', 'doorState', 'cameraState', 'inputState'].includes(name);
const OF_SITE = ['siteManifest', 'siteIndex', 'sitePerson', 'sitePhoto'];

/** What each account may write: all else it may not. */
function mayWrite(account: string, { name, gate, topic }: Topic): boolean {
  if (GATES.includes(account)) {
    return name === 'place' || (gate === account && CHANNELS[name]?.action === 'send');
  }
  if (account === 'front-desk') return name === 'command';
  if (account === 'site-admin') return name === 'command' || [...OF_SITE, 'siteKeys'].includes(name);
  return account === 'home-assistant' && topic === 'homeassistant/status';
}

function mayRead(account: string, { name, gate, topic }: Topic): boolean {
  if (GATES.includes(account)) {
    const own = gate === account && ['command', 'siteKeys'].includes(name);
    return own || [...OF_SITE, 'place', 'birth'].includes(name);
  }
  switch (account) {
    case 'attendance':
      return isEvent(topic);
    case 'console':
      return gate !== 'console' && (isEvent(topic) || isState(name) || name === 'siteReport');
    case 'front-desk':
      return name === 'reply';
    case 'site-admin':
      return [...OF_SITE, 'siteKeys', 'siteReport'].includes(name);
    default:
      return isEvent(topic) || isState(name) || ['homeAssistantDevice', 'software'].includes(name);
  }
}

const unique = (topics: readonly string[]) => [...new Set(topics)].sort();
const wanted = (account: string, may: typeof mayRead) =>
  unique(TOPICS.filter((topic) => may(account, topic)).map(({ topic }) => topic));
const all = unique(TOPICS.map(({ topic }) => topic));

describe.skipIf(!mosquittoInstalled())('config/acl/mosquitto.acl, in a mosquitto', () => {
  const acl = `${file('mosquitto.acl')}\nuser ${TESTER}\ntopic readwrite #\n`;
  let broker: Mosquitto;
  const clients: MqttClient[] = [];

  beforeAll(async () => {
    const users = Object.fromEntries([...ACCOUNTS, TESTER].map((user) => [user, `of ${user}`]));
    broker = await startMosquitto({ users, acl });
  });
  afterAll(async () => {
    for (const client of clients) client.end(true);
    await broker?.stop();
  });

  const enter = async (url: string, options: IClientOptions) => {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    clients.push(client);
    return client;
  };
  const as = (username: string) => enter(broker.url, { username, password: `of ${username}` });

  it.each(ACCOUNTS)('%s writes what it should and nothing else', async (account) => {
    expect(await written(await as(account), all)).toEqual(wanted(account, mayWrite));
  });

  it('each account reads what it should and nothing else', async () => {
    const heard = new Map<string, string[]>();
    const readers: MqttClient[] = [];
    for (const account of ACCOUNTS) {
      const reader = await as(account);
      const topics: string[] = [];
      heard.set(account, topics);
      reader.on('message', (topic) => topics.push(topic));
      await reader.subscribeAsync('#', { qos: 1 });
      readers.push(reader);
    }
    expect(await written(await as(TESTER), all)).toEqual(all);
    // What a subscriber is due has been sent to it before; the answer to this comes behind it.
    for (const reader of readers) await reader.unsubscribeAsync('#');
    const found = Object.fromEntries([...heard].map(([account, topics]) => [account, unique(topics)]));
    expect(found).toEqual(Object.fromEntries(ACCOUNTS.map((account) => [account, wanted(account, mayRead)])));
  });

  it('takes the common name of a certificate as the gate', async () => {
    const dir = temporaryDir();
    const authority = makeAuthority(dir, 'authority');
    const server = makeCertificate(dir, 'broker', authority, 'IP:127.0.0.1');
    const own = makeCertificate(dir, 'front-gate', authority, 'DNS:front-gate');
    const tls = { caFile: authority.certFile, ...server, requireClientCertificate: true };
    const guarded = await startMosquitto({ tls, acl, extra: ['use_identity_as_username true'] });
    onTestFinished(() => guarded.stop());
    const gate = await enter(guarded.url, {
      ...{ ca: readFileSync(authority.certFile), cert: readFileSync(own.certFile) },
      ...{ key: readFileSync(own.keyFile), username: 'site-admin' },
    });
    const topics = ['menshen/back-gate/status', 'menshen/front-gate/status', 'menshen/sites/hq/manifest'];
    expect(await written(gate, topics)).toEqual(['menshen/front-gate/status']);
    gate.end(true);
  });
});

/** The topics that the broker takes a message on. */
async function written(client: MqttClient, topics: readonly string[]): Promise<string[]> {
  const taken = await Promise.all(
    topics.map((topic) =>
      client.publishAsync(topic, 'x', { qos: 1 }).then(
        () => [topic],
        () => [],
      ),
    ),
  );
  return taken.flat();
}

describe('config/acl/emqx.conf, by the documentation of EMQX', () => {
  const rules = readEmqxAcl(file('emqx.conf'));
  const allowed = (account: string, action: 'publish' | 'subscribe', topics: readonly string[]) =>
    topics.filter((topic) => emqxAllows(rules, account, action, topic));

  it('ends with the rule that denies all else', () => {
    expect(rules.at(-1)).toEqual({ permission: 'deny', users: null, action: 'all', topics: ['#'] });
  });

  it.each(ACCOUNTS)('%s may do what it may in mosquitto', (account) => {
    expect(allowed(account, 'publish', all)).toEqual(wanted(account, mayWrite));
    expect(
      allowed(account, 'subscribe', all).filter((topic) => !topic.startsWith('menshen/console/')),
    ).toEqual(wanted(account, mayRead).filter((topic) => !topic.startsWith('menshen/console/')));
  });

  it('grants the filters that programs subscribe to, and none that holds more', () => {
    const filters = ['#', 'menshen/#', 'menshen/+/#', '+/front-gate/commands', 'menshen/+/commands'];
    for (const account of [...ACCOUNTS, 'nobody']) expect(allowed(account, 'subscribe', filters)).toEqual([]);
    expect(allowed('front-gate', 'subscribe', ['menshen/sites/hq/people/7/+', 'menshen/sites/hq/#'])).toEqual(
      ['menshen/sites/hq/people/7/+'],
    );
    expect(allowed('attendance', 'subscribe', ['menshen/+/events/#', 'menshen/+/+/#'])).toEqual([
      'menshen/+/events/#',
    ]);
  });

  it.each([
    '{allow, {user, "a"}, publish, "menshen/a"}.',
    '{allow, {user, "a"}, write, ["menshen/a"]}.',
    '{allow, {group, "a"}, publish, ["menshen/a"]}.',
    '{allow, {user, "a"}, publish, ["menshen/#/a"]}.',
    `{allow, {user, "a"}, publish, ["menshen/of_${'$'}{username}"]}.`,
    '{allow, {user, "a"}, publish, ["menshen/a",]}.',
    '{allow, all}',
    '{permit, all}.',
  ])('does not take %s', (text) => {
    expect(() => readEmqxAcl(text)).toThrow();
  });
});
