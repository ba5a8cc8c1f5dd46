import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateSm2KeyPair, readSm2PrivateKey } from '../../src/cloud/index.ts';
import { makeAuthority, makeCertificate } from '../support/certificates.ts';
import { KEYS, type Respond, StrictServer, type StrictServerOptions, SUCCESS } from './strict-server.ts';
import { type ConfigOverrides, cloudConfig, ID_NUMBER, jpeg, makeClient } from './support.ts';

let dir: string;
let picture: Uint8Array;
const closing: (() => Promise<unknown> | undefined)[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'menshen-cloud-'));
  picture = await jpeg();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function setUp(
  overrides: ConfigOverrides = {},
  options: StrictServerOptions = {},
  client: object = {},
) {
  const server = await StrictServer.start(options);
  const made = makeClient(cloudConfig(server.endpoint, overrides), client);
  closing.push(
    () => server.stop(),
    () => made.client.close(),
  );
  const compare = (callOptions: object = {}) =>
    made.client.compare({ first: picture, second: picture }, callOptions);
  return { server, compare, ...made };
}

/** A bare TCP server: `serve` gets each connection. */
async function tcp(serve: (socket: Socket, number: number) => void) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket, connections);
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port, connections: () => connections };
}

function clientFor(endpoint: string, overrides: ConfigOverrides = {}) {
  const made = makeClient(cloudConfig(endpoint, overrides));
  closing.push(() => made.client.close());
  const compare = (options: object = {}) => made.client.compare({ first: picture, second: picture }, options);
  return { ...made, compare };
}

describe('the deadline', () => {
  it('ends a call that is not answered, which stays counted: the service may carry it out', async () => {
    const { server, compare, counter } = await setUp({ apis: { compare: { deadlineMs: 200 } } });
    server.respond = () => undefined;
    const answer = await compare();
    expect(answer).toMatchObject({ ok: false, attempts: 1, error: { code: 'DEADLINE', counted: true } });
    expect(answer.ms).toBeGreaterThan(190);
    expect(answer.ms).toBeLessThan(400);
    expect(counter.charged).toBe(1);
  });

  it('covers a body that trickles in, and one that stops half way', async () => {
    const { server, compare } = await setUp();
    const timers: NodeJS.Timeout[] = [];
    server.respond = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      timers.push(setInterval(() => response.write(' '), 20));
      return undefined;
    };
    const answer = await compare({ deadlineMs: 250 });
    expect(answer).toMatchObject({ error: { code: 'DEADLINE', counted: true } });
    expect(answer.ms).toBeLessThan(450);
    for (const timer of timers) clearInterval(timer);
  });

  it('does not count a call that never got onto the wire', async () => {
    // Takes connections, never answers the TLS handshake.
    const { port } = await tcp(() => {});
    const { compare, counter } = clientFor(`https://127.0.0.1:${port}`);
    expect(await compare({ deadlineMs: 200 })).toMatchObject({ error: { code: 'DEADLINE', counted: false } });
    expect(counter.charged).toBe(0);
  });

  it('covers the time in the queue', async () => {
    const { server, compare } = await setUp({ concurrency: 1 });
    server.respond = () => undefined;
    const answers = await Promise.all([compare({ deadlineMs: 300 }), compare({ deadlineMs: 100 })]);
    expect(answers.map((one) => (one.ok ? null : one.error.code))).toEqual(['DEADLINE', 'TOO_MANY_AT_ONCE']);
    expect(answers[1]?.attempts).toBe(0);
  });

  it('the caller can give up at any time', async () => {
    const { server, compare } = await setUp();
    server.respond = () => undefined;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect(await compare({ signal: controller.signal })).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(await compare({ signal: controller.signal })).toMatchObject({
      attempts: 0,
      error: { code: 'CANCELLED' },
    });
  });
});

