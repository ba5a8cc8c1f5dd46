import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeAuthority, makeCertificate } from '../support/certificates.ts';
import {
  freePort,
  type Mosquitto,
  type MosquittoOptions,
  mosquittoInstalled,
  startMosquitto,
} from '../support/mosquitto.ts';
import { brokerOf311, openGate, subscribe, temporaryDir, until } from './support.ts';

const PASSWORD = 'correct horse';

async function broker(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(options);
  onTestFinished(() => mosquitto.stop());
  return mosquitto;
}

/** How often the log tells of a code. */
const told = (log: string, code: string) => log.split(`"code":"${code}"`).length - 1;

describe.skipIf(!mosquittoInstalled())(
  'a broker that will not (skipped where mosquitto is not installed)',
  () => {
    it('not there: says so once, not at each attempt, and delivers when it comes', async () => {
      const port = await freePort();
      const gate = openGate(`mqtt://127.0.0.1:${port}`);
      gate.link.start();
      gate.burst(5);
      await sleep(700);
      expect(told(gate.log(), 'MQTT_UNREACHABLE')).toBe(1);
      expect(gate.log()).toMatch(/ECONNREFUSED/);
      expect(gate.link.state).not.toBe('online');
      await broker({ port });
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
    });

    it('wrong password: says so once and keeps the password out of the log', async () => {
      const { url } = await broker({ users: { gate1: PASSWORD } });
      const gate = openGate(url, { config: { username: 'gate1', password: 'wrong guess' } });
      gate.link.start();
      gate.burst(1);
      await until('the refusal', () => gate.log().includes('MQTT_AUTH_FAILED'));
      await sleep(500);
      expect(told(gate.log(), 'MQTT_AUTH_FAILED')).toBe(1);
      expect(gate.log()).not.toContain('wrong guess');
      expect(gate.journal.pendingCount()).toBe(1);
    });

    it('right password: delivers', async () => {
      const { url } = await broker({ users: { gate1: PASSWORD } });
      const gate = openGate(url, { config: { username: 'gate1', password: PASSWORD } });
      gate.link.start();
      gate.burst(3);
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
    });

    it('refuses one event by its access list: nothing behind it passes, and all is sent once it may be', async () => {
      const options = { users: { gate1: PASSWORD, hub: PASSWORD } };
      const port = await freePort();
      const strict = await startMosquitto({
        ...options,
        port,
        acl: 'user gate1\ntopic write menshen/gate1/status\nuser hub\ntopic read #\n',
      });
      const gate = openGate(strict.url, { config: { username: 'gate1', password: PASSWORD } });
      gate.link.start();
      gate.burst(40);
      await until('the refusal', () => gate.log().includes('refused event 1 '));
      await sleep(700);
      expect(gate.log().split('refused event').length - 1).toBe(1);
      expect(gate.journal.pendingCount()).toBe(40);
      await strict.stop();
      await broker({
        ...options,
        port,
        acl: 'user gate1\ntopic write menshen/gate1/#\nuser hub\ntopic read #\n',
      });
      const hub = await subscribe(strict.url, { username: 'hub', password: PASSWORD });
      gate.burst(1, 40);
      await until('an empty outbox', () => gate.journal.pendingCount() === 0);
      expect(hub.events().at(-1)).toMatchObject({ seq: 41 });
    });

    it('takes only small messages: a larger event goes without its data, those behind it whole', async () => {
      const { url } = await broker({ extra: ['max_packet_size 20000'] });
      const subscriber = await subscribe(url);
      const gate = openGate(url);
      gate.journal.append({ type: 'access.denied', data: { text: 'x'.repeat(50_000) } });
      gate.journal.append({ type: 'access.denied', data: { text: 'small' } });
      gate.link.start();
      await until('both', () => subscriber.events().length === 2);
      expect(subscriber.events()[0]).toMatchObject({
        seq: 1,
        data: { omitted: true, bytes: expect.any(Number) },
      });
      expect(subscriber.events()[1]).toMatchObject({ seq: 2, data: { text: 'small' } });
    });

    it('sees a second gate come under the same name, and says what is wrong', async () => {
      const { url } = await broker();
      const gate = openGate(url);
      gate.link.start();
      await until('online', () => gate.link.state === 'online');
      const twin = openGate(url);
      twin.link.start();
      await until('the warning', () => gate.log().includes('same gate.id'));
    });

    it('speaks only MQTT 3.1.1: is spoken to so, whether it says so or hangs up', async () => {
      const mosquitto = await broker();
      const subscriber = await subscribe(mosquitto.url);
      for (const manner of ['v3 code', 'v5 code', 'hang up'] as const) {
        const gate = openGate(await brokerOf311(mosquitto.port, manner));
        gate.link.start();
        gate.burst(20);
        await until(`an empty outbox after "${manner}"`, () => gate.journal.pendingCount() === 0);
        expect(gate.log()).toContain('"mqtt":"3.1.1"');
        expect(gate.log()).not.toContain('MQTT_UNREACHABLE');
        await gate.link.stop();
      }
      expect(subscriber.events()).toHaveLength(60);
      expect(subscriber.last('menshen/gate1/status')).toMatchObject({ state: 'offline', reason: 'stopped' });
    });
  },
);

