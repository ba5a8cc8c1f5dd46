import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { IncomingMessage, Subscription } from '../../src/mqtt/index.ts';
import { mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';
import {
  brokerOf311,
  type Gate,
  openGate,
  publishPacket,
  subscribe,
  temporaryDir,
  until,
} from './support.ts';

const ALL: Subscription = { filter: 'menshen/gate1/in/#', qos: 1, retained: 'wanted' };

function listen(gate: Gate, subscription = ALL): IncomingMessage[] {
  const messages: IncomingMessage[] = [];
  gate.link.subscribe(subscription, (message) => void messages.push(message));
  return messages;
}

async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const connection = await connectAsync(url, { reconnectPeriod: 0, ...options });
  connection.on('error', () => {});
  onTestFinished(() => void connection.end(true));
  return connection;
}

const texts = (messages: readonly IncomingMessage[]) =>
  messages.map(({ payload }) => Buffer.from(payload).toString());

describe.skipIf(!mosquittoInstalled())(
  'messages from a real broker (skipped where mosquitto is not installed)',
  () => {
    async function broker() {
      const mosquitto = await startMosquitto();
      onTestFinished(() => mosquitto.stop());
      return mosquitto;
    }

    it('MQTT 5: come as they were sent, with response topic, correlation data and the retained flag', async () => {
      const { url } = await broker();
      const gate = openGate(url);
      const messages = listen(gate);
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      const sender = await client(url, { protocolVersion: 5 });
      const binary = Buffer.from([0, 0xff, 0xc0, 0xaf]);
      await sender.publishAsync('menshen/gate1/in/a', binary, {
        qos: 1,
        properties: { responseTopic: 'answers/7', correlationData: Buffer.from([1, 2, 3]) },
      });
      await sender.publishAsync('menshen/gate1/in/b/c', 'x', { qos: 1, retain: true });
      await sender.publishAsync('menshen/gate1/out', 'not asked for', { qos: 1 });
      await until('two messages', () => messages.length === 2);
      expect(messages[0]).toMatchObject({
        topic: 'menshen/gate1/in/a',
        retained: false,
        responseTopic: 'answers/7',
      });
      expect(Buffer.from(messages[0]?.payload ?? [])).toEqual(binary);
      expect([...(messages[0]?.correlationData ?? [])]).toEqual([1, 2, 3]);
      // With MQTT 5 the flag is seen even though the gate was there when it was published.
      expect(messages[1]).toMatchObject({ retained: true, responseTopic: null, correlationData: null });
    });

    it('MQTT 3.1.1: come without properties, and retained ones are known when the gate comes', async () => {
      const { url, port } = await broker();
      const sender = await client(url);
      await sender.publishAsync('menshen/gate1/in/old', 'retained', { qos: 1, retain: true });
      const gate = openGate(await brokerOf311(port));
      const messages = listen(gate);
      gate.link.start();
      await until('the retained message', () => messages.length === 1);
      await sender.publishAsync('menshen/gate1/in/new', 'live', { qos: 1 });
      await until('the live message', () => messages.length === 2);
      expect(gate.log()).toContain('"mqtt":"3.1.1"');
      expect(messages.map(({ retained }) => retained)).toEqual([true, false]);
    });

    it('does not get what was retained before where it does not want it', async () => {
      const { url } = await broker();
      const sender = await client(url);
      await sender.publishAsync('menshen/gate1/in/old', 'retained', { qos: 1, retain: true });
      const gate = openGate(url);
      const messages = listen(gate, { ...ALL, retained: 'unwanted' });
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      await sleep(100);
      await sender.publishAsync('menshen/gate1/in/new', 'live', { qos: 1 });
      await until('a message', () => messages.length > 0);
      expect(texts(messages)).toEqual(['live']);
    });

    it.each([5, 3])('MQTT %d: gets after a restart what was sent while it was away', async (version) => {
      const { url, port } = await broker();
      const own = version === 5 ? url : await brokerOf311(port);
      const dir = temporaryDir();
      const first = openGate(own, { dir });
      const before = listen(first);
      first.link.start();
      const sender = await client(url);
      await until('online', () => first.link.state === 'online');
      await sleep(100);
      await sender.publishAsync('menshen/gate1/in/a', 'one', { qos: 1 });
      await until('the first', () => before.length === 1);
      await first.link.stop();
      for (const text of ['two', 'three']) await sender.publishAsync('menshen/gate1/in/a', text, { qos: 1 });
      const second = openGate(own);
      const after = listen(second);
      second.link.start();
      await until('the others', () => after.length === 2);
      expect(texts(after)).toEqual(['two', 'three']);
    });

    it('keeps no session while nobody listens', async () => {
      const { url } = await broker();
      const first = openGate(url);
      listen(first);
      first.link.start();
      await until('online', () => first.link.state === 'online');
      await sleep(100);
      await first.link.stop();
      const deaf = openGate(url);
      deaf.link.start();
      await until('online', () => deaf.link.state === 'online');
      const sender = await client(url);
      await sender.publishAsync('menshen/gate1/in/a', 'to nobody', { qos: 1 });
      await sleep(200);
      expect(deaf.log()).not.toContain('nothing here asked for');
    });

    it('takes the next message only when the one before is dealt with, and events go on meanwhile', async () => {
      const { url } = await broker();
      const gate = openGate(url);
      const order: string[] = [];
      gate.link.subscribe(ALL, async ({ payload }) => {
        order.push(`begin ${Buffer.from(payload)}`);
        await sleep(20);
        order.push(`end ${Buffer.from(payload)}`);
        if (order.length === 4) throw new Error('cannot deal with it');
      });
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      const sender = await client(url);
      for (let n = 0; n < 10; n++) sender.publish('menshen/gate1/in/a', String(n), { qos: 1 });
      gate.burst(50);
      await until('ten messages', () => order.length === 20);
      expect(order).toEqual(Array.from({ length: 10 }, (_, n) => [`begin ${n}`, `end ${n}`]).flat());
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
      expect(gate.log()).toContain('cannot deal with it');
    });

    it.each([0, 1] as const)(
      'QoS %d: takes of a flood what it may, and its events arrive all the same',
      async (qos) => {
        const { url } = await broker();
        const gate = openGate(url);
        const messages = listen(gate);
        gate.link.start();
        await until('online', () => gate.link.state === 'online');
        const sender = await client(url);
        const begun = performance.now();
        for (let n = 0; n < 1600; n++) sender.publish('menshen/gate1/in/a', String(n), { qos });
        await until('the burst', () => messages.length >= 1000);
        gate.burst(100);
        await until('an empty outbox', () => gate.journal.pendingCount() === 0);
        const allowed = 1000 + ((performance.now() - begun) / 1000) * 200;
        expect(messages.length).toBeLessThan(allowed + 20);
        expect(gate.log().includes('some of those with QoS 0 are dropped')).toBe(qos === 0);
      },
    );

    it('sends a message once, with correlation data, and says when it cannot', async () => {
      const { url } = await broker();
      const hearer = await subscribe(url);
      const gate = openGate(url);
      expect(gate.link.publish({ topic: 'menshen/x', payload: '{}' })).toBe(false);
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      const five = await client(url, { protocolVersion: 5 });
      const correlations: unknown[] = [];
      five.on('message', (_topic, _payload, { properties }) =>
        correlations.push(properties?.correlationData),
      );
      await five.subscribeAsync('menshen/x');
      expect(
        gate.link.publish({ topic: 'menshen/x', payload: '{"a":1}', correlationData: Buffer.from('k') }),
      ).toBe(true);
      await until('the message', () => hearer.last('menshen/x') !== undefined && correlations.length === 1);
      expect(correlations).toEqual([Buffer.from('k')]);
    });
  },
);