describe('the network', () => {
  it('nobody listens: not counted, tried twice, told', async () => {
    const { port } = await tcp(() => {});
    for (const close of closing.splice(0)) await close();
    const { compare, counter } = clientFor(`http://127.0.0.1:${port}`);
    expect(await compare()).toMatchObject({
      attempts: 2,
      error: { code: 'UNREACHABLE', counted: false, message: expect.stringContaining('ECONNREFUSED') },
    });
    expect(counter).toMatchObject({ counted: 2, released: 2 });
  });

  it('a kept connection that the server has closed costs nothing but a second attempt', async () => {
    const ok = JSON.stringify(SUCCESS.compare);
    const { port, connections } = await tcp((socket, number) => {
      let requests = 0;
      socket.on('data', (chunk) => {
        if (!chunk.toString('latin1').includes('POST')) return;
        requests += 1;
        if (number === 0 && requests > 1) socket.resetAndDestroy();
        else socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${ok.length}\r\n\r\n${ok}`);
      });
    });
    const { compare, counter } = clientFor(`http://127.0.0.1:${port}`);
    expect(await compare()).toMatchObject({ ok: true, attempts: 1 });
    expect(await compare()).toMatchObject({ ok: true, attempts: 2 });
    expect(connections()).toBe(2);
    expect(counter.charged).toBe(2);
  });

  it.each([
    ['half-closes without a word', ''],
    ['breaks off within the head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['sends a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`],
  ])('a server that %s: unreachable, not counted', async (_, words) => {
    const { port } = await tcp((socket) => {
      socket.once('data', () => socket.end(words));
    });
    const { compare, counter } = clientFor(`http://127.0.0.1:${port}`);
    expect(await compare()).toMatchObject({ error: { code: 'UNREACHABLE', counted: false } });
    expect(counter.charged).toBe(0);
  });

  it('an answer that breaks off is counted and not sent again', async () => {
    const { port, connections } = await tcp((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"statusCode": 0,'),
      );
    });
    const { compare, counter } = clientFor(`http://127.0.0.1:${port}`);
    expect(await compare()).toMatchObject({ attempts: 1, error: { code: 'UNREACHABLE', counted: true } });
    expect(connections()).toBe(1);
    expect(counter.charged).toBe(1);
  });

  it('a certificate of another authority, and one for another host, are refused before anything is sent', async () => {
    const authority = makeAuthority(dir, 'other-ca');
    const pem = (name: string, names: string) => {
      const { certFile, keyFile } = makeCertificate(dir, name, authority, names);
      return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    };
    const foreign = await setUp({}, { tls: pem('foreign', 'IP:127.0.0.1') });
    const elsewhere = await setUp(
      { caFile: authority.certFile },
      { tls: pem('elsewhere', 'DNS:ai-global.ctapi.ctyun.cn') },
    );
    for (const { compare, server, counter } of [foreign, elsewhere]) {
      expect(await compare()).toMatchObject({ attempts: 1, error: { code: 'TLS_FAILED', counted: false } });
      expect(server.received).toEqual([]);
      expect(counter.charged).toBe(0);
    }
  });
});

describe('answers that are none', () => {
  const raw =
    (status: number, body: string | Buffer, headers: Record<string, string> = {}): Respond =>
    (_, response) => {
      response.writeHead(status, headers).end(body);
      return undefined;
    };
  const compareBody = (returnObj: unknown) =>
    JSON.stringify({ statusCode: 0, message: 'success', returnObj });
  const deep = `${'{"statusCode":0,"returnObj":'.repeat(50_000)}1${'}'.repeat(50_000)}`;

  it.each<[string, Respond, string]>([
    ['a redirect', raw(302, '', { location: 'http://127.0.0.1:1/' }), 'HTTP_3XX'],
    ['a page of the gateway', raw(404, '<html>not found</html>'), 'HTTP_4XX'],
    ['an overloaded gateway', raw(503, 'busy'), 'HTTP_5XX'],
    ['nothing', raw(200, ''), 'RESPONSE_INVALID'],
    ['no JSON', raw(200, 'success'), 'RESPONSE_INVALID'],
    ['a list', raw(200, '[0]'), 'RESPONSE_INVALID'],
    ['null', raw(200, 'null'), 'RESPONSE_INVALID'],
    ['JSON without a status', raw(200, '{}'), 'RESPONSE_INVALID'],
    ['bytes that are no UTF-8', raw(200, Buffer.from('7b22ff22', 'hex')), 'RESPONSE_INVALID'],
    [
      'a compressed body',
      raw(200, gzipSync(compareBody({ Score: 1 })), { 'content-encoding': 'gzip' }),
      'RESPONSE_INVALID',
    ],
    ['JSON 50,000 deep', raw(200, deep), 'RESPONSE_INVALID'],
    ['3 MB', raw(200, Buffer.alloc(3 * 1024 * 1024, 32)), 'RESPONSE_TOO_LARGE'],
    ['a success without a result', raw(200, '{"statusCode":0}'), 'RESPONSE_INVALID'],
    ['a score above 1', raw(200, compareBody({ Score: 1.2 })), 'RESPONSE_INVALID'],
    ['a score as text', raw(200, compareBody({ Score: '0.99' })), 'RESPONSE_INVALID'],
    ['a score of null', raw(200, compareBody({ Score: null })), 'RESPONSE_INVALID'],
    [
      'a success with an error code',
      raw(200, JSON.stringify({ ...SUCCESS.compare, error: 'AI_OP_410001' })),
      'AI_OP_410001',
    ],
    [
      'a success that the other field denies',
      raw(200, JSON.stringify({ ...SUCCESS.compare, code: 400013 })),
      'AI_OP_400013',
    ],
    ['a success with status 500', raw(500, JSON.stringify(SUCCESS.compare)), 'HTTP_5XX'],
    ['a business error not listed', raw(200, '{"statusCode":"477777"}'), 'UNLISTED_BUSINESS'],
    ['a service error not listed', raw(200, '{"statusCode":599999}'), 'UNLISTED_SERVICE'],
    ['a word not listed', raw(200, '{"error":"EOP_SOMETHING"}'), 'UNLISTED'],
    ['a code of the gateway in its own spelling', raw(403, '{"error":"CTAPI_10002","message":"x"}'), '10002'],
  ])('%s is no success', async (_, respond, code) => {
    const { server, compare, counter } = await setUp();
    server.respond = respond;
    expect(await compare()).toMatchObject({ ok: false, attempts: 1, error: { code, counted: true } });
    expect(counter.charged).toBe(1);
    server.respond = (request) => SUCCESS[request.api];
    expect(await compare()).toMatchObject({ ok: true });
  });

  it('a liveness verdict in other words is no verdict', async () => {
    const { server, client } = await setUp();
    const said = (FaceAntiSpoofing: string) => ({
      statusCode: 0,
      returnObj: {
        face_num: 1,
        face_list: [{ face_location: { top: 1, left: 2, width: 3, height: 4 }, FaceAntiSpoofing }],
      },
    });
    const verdicts = [];
    for (const words of [
      '活体人脸 ',
      '非活体人脸',
      '人脸清晰度差，无法判断',
      '人脸清晰度较差, 无法判断',
      '活体',
      '活体人脸/非活体人脸',
      'live',
    ]) {
      server.respond = () => said(words);
      const answer = await client.silentLiveness({ picture });
      verdicts.push(answer.ok ? answer.value.faces[0]?.verdict : answer.error.code);
    }
    expect(verdicts).toEqual(['live', 'attack', 'unclear', 'unclear', ...Array(3).fill('RESPONSE_INVALID')]);
  });
});

describe('the envelope', () => {
  const pair = generateSm2KeyPair();
  const start = () =>
    setUp({ envelope: { publicKey: pair.publicKey } }, { privateKey: readSm2PrivateKey(pair.privateKey) });

  it('does not believe a success that comes in clear, or whose hash or text was altered', async () => {
    const { server, compare } = await start();
    const answers: [Respond, string][] = [
      [(_, response) => void response.end(JSON.stringify(SUCCESS.compare)), 'ENVELOPE_MISSING'],
      [(_, response) => void response.end('{"encryptedResult":"AAAA"}'), 'ENVELOPE_ALTERED'],
      [
        (_, response) =>
          void response.end(
            JSON.stringify({ encryptedResult: 'A'.repeat(64), encryptedResultHash: 'B'.repeat(44) }),
          ),
        'ENVELOPE_ALTERED',
      ],
      [() => ({ statusCode: 40018, error: 'AI_OP_40018', message: '哈希值不匹配' }), 'AI_OP_40018'],
      [() => ({ statusCode: 410001, error: 'AI_OP_410001' }), 'AI_OP_410001'],
    ];
    for (const [respond, code] of answers) {
      server.respond = respond;
      expect(await compare()).toMatchObject({ ok: false, error: { code, counted: true } });
    }
    expect(server.violations).toEqual([]);
  });

  it('seals every request with keys of its own', async () => {
    const { server, compare } = await start();
    await Promise.all(Array.from({ length: 12 }, () => compare({ deadlineMs: 10_000 })));
    const blobs = server.received.map((one) => JSON.parse(one.raw.toString('utf8')).ciphertextBlob);
    expect(new Set(blobs).size).toBe(12);
    expect(server.violations).toEqual([]);
  });
});

describe('clocks', () => {
  it('tells a drift once, and blames it for a refused signature', async () => {
    const told: number[] = [];
    const { server, compare, client } = await setUp(
      {},
      {},
      { onClockSkew: (skew: number) => told.push(skew) },
    );
    let aheadMs = 600_000;
    const respond = (body: object): Respond => {
      return (_, response) => {
        response.setHeader('date', new Date(Date.now() - aheadMs).toUTCString());
        response.end(JSON.stringify(body));
        return undefined;
      };
    };
    server.respond = respond({ statusCode: 10020, message: '签名错误' });
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await compare()).toMatchObject({
        error: {
          code: 'CLOCK_SKEW',
          message: expect.stringMatching(/clock is (599|600|601) s ahead/),
          entry: { fault: 'credentials' },
        },
      });
    }
    expect(told).toHaveLength(1);
    expect(Math.abs((client.clockSkewMs ?? 0) - 600_000)).toBeLessThan(1500);
    aheadMs = 0;
    expect(await compare()).toMatchObject({ error: { code: '10020' } });
    expect(told).toHaveLength(2);
  });
});

describe('secrets and personal data', () => {
  it('stand in no error and no log, even when the endpoint repeats all that it was sent', async () => {
    const { server, client, logged } = await setUp();
    const everything: Respond = (request) => {
      const echo = `${JSON.stringify(request.headers)} ${KEYS.secretKey} ${JSON.stringify(request.body)}`;
      const mangled = [...KEYS.secretKey].join('');
      return {
        statusCode: 4002,
        error: 'AI_OP_4002',
        retMessage: `${mangled} ${ID_NUMBER} ${echo}`,
        message: echo,
        details: echo,
      };
    };
    server.respond = everything;
    const answer = await client.realName({ portrait: picture, idNumber: ID_NUMBER, name: '龙傲天' });
    expect(answer).toMatchObject({ ok: false, error: { code: 'AI_OP_4002' } });
    const text = `${JSON.stringify(answer)} ${logged()}`;
    const id = String(server.received[0]?.headers['ctyun-eop-request-id']);
    for (const secret of [
      KEYS.secretKey,
      KEYS.accessKey,
      KEYS.appKey,
      ID_NUMBER,
      '龙傲天',
      '_9j_',
      'Signature=',
    ]) {
      expect(text.replaceAll(id, '')).not.toContain(secret);
    }
    expect(text.length).toBeLessThan(1500);
  });
});
