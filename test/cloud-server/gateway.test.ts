import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLOUD_APIS,
  eopDate,
  GLOBAL_ERRORS,
  type SignRequestOptions,
  signRequest,
} from '../../src/cloud/index.ts';
import { CloudStore } from '../../src/cloud-server/index.ts';
import { addApp, call, type House, openHouse, post, READY, type Reply, send } from './support.ts';

const BODY = Buffer.from('{}');
/** What a service says to an empty body: proof that the gateway let it through. */
const SERVED = 'AI_OP_4101';

describe.skipIf(!READY)('The gateway', () => {
  let house: House;
  const provoked = new Set<string>();
  beforeAll(async () => {
    house = await openHouse({ metrics: { host: '127.0.0.1', port: 0 } });
  });
  afterAll(() => house.stop());

  function refuses(reply: Reply, code: keyof typeof GLOBAL_ERRORS, status: number, details?: string): void {
    provoked.add(code);
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({
      statusCode: Number(code),
      error: code,
      message: GLOBAL_ERRORS[code].rows[0].message,
    });
    if (details !== undefined) expect(reply.json.details).toContain(details);
  }

  it('lets a well signed call through, in either spelling, with a query and with more signed headers', async () => {
    expect((await post(house, 'attributes', BODY)).json.error).toBe(SERVED);
    const signs: readonly Partial<SignRequestOptions>[] = [
      { headersSpelling: 'headers' },
      {
        query: [
          ['b', '2'],
          ['a', '1 +/ä'],
        ],
      },
      { headers: { appkey: house.app.appKey, 'content-type': 'application/json' } },
      { zone: 'UTC' },
    ];
    for (const sign of signs) {
      expect((await post(house, 'attributes', BODY, { sign })).json.error).toBe(SERVED);
    }
    const { headers } = await post(house, 'attributes', BODY);
    expect(Date.parse(String(headers.date))).toBeGreaterThan(Date.now() - 5000);
  });

  it('refuses unknown keys, and keys of two applications mixed', async () => {
    refuses(await post(house, 'attributes', BODY, { without: ['appkey'] }), '40002', 400);
    refuses(await post(house, 'attributes', BODY, { headers: { appkey: 'nobody' } }), '40006', 401);
    refuses(await post(house, 'attributes', BODY, { sign: { accessKey: 'nobody' } }), '10002', 401);
    const other = addApp(house.server);
    await until(async () => (await post(house, 'attributes', BODY, {}, other)).json.error === SERVED);
    const mixed = await post(house, 'attributes', BODY, { headers: { appkey: other.appKey } });
    refuses(mixed, '40006', 401, 'different applications');
  });

  it('refuses what is signed wrongly, and says what is wrong', async () => {
    const wrong = { sign: { secretKey: 'wrong' } };
    refuses(await post(house, 'attributes', BODY, wrong), '10020', 401, 'does not fit');
    const altered = await post(house, 'attributes', BODY, { sign: { body: Buffer.from('[]') } });
    refuses(altered, '10020', 401, 'does not fit');
    const path = await post(house, 'attributes', BODY, { sign: { query: 'a=1' }, path: '/elsewhere' });
    expect(path.status).toBe(404);
    const none = { without: ['Eop-Authorization'] };
    refuses(await post(house, 'attributes', BODY, none), '10020', 401, 'missing or malformed');
    const absent = { without: ['ctyun-eop-request-id'] };
    refuses(await post(house, 'attributes', BODY, absent), '10020', 401, 'request-id');
    for (const authorization of [
      'x',
      `${house.app.accessKey} Headers=eop-date Signature=${'A'.repeat(43)}=`,
    ]) {
      const headers = { 'Eop-Authorization': authorization };
      refuses(await post(house, 'attributes', BODY, { headers }), '10020', 401);
    }
    const listed = { headers: { 'Eop-Authorization': '' } };
    refuses(await post(house, 'attributes', BODY, listed), '10020', 401);
  });

  it('refuses dates more than 15 minutes off, with the distance', async () => {
    for (const [minutes, words] of [
      [-16, 'behind'],
      [16, 'ahead'],
    ] as const) {
      const now = new Date(Date.now() + minutes * 60_000);
      const reply = await post(house, 'attributes', BODY, { sign: { now } });
      refuses(reply, '10020', 401, words);
      expect(Number(/\d+/.exec(String(reply.json.details))?.[0])).toBeGreaterThan(900);
    }
    const near = new Date(Date.now() - 14 * 60_000);
    expect((await post(house, 'attributes', BODY, { sign: { now: near } })).json.error).toBe(SERVED);
    const headers = { 'eop-date': '2026-01-01' };
    refuses(await post(house, 'attributes', BODY, { headers }), '10020', 401, 'yyyymmdd');
    expect(eopDate(new Date())).toMatch(/^\d{8}T\d{6}Z$/);
  });

  it('takes a request id once, for all services together, and remembers it over a restart', async () => {
    const sign = { requestId: 'an-id-used-twice' };
    expect((await post(house, 'attributes', BODY, { sign })).json.error).toBe(SERVED);
    refuses(await post(house, 'attributes', BODY, { sign }), '10020', 401, 'used before');
    refuses(await post(house, 'silentLiveness', BODY, { sign }), '10020', 401, 'used before');
    // What was not accepted does not use an id up.
    const spare = { requestId: 'another' };
    refuses(await post(house, 'attributes', BODY, { sign: { ...spare, secretKey: 'x' } }), '10020', 401);
    expect((await post(house, 'attributes', BODY, { sign: spare })).json.error).toBe(SERVED);
    const { dataDir, server, app } = house;
    await server.stop();
    house = { ...(await openHouse({ dataDir, metrics: { host: '127.0.0.1', port: 0 } })), app };
    refuses(await post(house, 'attributes', BODY, { sign }), '10020', 401, 'used before');
  });

  it('refuses other methods, types and places', async () => {
    refuses(await post(house, 'attributes', BODY, { method: 'PUT' }), '40008', 405);
    const get = await send(house.server.port, 'GET', '/v1/aiop/api/2f6hw5o5t7gg/face', {}, Buffer.alloc(0));
    refuses(get, '50003', 404);
    const type = { headers: { 'content-type': 'text/plain' } };
    refuses(await post(house, 'attributes', BODY, type), '40008', 405, 'application/json');
    const charset = { headers: { 'content-type': 'application/json; charset=UTF-8' } };
    expect((await post(house, 'attributes', BODY, charset)).json.error).toBe(SERVED);
    const unknown = { path: '/v1/aiop/api/000000000000/face' };
    refuses(await post(house, 'attributes', BODY, unknown), '50001', 404);
    expect((await post(house, 'detect', BODY, { headers: { version: 'v2' } })).json.error).toBe(
      'CTAPI_10000',
    );
  });

  it('refuses services not opened, addresses not allowed, and packages absent, used up or expired', async () => {
    const { server } = house;
    const without = addApp(server, { apis: ['detect'], calls: 1 });
    const unpaid = addApp(server, { calls: 0 });
    const expired = addApp(server, { validDays: -1 });
    const small = addApp(server, { calls: 2, qps: 100 });
    const elsewhere = addApp(server, { addresses: [{ api: null, network: '10.0.0.0/8' }] });
    const partly = addApp(server, {
      addresses: [
        { api: null, network: '127.0.0.0/8' },
        { api: 'attributes', network: '10.0.0.1' },
      ],
    });
    await sleep(600);
    const of = (app: typeof small) => post(house, 'attributes', BODY, {}, app);
    refuses(await of(without), '50002', 403);
    refuses(await of(unpaid), '51002', 403);
    refuses(await of(expired), '51001', 403);
    refuses(await of(elsewhere), '40009', 403);
    refuses(await of(partly), '40010', 403);
    expect((await post(house, 'silentLiveness', BODY, {}, partly)).json.error).toBe('AI_OP_4102');
    // Errors of a service are charged, as the manual has it.
    expect((await of(small)).json.error).toBe(SERVED);
    expect((await of(small)).json.error).toBe(SERVED);
    refuses(await of(small), '51003', 403);
    server.store.apps.extend(small.appKey, { apis: ['attributes'], calls: 1, validDays: 1 }, new Date());
    expect((await of(small)).json.error).toBe(SERVED);
  });

  it('throttles above the calls a second that were granted, without charging', async () => {
    const { server } = house;
    const slow = addApp(server, { qps: 5 });
    await sleep(600);
    const replies = await Promise.all(
      Array.from({ length: 9 }, () => post(house, 'attributes', BODY, {}, slow)),
    );
    expect(replies.filter(({ json }) => json.error === SERVED)).toHaveLength(5);
    const throttled = replies.filter(({ status }) => status === 429);
    expect(throttled).toHaveLength(4);
    expect(throttled[0]?.json.details).toContain('Do not repeat');
    const named = await Promise.all(Array.from({ length: 9 }, () => post(house, 'realName', BODY, {}, slow)));
    expect(named.filter(({ json }) => json.error === 'AI_OP_4010')).toHaveLength(4);
    const used = server.store.apps.list().find(({ appKey }) => appKey === slow.appKey)?.packages;
    expect(used?.find(({ api }) => api === 'attributes')?.used).toBe(5);
    await sleep(1000);
    expect((await post(house, 'attributes', BODY, {}, slow)).json.error).toBe(SERVED);
  });

  it('hears within a second of applications changed by another process', async () => {
    const elsewhere = CloudStore.open(house.dataDir);
    const app = elsewhere.apps.add(
      { name: 'made elsewhere', apis: CLOUD_APIS, calls: 10, validDays: 1 },
      new Date(),
    );
    await until(async () => (await post(house, 'attributes', BODY, {}, app)).json.error === SERVED);
    elsewhere.apps.revoke(app.appKey, new Date());
    await until(async () => (await post(house, 'attributes', BODY, {}, app)).json.error === '40006');
    expect(() => elsewhere.apps.revoke('nobody', new Date())).toThrow(/no application/);
    elsewhere.close();
  });

  it('counts calls, errors, time and bytes by application and API, and tells them at /metrics', async () => {
    const app = addApp(house.server, { qps: 100 });
    await sleep(600);
    for (let i = 0; i < 3; i++) await call(house, 'attributes', { imageContent: '*' }, {}, app);
    await call(house, 'detect', [], {}, app);
    const rows = house.server.store.usage.since(new Date(0)).filter(({ appKey }) => appKey === app.appKey);
    expect(rows).toMatchObject([
      { api: 'attributes', calls: 3, charged: 3, errors: 3, codes: [{ code: 'AI_OP_4104', calls: 3 }] },
      { api: 'detect', calls: 1, errors: 1, codes: [{ code: 'AI_OP_400005', calls: 1 }] },
    ]);
    expect(rows[0].bytesIn).toBe(3 * '{"imageContent":"*"}'.length);
    expect(rows[0].meanMilliseconds).toBeGreaterThan(0);
    const page = await (await fetch(`http://127.0.0.1:${house.server.metricsPort}/metrics`)).text();
    expect(page).toMatch(/menshen_cloud_calls_total\{api="attributes",code="AI_OP_4104"\} [3-9]/);
    expect(page).toContain('menshen_cloud_processes 1');
    for (const secret of [app.appKey, app.accessKey, app.secretKey]) expect(page).not.toContain(secret);
  });

  it('signs over the bytes as they were sent', async () => {
    const body = Buffer.from('{ "imageContent" :\t"*" }\n');
    const signed = signRequest({ ...house.app, body, now: new Date() });
    const headers = { ...signed.headers, 'content-type': 'application/json', appkey: house.app.appKey };
    const path = '/v1/aiop/api/2f6hw5o5t7gg/face/PERSON/person/detectAgeGenderFromBase64';
    expect((await send(house.server.port, 'POST', path, headers, body)).json.error).toBe('AI_OP_4104');
  });

  it('has provoked every code of the gateway but that of its own faults', () => {
    expect(Object.keys(GLOBAL_ERRORS).filter((code) => !provoked.has(code))).toEqual(['50000']);
  });
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 40; i++) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error('It did not come to hold within 2 s.');
}