describe('a hostile broker', () => {
  /** Accepts every connection as the given version does, then sends what it is told to. */
  async function hostile(send: (socket: Socket) => void) {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
        send(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { url: `mqtt://127.0.0.1:${port}`, connections: () => connections };
  }

  it('that announces 200 MB is hung up on before they have come', async () => {
    const { url, connections } = await hostile((socket) => {
      socket.write(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x60, 0, 1, 0x61]));
      const filler = setInterval(() => socket.write(Buffer.alloc(65_536)), 1);
      socket.on('close', () => clearInterval(filler));
    });
    const gate = openGate(url);
    const messages = listen(gate);
    gate.link.start();
    await until('the second connection', () => connections() >= 2);
    expect(messages).toEqual([]);
    expect(gate.log()).toContain('it sent a packet of more than');
  });

  it('that sends QoS 2 without end fills no memory, and is not listened to', async () => {
    const { url, connections } = await hostile((socket) => {
      for (let id = 1; id <= 400; id++) {
        socket.write(publishPacket('menshen/gate1/in/a', Buffer.alloc(200_000 + id), 2));
      }
    });
    const gate = openGate(url);
    const messages = listen(gate);
    const before = process.memoryUsage().rss;
    gate.link.start();
    await until('a connection', () => connections() >= 1);
    await sleep(1500);
    expect(messages).toEqual([]);
    // 80 MB were sent from this process: they stand in its own socket at most once.
    expect(process.memoryUsage().rss - before).toBeLessThan(250_000_000);
  });

  it.each([
    ['noise', Buffer.from(Array.from({ length: 500 }, (_, n) => (n * 7919) % 251))],
    ['a topic that is no UTF-8', Buffer.from([0x30, 6, 0, 2, 0xff, 0xfe, 0, 0x31])],
    ['a wildcard for a topic', Buffer.from([0x30, 5, 0, 1, 0x23, 0, 0x31])],
    ['a second CONNACK', Buffer.from([0x20, 3, 0, 0, 0])],
    ['a reserved packet type', Buffer.from([0x00, 0])],
  ])('that sends %s costs the connection at most', async (_, bytes) => {
    const { url } = await hostile((socket) => socket.write(bytes));
    const gate = openGate(url);
    const messages = listen(gate);
    gate.link.start();
    await sleep(300);
    expect(messages.filter(({ topic }) => topic.startsWith('menshen/'))).toEqual([]);
    expect(['online', 'connecting', 'offline']).toContain(gate.link.state);
  });
});
