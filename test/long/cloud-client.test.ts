import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudAnswer, CloudClient } from '../../src/cloud/index.ts';
import { importRegister, type NewApp, selfSigned } from '../../src/cloud-server/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { CloudSchema } from '../../src/config/index.ts';
import { fitJpeg } from '../../src/photo/index.ts';
import { Counter } from '../cloud/support.ts';
import { addApp, type House, openHouse, portrait, READY, wall } from '../cloud-server/support.ts';

const log = createLogger('test', 'silent');
const SLOW = { callsPerSecond: 1000, deadlineMs: 30_000 };
const PATIENT = {
  detect: SLOW,
  attributes: SLOW,
  compare: SLOW,
  silentLiveness: SLOW,
  realName: SLOW,
  actionLiveness: SLOW,
};
const ID_NUMBER = '11010519491231002X';

/** The client of a gate against the server of a private deployment, over HTTPS, with pictures of people. */
describe.skipIf(!READY)('The client and the server', () => {
  let dir: string;
  let ca: string;
  let house: House;
  let ann: Buffer;
  let other: Buffer;
  let bea: Buffer;
  let nobody: Buffer;
  const clients: CloudClient[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'menshen-both-ends-'));
    const tls = await selfSigned(dir, []);
    ca = tls.cert;
    house = await openHouse({ dataDir: dir, tls });
    [ann, other, bea, nobody] = await Promise.all([
      portrait('ann'),
      portrait('annTilted'),
      portrait('bea'),
      wall(),
    ]);
    mkdirSync(join(dir, 'faces'));
    writeFileSync(join(dir, 'faces/ann.jpg'), other);
    writeFileSync(
      join(dir, 'people.csv'),
      `name,id_number,portrait\n龙傲天,${ID_NUMBER},faces/ann.jpg\n张三,440524188001010014,\n`,
    );
    await importRegister(join(dir, 'people.csv'), { store: house.server.store, log });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await house.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function clientOf(app: NewApp, more: Record<string, unknown> = {}): CloudClient {
    const config = CloudSchema.parse({
      endpoint: `https://localhost:${house.server.port}`,
      caFile: ca,
      appKey: { value: app.appKey },
      accessKey: { value: app.accessKey },
      secretKey: { value: app.secretKey },
      apis: PATIENT,
      ...more,
    });
    const client = new CloudClient({
      config,
      keys: app,
      counter: new Counter(),
      log,
      fitPicture: (picture, limits) => fitJpeg(picture, limits),
    });
    clients.push(client);
    return client;
  }

  /** A clip by ffmpeg, as mp4. */
  function film(...input: string[]): Buffer {
    const path = join(dir, 'clip.mp4');
    const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-y',
      ...input,
      ...coding,
      '-movflags',
      '+faststart',
      path,
    ]);
    return readFileSync(path);
  }
  const still = (picture: Buffer) => {
    const path = join(dir, 'still.jpg');
    writeFileSync(path, picture);
    return film('-loop', '1', '-framerate', '10', '-t', '1.2', '-i', path, '-vf', 'scale=384:480');
  };
  const drawn = (what: string) => film('-f', 'lavfi', '-i', `${what}size=320x240:rate=15:duration=2`);

  let clips: {
    readonly still: Buffer;
    readonly bars: Buffer;
    readonly black: Buffer;
    readonly white: Buffer;
  };
  beforeAll(() => {
    clips = {
      still: still(ann),
      bars: drawn('smptebars='),
      black: drawn('color=black:'),
      white: drawn('color=white:'),
    };
  });

  const codeOf = (answer: CloudAnswer<unknown>) => (answer.ok ? 'success' : answer.error.code);

  describe.each([
    ['in clear', () => ({})],
    ['encrypted', () => ({ envelope: { publicKey: house.app.publicKey } })],
  ])('%s', (_, settings) => {
    let client: CloudClient;
    beforeAll(() => {
      client = clientOf(house.app, settings());
    });

    it('detect faces', async () => {
      const answer = await client.detect({ picture: ann, angles: true });
      expect(answer).toMatchObject({ ok: true, attempts: 1, value: { faces: [{ angles: {} }] } });
      expect(await client.detect({ picture: nobody })).toMatchObject({ ok: true, value: { faces: [] } });
    });

    it('tell age and sex', async () => {
      const answer = await client.attributes({ picture: ann });
      expect(answer).toMatchObject({ ok: true, value: { faces: [{ gender: 'female' }] } });
    });

    it('tell one person from two', async () => {
      const same = await client.compare({ first: ann, second: other });
      const two = await client.compare({ first: ann, second: bea });
      expect(same.ok && same.value.score).toBeGreaterThan(0.5);
      expect(two.ok && two.value.score).toBeLessThan(0.5);
    });

    it('judge liveness', async () => {
      const answer = await client.silentLiveness({ picture: ann });
      expect(answer).toMatchObject({ ok: true, value: { faces: [{ verdict: 'live' }] } });
    });

    it('verify somebody of the register', async () => {
      const answer = await client.realName({ portrait: ann, idNumber: ID_NUMBER, name: '龙傲天' });
      expect(answer).toMatchObject({ ok: true, value: { verified: true } });
    });

    it('look for an action in a clip', async () => {
      const answer = await client.actionLiveness({ clip: clips.still, action: 'blink' });
      expect(answer).toMatchObject({ ok: true, value: { action: 'blink', detected: false } });
    });

    it('give each service’s errors about pictures, clips and people', async () => {
      const torn = ann.subarray(0, ann.length / 2);
      const blurred = await sharp(ann).blur(8).jpeg().toBuffer();
      const someone = { portrait: ann, idNumber: ID_NUMBER, name: '龙傲天' };
      const clip = clips.still;
      const cases: [string, Promise<CloudAnswer<unknown>>][] = [
        ['AI_OP_410001', client.detect({ picture: torn })],
        ['AI_OP_4104', client.attributes({ picture: torn })],
        ['AI_OP_4105', client.attributes({ picture: nobody })],
        ['AI_OP_410001', client.compare({ first: torn, second: ann })],
        ['AI_OP_410001', client.compare({ first: ann, second: torn })],
        ['AI_OP_4104', client.silentLiveness({ picture: torn })],
        ['AI_OP_4105', client.silentLiveness({ picture: nobody })],
        ['AI_OP_4101', client.realName({ ...someone, portrait: bea })],
        ['AI_OP_4101', client.realName({ ...someone, portrait: blurred })],
        ['AI_OP_4101', client.realName({ ...someone, name: '张三', idNumber: '440524188001010014' })],
        ['AI_OP_4109', client.realName({ ...someone, name: '龙傲地' })],
        ['AI_OP_400016', client.actionLiveness({ clip: clip.subarray(0, clip.length * 0.5), action: 'nod' })],
        ['AI_OP_400018', client.actionLiveness({ clip: clips.bars, action: 'nod' })],
        ['AI_OP_400019', client.actionLiveness({ clip: clips.black, action: 'nod' })],
        ['AI_OP_400020', client.actionLiveness({ clip: clips.white, action: 'nod' })],
        // Without a face the table of compare has no code: the score is 0.
        ['success', client.compare({ first: nobody, second: ann })],
      ];
      const wanted = cases.map(([code]) => code);
      expect((await Promise.all(cases.map(([, answer]) => answer))).map(codeOf)).toEqual(wanted);
    });
  });

  it('understand either order of the parts of SM2 ciphertext', async () => {
    const { publicKey } = house.app;
    const client = clientOf(house.app, { envelope: { publicKey, order: 'C1C2C3' } });
    expect(await client.silentLiveness({ picture: ann })).toMatchObject({ ok: true });
  });

  it('agree on the limits: what the server would refuse is not sent', async () => {
    const client = clientOf(house.app);
    const small = await sharp(ann).resize({ width: 30 }).jpeg().toBuffer();
    const cases: [string, Promise<CloudAnswer<unknown>>][] = [
      ['INPUT_PICTURE_FORMAT', client.detect({ picture: Buffer.from('GIF89a') })],
      ['INPUT_PICTURE_SIDES', client.silentLiveness({ picture: small })],
      ['INPUT_PICTURE_DAMAGED', client.compare({ first: ann.subarray(0, 20), second: ann })],
      ['INPUT_PARAMETER', client.detect({ picture: ann, minScore: 2 })],
      ['INPUT_ID_NUMBER', client.realName({ portrait: ann, idNumber: '110105194912310021', name: '龙' })],
      [
        'INPUT_CLIP_LENGTH',
        client.actionLiveness({ clip: film('-f', 'lavfi', '-i', 'smptebars=duration=0.5'), action: 'nod' }),
      ],
      ['INPUT_CLIP_FORMAT', client.actionLiveness({ clip: ann, action: 'nod' })],
    ];
    expect((await Promise.all(cases.map(([, answer]) => answer))).map(codeOf)).toEqual(
      cases.map(([code]) => code),
    );
    const large = await sharp({ create: { width: 5200, height: 900, channels: 3, background: '#888' } })
      .composite([{ input: ann, left: 2000, top: 200 }])
      .jpeg()
      .toBuffer();
    // Written anew within the limits.
    expect(await client.silentLiveness({ picture: large })).toMatchObject({ attempts: 1 });
  });

  it('give every error of the gateway that keys, addresses, packages and haste can bring about', async () => {
    const { server, app } = house;
    const stranger = { ...app, appKey: 'nobody' };
    const apps = {
      closed: addApp(server, { apis: ['detect'] }),
      unpaid: addApp(server, { calls: 0 }),
      expired: addApp(server, { validDays: -1 }),
      small: addApp(server, { calls: 1 }),
      elsewhere: addApp(server, { addresses: [{ api: null, network: '10.0.0.0/8' }] }),
      partly: addApp(server, {
        addresses: [
          { api: null, network: '127.0.0.0/8' },
          { api: null, network: '::1/128' },
          { api: 'attributes', network: '10.0.0.1' },
        ],
      }),
      hasty: addApp(server, { qps: 1 }),
      revoked: addApp(server),
      envelope: addApp(server),
    };
    server.store.apps.revoke(apps.revoked.appKey, new Date());
    await new Promise((resolve) => setTimeout(resolve, 700));
    const ask = async (keys: NewApp, more: Record<string, unknown> = {}) =>
      codeOf(await clientOf(keys, more).attributes({ picture: ann }));
    expect(await ask(stranger)).toBe('40006');
    expect(await ask(apps.revoked)).toBe('40006');
    expect(await ask({ ...app, accessKey: 'nobody' })).toBe('10002');
    expect(await ask({ ...app, secretKey: 'wrong' })).toBe('10020');
    expect(await ask(apps.elsewhere)).toBe('40009');
    expect(await ask(apps.partly)).toBe('40010');
    expect(await ask(apps.closed)).toBe('50002');
    expect(await ask(apps.expired)).toBe('51001');
    expect(await ask(apps.unpaid)).toBe('51002');
    expect([await ask(apps.small), await ask(apps.small)]).toEqual(['success', '51003']);
    expect([await ask(apps.hasty), await ask(apps.hasty)]).toEqual(['success', 'HTTP_429']);
    const name = { portrait: ann, idNumber: ID_NUMBER, name: '龙傲天' };
    const hasty = await Promise.all([1, 2].map(() => clientOf(apps.hasty).realName(name)));
    expect(hasty.map(codeOf).sort()).toEqual(['AI_OP_4010', 'success']);
    expect(await ask(app, { envelope: { publicKey: apps.envelope.publicKey } })).toBe('AI_OP_40019');
  });
});
