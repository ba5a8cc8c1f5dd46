import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Mosquitto,
  type MosquittoOptions,
  mosquittoInstalled,
  startMosquitto,
} from '../support/mosquitto.ts';
import {
  doorState,
  openGate,
  spawnGate,
  subscribe,
  temporaryDir,
  until,
  withoutDuplicates,
} from './support.ts';

const STATUS = 'menshen/gate1/status';

async function broker(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(options);
  onTestFinished(() => mosquitto.stop());
  return mosquitto;
}

const numbers = (events: readonly { seq: number }[]) => events.map((event) => event.seq);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe.skipIf(!mosquittoInstalled())(
  'delivery to a real broker (skipped where mosquitto is not installed)',
  () => {
    it('sends each event as it is in the journal, in order, and empties the outbox', async () => {
      const { url } = await broker();
      const subscriber = await subscribe(url);
      const gate = openGate(url);
      const before = gate.burst(30);
      gate.link.start();
      await until('30 events', () => subscriber.events().length === 30);
      const after = gate.burst(100, 30);
      await until('130 events', () => subscriber.events().length === 130);
      expect(subscriber.events()).toEqual([...before, ...after]);
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
      expect(new Set(subscriber.messages.map(({ topic }) => topic))).toEqual(
        new Set([STATUS, 'menshen/gate1/events/access/denied']),
      );
      expect(
        subscriber.messages.filter(({ topic }) => topic.includes('events')).some(({ retain }) => retain),
      ).toBe(false);
    });

    it('tells retained whether the gate is there, and the present states', async () => {
      const { url } = await broker();
      const gate = openGate(url);
      gate.link.setState(doorState('main', 'locked'));
      gate.link.setState(doorState('main', 'open'));
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      gate.link.setState({
        of: 'cameras',
        id: 'front',
        report: { state: 'streaming', width: 1280, height: 720 },
      });
      await sleep(100);
      const late = await subscribe(url);
      await until('three retained messages', () => late.messages.length === 3);
      expect(late.messages.every(({ retain }) => retain)).toBe(true);
      expect(late.last(STATUS)).toMatchObject({ state: 'online', gate: 'gate1', version: '9.9.9' });
      expect(late.last('menshen/gate1/doors/main/state')).toMatchObject({
        state: 'open',
        at: expect.stringMatching(/Z$/),
      });
      expect(late.last('menshen/gate1/cameras/front/state')).toMatchObject({
        state: 'streaming',
        width: 1280,
      });
    });

    it('takes a line that went dead for a lost connection, not for a refusal', async () => {
      const mosquitto = await broker();
      const proxy = await holdableProxy(mosquitto.port, { swallowAnswersAfter: 120 });
      proxy.open();
      const gate = openGate(proxy.url, { config: { keepaliveS: 1 } });
      gate.burst(40);
      gate.link.start();
      await until('the end of the connection', () => gate.log().includes('MQTT_UNREACHABLE'));
      expect(gate.log()).toContain('Keepalive timeout');
      expect(gate.log()).not.toContain('refused');
      await until('an empty outbox', () => gate.journal.pendingCount() === 0, 15_000);
    });

    it('says goodbye when it is stopped, after the last events', async () => {
      const { url } = await broker();
      const subscriber = await subscribe(url);
      const gate = openGate(url);
      gate.link.start();
      await until('online', () => subscriber.last(STATUS) !== undefined);
      gate.burst(50);
      const started = performance.now();
      await gate.link.stop();
      expect(performance.now() - started).toBeLessThan(2000);
      await until('the farewell', () => subscriber.messages.at(-1)?.topic === STATUS);
      expect(subscriber.last(STATUS)).toMatchObject({ state: 'offline', reason: 'stopped' });
      expect(numbers(subscriber.events())).toEqual(upTo(50));
      expect(gate.journal.pendingCount()).toBe(0);
      expect(gate.link.state).toBe('stopped');
    });

    it('loses nothing and keeps the order when the broker is killed in a burst, over and over', async () => {
      let mosquitto = await startMosquitto();
      const proxy = await holdableProxy(mosquitto.port);
      const gate = openGate(proxy.url);
      gate.link.start();
      const received = [];
      let appended = 0;
      for (let round = 0; round < 3; round++) {
        const subscriber = await subscribe(mosquitto.url);
        proxy.open();
        const feeding = (async () => {
          for (let n = 0; n < 150; n++, appended++) {
            gate.burst(1, appended);
            if (n % 10 === 0) {
              await sleep(1);
            }
          }
        })();
        await until('some of the burst', () => subscriber.events().length > 20);
        await mosquitto.kill();
        proxy.hold();
        await feeding;
        await sleep(100);
        received.push(...subscriber.events());
        mosquitto = await startMosquitto({ port: mosquitto.port });
      }
      onTestFinished(() => mosquitto.stop());
      const last = await subscribe(mosquitto.url);
      proxy.open();
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
      received.push(...last.events());
      const unique = withoutDuplicates(received);
      expect(unique).toEqual(gate.journal.range({ after: 0, limit: 10_000 }));
      expect(numbers(unique)).toEqual(upTo(450));
      expect(gate.log()).not.toContain('refused');
    });

    it('is declared lost by its will when the process is killed, and sends after a restart what was not acknowledged', async () => {
      const mosquitto = await broker();
      const subscriber = await subscribe(mosquitto.url);
      const proxy = await holdableProxy(mosquitto.port, { swallowAnswersAfter: 60 });
      proxy.open();
      const dir = temporaryDir();
      const child = spawnGate(proxy.url, dir, 100);
      await until('some events', () => subscriber.events().length >= 10);
      await sleep(200);
      child.kill('SIGKILL');
      await until('the will', () => JSON.stringify(subscriber.last(STATUS)).includes('offline'));
      expect(subscriber.last(STATUS)).toMatchObject({
        state: 'offline',
        reason: 'lost',
        connectedAt: expect.any(String),
      });
      expect(numbers(subscriber.events())).toEqual(upTo(subscriber.events().length));
      const sentBefore = subscriber.events().length;
      const gate = openGate(mosquitto.url, { dir });
      const total = gate.journal.latest(1)[0]?.seq ?? 0;
      const unacknowledged = gate.journal.pending(1000);
      expect(unacknowledged[0]?.seq).toBeLessThanOrEqual(sentBefore);
      gate.link.start();
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
      await until('all events', () => withoutDuplicates(subscriber.events()).length === total);
      expect(numbers(withoutDuplicates(subscriber.events()))).toEqual(upTo(total));
      expect(subscriber.events().length).toBe(sentBefore + unacknowledged.length);
    });

    it('does not make anybody wait while the broker is stopped or away', async () => {
      const mosquitto = await broker();
      const gate = openGate(mosquitto.url);
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      process.kill(mosquitto.pid, 'SIGSTOP');
      let longest = 0;
      for (let n = 0; n < 200; n++) {
        const started = performance.now();
        gate.link.setState(doorState('main', 'open'));
        gate.burst(1, n);
        await sleep(0);
        longest = Math.max(longest, performance.now() - started);
      }
      expect(longest).toBeLessThan(200);
      expect(gate.journal.pendingCount()).toBeGreaterThanOrEqual(184);
      process.kill(mosquitto.pid, 'SIGCONT');
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
    });

    it('pays no attention to messages sent to it', async () => {
      const { url } = await broker();
      const gate = openGate(url);
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      const stranger = await subscribe(url);
      const { connectAsync } = await import('mqtt');
      const client = await connectAsync(url);
      for (const topic of [
        'menshen/gate1/commands/open',
        'menshen/gate1/doors/main/set',
        'menshen/gate1/events/access/granted',
      ]) {
        await client.publishAsync(topic, '{"open":true}', { qos: 1, retain: true });
      }
      await client.endAsync();
      await until('the messages', () => stranger.messages.length >= 4);
      expect(gate.link.state).toBe('online');
      expect(gate.journal.latest(10)).toEqual([]);
    });
  },
);

/**
 * A TCP line to the broker that can be held shut, so that a test decides when the gate comes back. With
 * `swallowAnswersAfter`, that many bytes of answers pass and no more: the broker has the events, the gate no PUBACK.
 */
async function holdableProxy(port: number, options: { swallowAnswersAfter?: number } = {}) {
  let held = true;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (held) {
      socket.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    socket.pipe(upstream);
    let passed = 0;
    upstream.on('data', (chunk) => {
      passed += chunk.length;
      if (passed <= (options.swallowAnswersAfter ?? Infinity)) {
        socket.write(chunk);
      }
    });
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
  });
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${own}`,
    open: () => {
      held = false;
    },
    hold: () => {
      held = true;
    },
  };
}
