import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sendCommand } from '../../src/cli/command-sender.ts';
import { QuotaLedger } from '../../src/cloud/index.ts';
import { importRegister } from '../../src/cloud-server/index.ts';
import { createLogger, openDeviceKey } from '../../src/common/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { CloudCalls } from '../../src/gate/cloud-calls.ts';
import { CameraEnrolment } from '../../src/gate/commands/camera-enrolment.ts';
import { CommandRunner, type Handlers } from '../../src/gate/commands/runner.ts';
import { visitorHandlers } from '../../src/gate/commands/visitors.ts';
import { Records } from '../../src/gate/records.ts';
import { JournalReader } from '../../src/journal/index.ts';
import type { Sighting } from '../../src/vision/client.ts';
import { sighting, vector } from '../access/support.ts';
import { type House, openHouse, portrait, READY } from '../cloud-server/support.ts';
import { commandsConfig, privateKey } from '../commands/support.ts';
import { type Mosquitto, mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';

const RECORDS = new URL('../../dist/gate/records-thread.js', import.meta.url);
const CLOUD = new URL('../../dist/gate/cloud-thread.js', import.meta.url);
const log = createLogger('test', 'silent');
const NUMBER = '11010519491231002X';
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const CONSENT = { cloud: true, version: '2026-01', at: new Date(Date.now() - 60_000).toISOString() };
const PARAMS = {
  ...{ name: '龙傲天', idNumber: NUMBER, consent: CONSENT, door: 'front', groups: ['visitors'] },
  ...{ validUntil: TOMORROW, withinS: 5 },
};

/** Real broker, journal, gallery, ledger, cloud with a register, and portraits; only what the camera sees is made up. */
describe.skipIf(!READY || !mosquittoInstalled())(
  'a visitor (skipped without mosquitto, pictures and networks)',
  () => {
    let house: House;
    let folder: string;
    let mosquitto: Mosquitto;
    const faces = new Map<'ann' | 'bea', Uint8Array>();
    let dataDir: string;
    let enrolment: CameraEnrolment;
    let records: Records;
    let calls: CloudCalls;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'menshen-visitors-'));
      house = await openHouse();
      mosquitto = await startMosquitto();
      mkdirSync(join(folder, 'faces'));
      writeFileSync(join(folder, 'faces/ann.jpg'), await portrait('annTilted'));
      writeFileSync(join(folder, 'people.csv'), `姓名,身份证号,照片\r\n龙傲天,${NUMBER},faces/ann.jpg\r\n`);
      await importRegister(join(folder, 'people.csv'), { store: house.server.store, log });
      for (const who of ['ann', 'bea'] as const) faces.set(who, await portrait(who));
    }, 60_000);
    afterAll(async () => {
      await mosquitto?.stop();
      await house?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    beforeEach(() => {
      dataDir = mkdtempSync(join(folder, 'data-'));
    });
    afterEach(async () => {
      await calls.stop(2000);
      await records.stop(2000);
      for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
        const path = join(dataDir, name);
        if (!statSync(path).isFile()) continue;
        const bytes = readFileSync(path);
        expect(bytes.includes(NUMBER), name).toBe(false);
        expect(bytes.includes(PARAMS.name), name).toBe(false);
      }
    });

    async function start({ port = house.server.port, url = mosquitto.url } = {}): Promise<void> {
      const { appKey, accessKey, secretKey } = house.app;
      const loaded = parseConfig(
        JSON.stringify({
          gate: { id: 'north' },
          dataDir,
          cameras: [{ id: 'camera', source: 'rtsp://192.0.2.1/', door: 'front' }],
          doors: ['front', 'back'].map((id, line) => ({
            id,
            relay: { line: { driver: 'simulated', line } },
          })),
          access: { faceOnly: 'accepted' },
          simulator: { socket: join(dataDir, 'simulator') },
          mqtt: { url },
          cloud: {
            endpoint: `http://127.0.0.1:${port}`,
            appKey: { value: appKey },
            accessKey: { value: accessKey },
            secretKey: { value: secretKey },
          },
        }),
        'menshen.yaml',
      );
      const { config } = loaded;
      if (config.cloud === undefined) throw new Error('no cloud');
      Gallery.open({ dataDir, log }).close();
      records = new Records(
        {
          ...{ dataDir, gate: 'north', version: '1', logLevel: 'silent', key: null },
          mqtt: {
            ...{
              url: mosquitto.url,
              topic: 'menshen',
              keepaliveS: 30,
              sessionExpiryS: 60,
              replayPerSecond: 50,
            },
          },
          retention: {
            ...{ retentionDays: 1, retentionDaysByType: {}, cropRetentionDays: 1, maxMegabytes: 100 },
          },
          commands: commandsConfig(),
        },
        log,
        RECORDS,
      );
      const none = () => {};
      let isUp = none;
      const up = new Promise<void>((resolve) => {
        isUp = resolve;
      });
      calls = new CloudCalls(
        { dataDir, config: config.cloud, logLevel: 'silent' },
        { up: isUp, down: none, quota: none, cap: none, skew: none },
        log,
        CLOUD,
      );
      enrolment = new CameraEnrolment(config.decision, config.vision.quality);
      const handlers = visitorHandlers({
        loaded,
        cloud: calls,
        enrolment,
        gallerySource: () => ({ dataDir, key: undefined }),
        refreshGallery: async () => {},
      });
      const runner = new CommandRunner({
        ...{ gate: 'north', records, log },
        handlers: handlers as unknown as Handlers,
      });
      records.onCommand = (command) => void runner.run(command);
      records.start();
      calls.start();
      await records.whenOnline(10_000);
      await up;
    }

    /** Sends the command; whoever is `before` the camera is seen as soon as somebody is waited for. */
    async function verify(before: 'ann' | 'bea' | null, params: object = {}, more: Partial<Sighting> = {}) {
      const told: string[] = [];
      const ended = () => events().filter(({ type }) => /command\.(done|failed|refused)/.test(type)).length;
      const earlier = ended();
      const sent = sendCommand({
        connection: { url: mosquitto.url, version: 5 },
        ...{ prefix: 'menshen', gate: 'north', command: 'visitor.verify' },
        params: { ...PARAMS, ...params },
        key: { id: 'operator', privateKey: privateKey('operator') },
        gateKey: openDeviceKey(dataDir),
        timeoutMs: 20_000,
        onProgress: (message) => told.push(message),
      });
      const watch = setInterval(() => {
        if (before === null || !enrolment.waits('camera')) return;
        clearInterval(watch);
        show(before, more);
      }, 20);
      const reply = await sent.finally(() => clearInterval(watch));
      await vi.waitFor(() => expect(ended()).toBe(earlier + 1));
      const journal = JSON.stringify(events());
      for (const secret of [NUMBER, PARAMS.name, 'MENSHEN-PASS']) expect(journal).not.toContain(secret);
      return { reply, told };
    }

    function show(who: 'ann' | 'bea', more: Partial<Sighting>): void {
      for (let n = 0; n < 5; n++) {
        const seen = sighting({ at: n * 250, track: 't', liveness: 0.95, vector: vector(0) });
        enrolment.sighting({ ...seen, camera: 'camera', facesInView: 0, ...more });
        const jpeg = faces.get(who) ?? new Uint8Array();
        enrolment.crop({ camera: 'camera', track: 't', seq: n, qualityScore: 0.7, jpeg });
      }
    }

    const events = () => new JournalReader({ dataDir }).range({ after: 0, limit: 100 });

    function passes() {
      const gallery = Gallery.open({ dataDir, log });
      try {
        const all = gallery.passes();
        return { all, of: (token: string) => gallery.passOf(token) };
      } finally {
        gallery.close();
      }
    }

    function counted(): number {
      const ledger = new QuotaLedger({ dataDir, timezone: 'Asia/Shanghai' });
      try {
        return ledger.usage('realName').today;
      } finally {
        ledger.close();
      }
    }

    it('who is the person of the register gets a pass for one door and one span, and leaves no number', async () => {
      await start();
      const { reply, told } = await verify('ann');
      expect(reply).toMatchObject({ state: 'done', result: { validUntil: TOMORROW } });
      expect(told.at(-1)).toBe('asking the register');
      const token = reply.state === 'done' ? String(reply.result.token) : '';
      expect(token).toMatch(/^MENSHEN-PASS:/);
      const { all } = passes();
      expect(all).toHaveLength(1);
      expect(all[0]).toMatchObject({
        ...{ name: PARAMS.name, doors: ['front'], groups: ['visitors'], validUntil: TOMORROW },
      });
      for (const name of readdirSync(dataDir)) {
        if (!name.startsWith('gallery')) continue;
        expect(readFileSync(join(dataDir, name)).includes(token)).toBe(false);
      }
      const [accepted, done] = events();
      expect(accepted).toMatchObject({
        type: 'command.accepted',
        data: { params: { consent: CONSENT, door: 'front', validUntil: TOMORROW } },
      });
      expect(done).toMatchObject({
        ...{ type: 'command.done', cause: accepted?.id },
        data: { result: { id: all[0]?.id, record: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
      });
      expect(counted()).toBe(1);
    }, 30_000);

    it.each([
      ['another face', 'bea', {}, {}, 'REAL_NAME_REFUSED', 1],
      ['another name', 'ann', { name: '龙傲地' }, {}, 'REAL_NAME_REFUSED', 1],
      ['nobody', null, {}, {}, 'ENROLL_NO_FACE', 0],
      ['somebody beside', 'ann', {}, { facesInView: 1 }, 'ENROLL_SEVERAL_FACES', 0],
    ] as const)(
      'gets nothing with %s',
      async (_, before, params, more, code, paid) => {
        await start();
        const { reply } = await verify(before, params, more);
        expect(reply).toMatchObject({ error: { code } });
        expect(['failed', 'refused']).toContain(reply.state);
        expect(passes().all).toEqual([]);
        expect(counted()).toBe(paid);
      },
      30_000,
    );

    it('is not asked to stand there for what can be refused before', async () => {
      await start();
      for (const [params, code] of [
        [{ idNumber: '110105194912310021' }, 'ID_NUMBER_INVALID'],
        [{ door: 'cellar' }, 'COMMAND_NO_SUCH_PART'],
        [{ door: 'back' }, 'COMMAND_NO_SUCH_PART'],
        [{ validUntil: '2020-01-01T00:00:00Z' }, 'CREDENTIAL_INVALID'],
        [{ consent: { ...CONSENT, cloud: false } }, 'COMMAND_PARAMS_INVALID'],
        [{ consent: { ...CONSENT, at: TOMORROW } }, 'COMMAND_PARAMS_INVALID'],
      ] as const) {
        const { reply } = await verify(null, params);
        expect(reply).toMatchObject({ error: { code } });
      }
      expect(passes().all).toEqual([]);
      expect(counted()).toBe(0);
    }, 30_000);

    it('gets nothing when no answer comes', async () => {
      await start({ port: 1 });
      const { reply } = await verify('ann');
      expect(reply).toMatchObject({ state: 'failed', error: { code: 'REAL_NAME_UNANSWERED' } });
      expect(passes().all).toEqual([]);
    }, 30_000);

    it('gets nothing while the gate speaks to a broker elsewhere in the clear', async () => {
      await start({ url: 'mqtt://192.0.2.1:1883' });
      const { reply } = await verify('ann');
      expect(reply).toMatchObject({ error: { code: 'COMMAND_UNAVAILABLE' } });
      expect(counted()).toBe(0);
    }, 30_000);
  },
);