describe.skipIf(!mosquittoInstalled())('TLS (skipped where mosquitto is not installed)', () => {
  function certificates() {
    const dir = temporaryDir();
    const authority = makeAuthority(dir, 'site');
    return {
      dir,
      authority,
      caFile: authority.certFile,
      server: makeCertificate(dir, 'broker', authority, 'IP:127.0.0.1'),
      client: makeCertificate(dir, 'gate1', authority, 'DNS:gate1'),
    };
  }

  it('delivers to a broker whose certificate the CA signed, with a client certificate where it wants one', async () => {
    const { caFile, server, client } = certificates();
    const plain = await broker({ tls: { caFile, ...server } });
    const gate = openGate(plain.url, { config: { caFile } });
    gate.link.start();
    gate.burst(3);
    await until('an empty outbox', () => gate.journal.pendingCount() === 0);
    const mutual = await broker({ tls: { caFile, ...server, requireClientCertificate: true } });
    const known = openGate(mutual.url, { config: { caFile, ...client } });
    known.link.start();
    known.burst(3);
    await until('an empty outbox', () => known.journal.pendingCount() === 0);
    const unknown = openGate(mutual.url, { config: { caFile } });
    unknown.link.start();
    await until('the refusal', () => /MQTT_(AUTH|TLS)_FAILED/.test(unknown.log()));
    expect(unknown.log()).toContain('MQTT_AUTH_FAILED');
  });

  it('refuses a broker that another CA signed, that has another name, or that is in the clear', async () => {
    const { dir, authority, caFile, server } = certificates();
    const other = makeAuthority(dir, 'other');
    const misnamed = makeCertificate(dir, 'misnamed', authority, 'DNS:somewhere.else');
    const secure = await broker({ tls: { caFile, ...server } });
    const wrongName = await broker({ tls: { caFile, ...misnamed } });
    const clear = await broker();
    const cases = [
      openGate(secure.url, { config: { caFile: other.certFile } }),
      openGate(secure.url),
      openGate(wrongName.url, { config: { caFile } }),
      openGate(clear.url.replace('mqtt:', 'mqtts:'), { config: { caFile } }),
      openGate(secure.url, { config: { caFile: `${dir}/absent.pem` } }),
    ];
    for (const gate of cases) {
      gate.link.start();
      gate.burst(1);
    }
    await Promise.all(
      cases.map((gate) => until('the refusal', () => gate.log().includes('MQTT_TLS_FAILED'))),
    );
    await sleep(400);
    for (const gate of cases) {
      expect(told(gate.log(), 'MQTT_TLS_FAILED')).toBe(1);
      expect(gate.journal.pendingCount()).toBe(1);
    }
  });

  it('is not spoken to in the clear', async () => {
    const { caFile, server } = certificates();
    const secure = await broker({ tls: { caFile, ...server } });
    const gate = openGate(secure.url.replace('mqtts:', 'mqtt:'));
    gate.link.start();
    await until('the message', () => gate.log().includes('MQTT_UNREACHABLE'));
    expect(gate.log()).toMatch(/mqtts:/);
  });
});
