import { connect, type Socket } from 'node:net';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APIS, signRequest } from '../../src/cloud/index.ts';
import { fuzz } from './fuzz.ts';
import { call, type House, openHouse, portrait, post, READY, send } from './support.ts';

describe.skipIf(!READY)('Hostile input', () => {
  let house: House;
  let ann: Buffer;
  beforeAll(async () => {
    house = await openHouse({ requestMs: 1500, queue: 4 });
    ann = await portrait('ann');
  });
  afterAll(() => house.stop());

  /** The server lives, in the same processes, and still recognises somebody. */
  async function lives(pids?: readonly number[]): Promise<void> {
    const { json } = await call(house, 'detect', { Action: 'DetectFace', ImageData: ann.toString('base64') });
    expect(json).toMatchObject({ returnObj: { DetectCount: 1 } });
    if (pids !== undefined) expect(house.server.pids).toEqual(pids);
  }

  const detect = (picture: Buffer) =>
    call(house, 'detect', { Action: 'DetectFace', ImageData: picture.toString('base64') });

  it('answers truncated and lying pictures with the documented error', async () => {
    const { pids } = house.server;
    for (const part of [0.05, 0.3, 0.6, 0.95]) {
      const { json } = await detect(ann.subarray(0, Math.floor(ann.length * part)));
      expect(json.error).toBe('AI_OP_410001');
    }
    const tail = Buffer.concat([ann.subarray(0, 2000), Buffer.alloc(5000, 0x41)]);
    expect((await detect(tail)).json.error).toBe('AI_OP_410001');
    expect((await detect(Buffer.from([0xff, 0xd8, 0xff, 0xd9]))).json.error).toBe('AI_OP_410001');
    // The header says 16 times as many lines as there are.
    const lying = Buffer.from(ann);
    const sof = lying.indexOf(Buffer.from([0xff, 0xc0]));
    lying.writeUInt16BE(4800, sof + 5);
    expect((await detect(lying)).json.error).toBe('AI_OP_410001');
    await lives(pids);
  });

  it('does not unpack 100 megapixels, whatever they are packed in', async () => {
    const { pids } = house.server;
    const begun = Date.now();
    for (const [width, height] of [
      [10_000, 10_000],
      [5000, 5000],
      [60_000, 60_000],
    ]) {
      const { json } = await detect(bomb(width, height));
      expect(json.error).toBe('AI_OP_410002');
      const compared = await call(house, 'compare', {
        img1Base64: ann.toString('base64'),
        img2Base64: bomb(width, height).toString('base64'),
      });
      expect(compared.json).toMatchObject({ error: 'AI_OP_410001', message: '图片二解码错误' });
    }
    expect(Date.now() - begun).toBeLessThan(2000);
    await lives(pids);
  });

  it('reads JSON of any depth, size and type', async () => {
    for (const text of [
      '['.repeat(2_000_000) + ']'.repeat(2_000_000),
      `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`,
      `{"Action":"DetectFace","ImageData":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '{"__proto__":{"Action":"DetectFace","ImageData":"AAAA"}}',
      '{"constructor":{"prototype":{}},"Action":{"toString":"x"}}',
      `{"Action":"DetectFace","ImageData":"AAAA","FaceThresh":1e999}`,
      '"\\ud800"',
    ]) {
      const { json, status } = await post(house, 'detect', Buffer.from(text));
      expect(status).toBe(200);
      expect(json.error).toMatch(/^(AI_OP_4000|AI_OP_40001|CTAPI_0009)/);
    }
    await lives();
  });

  it('refuses bodies larger than any, before they have come', async () => {
    const { path } = APIS.attributes;
    const signed = signRequest({ ...house.app, body: Buffer.alloc(0), now: new Date() });
    const lines = Object.entries({ ...signed.headers, appkey: house.app.appKey }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${lines.join('\r\n')}\r\n`;
    const socket = await open(house.server.port);
    socket.write(`${head}content-length: 900000000\r\n\r\n`);
    expect(await heard(socket)).toContain('AI_OP_4103');
    socket.destroy();
    // Without a length the limit is met on the way.
    const body = Buffer.alloc(9 * 1024 * 1024, 'A');
    const chunked = await open(house.server.port);
    chunked.write(
      `${head.replace(/ctyun-eop-request-id: \S+/, 'ctyun-eop-request-id: other')}transfer-encoding: chunked\r\n\r\n`,
    );
    chunked.write(`${body.length.toString(16)}\r\n`);
    chunked.write(body);
    expect(await heard(chunked)).toContain('AI_OP_4103');
    chunked.destroy();
    await lives();
  });

  it('ends slow requests, and survives sockets that are half closed, broken off or no HTTP', async () => {
    const { port } = house.server;
    const head = `POST ${APIS.attributes.path} HTTP/1.1\r\nhost: x\r\n`;
    const slow = await open(port);
    slow.write(head);
    const slowBody = await open(port);
    const signed = signRequest({ ...house.app, body: Buffer.alloc(0), now: new Date() });
    const lines = Object.entries({ ...signed.headers, appkey: house.app.appKey }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    slowBody.write(`${head}content-type: application/json\r\n${lines.join('')}content-length: 1000\r\n\r\n{`);
    const broken = await Promise.all(Array.from({ length: 20 }, () => open(port)));
    for (const [index, socket] of broken.entries()) {
      socket.write(`${head}content-type: application/json\r\n${lines.join('')}content-length: 1000\r\n\r\n{`);
      if (index % 2 === 0) socket.end();
      else socket.resetAndDestroy();
    }
    const half = await open(port);
    const body = '{}';
    const whole = signRequest({ ...house.app, body: Buffer.from(body), now: new Date() });
    const signedLines = Object.entries({ ...whole.headers, appkey: house.app.appKey }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    // The other direction is closed before the answer comes.
    half.end(
      `${head}content-type: application/json\r\n${signedLines.join('')}content-length: 2\r\n\r\n${body}`,
    );
    expect(await heard(half)).toContain('AI_OP_4101');
    for (const text of [
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
    ]) {
      const odd = await open(port);
      odd.write(text);
      expect(await heard(odd)).toMatch(/^HTTP\/1.1 4\d\d/);
      odd.destroy();
    }
    expect(await heard(slow)).toMatch(/^(HTTP\/1.1 408|$)/);
    expect(await heard(slowBody)).toMatch(/^(HTTP\/1.1 408|$)/);
    await lives();
  });

  it('says that there are too many calls when the queue is full, and charges only what it did', async () => {
    const before = used(house);
    const replies = await Promise.all(
      Array.from({ length: 40 }, () =>
        call(house, 'silentLiveness', { imageContent: ann.toString('base64') }),
      ),
    );
    const done = replies.filter(({ json }) => json.statusCode === '0').length;
    const busy = replies.filter(({ status }) => status === 429).length;
    expect(done + busy).toBe(40);
    expect(done).toBeGreaterThanOrEqual(6);
    expect(busy).toBeGreaterThan(0);
    expect(used(house) - before).toBe(done);
  });

  it('goes on when an inference process dies: the calls in it fail in their own words, the next are served', async () => {
    const pending = Promise.all([
      detect(ann),
      call(house, 'silentLiveness', { imageContent: ann.toString('base64') }),
    ]);
    const [pid] = house.server.pids;
    process.kill(pid, 'SIGKILL');
    const [one, other] = await pending;
    expect([undefined, 'AI_OP_500001']).toContain(one.json.error);
    expect([undefined, 'AI_OP_5000']).toContain(other.json.error);
    for (let i = 0; i < 100 && house.server.pids.length === 0; i++) await sleep(50);
    await lives();
    expect(house.server.pids).not.toContain(pid);
  });

  it('says nothing of itself', async () => {
    const replies = [
      await send(house.server.port, 'GET', '/../../etc/passwd', {}, Buffer.alloc(0)),
      await send(house.server.port, 'POST', '/v1/aiop/api/%00', {}, Buffer.alloc(0)),
      await send(house.server.port, 'POST', '/%zz', {}, Buffer.alloc(0)),
      await send(house.server.port, 'PROPFIND', '/', {}, Buffer.alloc(0)),
      await detect(ann.subarray(0, 3000)),
      await post(house, 'compare', Buffer.from('{')),
    ];
    for (const { bytes, headers } of replies) {
      expect(bytes.toString()).toContain('statusCode');
      expect(bytes.toString()).not.toMatch(/FST_|node_modules|\.ts|\.js|at .*:\d+|Error:|fastify/i);
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
    }
  });

  it('gives 250 mutated requests an answer of the catalogue each', async () => {
    const told = await fuzz(house, { cases: 250, seed: 20261122 });
    expect(told.unanswered).toEqual([]);
    expect(told.codes.size).toBeGreaterThan(10);
    await lives();
  });
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function used({ server, app }: House): number {
  const packages = server.store.apps.list().find(({ appKey }) => appKey === app.appKey)?.packages ?? [];
  return packages.reduce((sum, each) => sum + each.used, 0);
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** What comes first, or nothing when the connection ends. */
function heard(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = () => resolve(text);
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('\r\n\r\n')) setTimeout(done, 50);
    });
    socket.on('end', done);
    socket.on('close', done);
    setTimeout(done, 5000);
  });
}

/** A PNG of a few kilobytes that says and holds so many pixels of one grey. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(Math.min(height, 2000) * (1 + Math.ceil(width / 8))));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
