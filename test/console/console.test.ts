import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASONS, type Reason } from '../../src/access/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { PromptBoard } from '../../src/console/board.ts';
import {
  ConsoleThread,
  PROMPTS,
  type Prompt,
  type PromptCode,
  Prompter,
  promptForAction,
  promptForReason,
} from '../../src/console/index.ts';
import { ConsoleServer } from '../../src/console/server.ts';
import { HEAD_ACTIONS } from '../../src/vision/client.ts';

const prompts: Prompt[] = [];
const prompter = new Prompter([(prompt) => prompts.push(prompt)]);
function prompt(code: PromptCode, door = 'front', forMs?: number): Prompt {
  prompter.show(door, code, forMs);
  const made = prompts.pop();
  if (made === undefined) throw new Error('no prompt');
  return made;
}

describe('the catalogue of prompts', () => {
  it('has each prompt in both languages, in its documentation, and no other', () => {
    const page = readFileSync(new URL('../../docs/reference/prompts.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => /^\| `[A-Z_]+` \|/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    expect(rows.map(([, code, kind, en, zh]) => ({ code, kind, en, zh }))).toEqual(
      Object.entries(PROMPTS).map(([code, entry]) => ({ code, ...entry })),
    );
    for (const { en, zh } of Object.values(PROMPTS)) {
      expect(en).toMatch(/^[A-Z][A-Za-z ,.]+[a-zN]$/);
      expect(zh).toMatch(/^[\p{Script=Han}，。]+$/u);
    }
  });

  it('has one for every action and every reason', () => {
    expect(new Set(HEAD_ACTIONS.map(promptForAction)).size).toBe(5);
    for (const reason of Object.keys(REASONS) as Reason[]) {
      const prompt = promptForReason(reason);
      expect(PROMPTS[prompt].kind).toBe(reason.endsWith('_WANTED') ? 'ask' : 'result');
      expect(prompt === 'GRANTED').toBe(reason.startsWith('GRANTED_'));
    }
    // What a forger learns of an attack that was seen is that it did not work.
    expect(promptForReason('NOT_LIVE')).toBe(promptForReason('UNSURE'));
  });
});

describe('what a door shows', () => {
  it('is the newest prompt while its time lasts', () => {
    const board = new PromptBoard(['front', 'back']);
    board.put(prompt('NOD', 'front', 6000), 1000);
    expect(board.at('front', 2000)).toMatchObject({ code: 'NOD', leftMs: 5000 });
    expect(board.at('back', 2000)).toBeNull();
    board.put(prompt('GRANTED', 'front', 1000), 3000);
    expect(board.at('front', 3999)).toMatchObject({ code: 'GRANTED' });
    expect(board.at('front', 4000)).toBeNull();
    board.put(prompt('NOD', 'nowhere'), 4000);
    expect(board.at('nowhere', 4000)).toBeNull();
  });
});

describe('the page at a door', () => {
  let server: ConsoleServer;
  let port: number;
  beforeEach(async () => {
    server = new ConsoleServer(['front', 'back']);
    port = await server.listen('127.0.0.1', 0);
  });
  afterEach(() => server.close());

  const fetched = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);

  /** A display's end of the stream, and the data it has got. */
  async function display(door: string): Promise<{ response: IncomingMessage; told: unknown[] }> {
    const request = get({ port, host: '127.0.0.1', path: `/doors/${door}/prompts` });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const told: unknown[] = [];
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const events = (rest + chunk).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = /^event: prompt\ndata: (.*)$/.exec(event)?.[1];
        if (data !== undefined) told.push(JSON.parse(data));
      }
    });
    response.on('error', () => {});
    return { response, told };
  }

  it('is whole in itself: everything from here, nothing from elsewhere', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/doors/front', 'text/html'],
      ['/console.css', 'text/css'],
      ['/console.js', 'text/javascript'],
    ] as const) {
      const response = await fetched(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain(type);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(await response.text()).not.toMatch(/https?:\/\//);
    }
    expect(await (await fetched('/')).text()).toContain('href="/doors/back"');
  });

  it('hears at once what its door shows, and nothing of another', async () => {
    const before = await display('front');
    const other = await display('back');
    await expect.poll(() => before.told).toEqual([null]);
    server.show(prompt('TURN_LEFT', 'front', 6000));
    await expect.poll(() => before.told.length).toBe(2);
    expect(before.told[1]).toMatchObject({
      ...{ code: 'TURN_LEFT', kind: 'ask', door: 'front' },
      text: { en: 'Please turn your head to the left', zh: '请向左转头' },
    });
    const late = await display('front');
    await expect.poll(() => late.told).toEqual([expect.objectContaining({ code: 'TURN_LEFT' })]);
    server.show(prompt('GRANTED'));
    await expect.poll(() => late.told[1]).toMatchObject({ code: 'GRANTED' });
    expect(other.told).toEqual([null]);
  });

  it('answers what it does not know without effect and in few words', async () => {
    for (const [path, init, status] of [
      ['/doors/nowhere', {}, 404],
      ['/doors/nowhere/prompts', {}, 404],
      ['/doors/front/../../etc/passwd', {}, 404],
      ['/doors/%2e%2e%2fetc', {}, 404],
      ['/doors/%', {}, 400],
      ['/doors/<script>', {}, 404],
      ['/', { method: 'POST', body: 'x'.repeat(100_000) }, 413],
      ['/doors/front/prompts', { method: 'DELETE' }, 404],
    ] as const) {
      const response = await fetched(path, init);
      expect([path, response.status]).toEqual([path, status]);
      const body = await response.text();
      expect(body.length).toBeLessThan(40);
      expect(body).not.toContain('script');
    }
  });

  it('never fails whatever is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 60 }), async (path) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(`GET /${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        let answer = '';
        socket.on('data', (chunk) => {
          answer += String(chunk);
        });
        await once(socket, 'close');
        expect(answer.slice(0, 20)).not.toMatch(/^HTTP\/1.1 5/);
      }),
      { numRuns: 60 },
    );
    expect((await fetched('/')).status).toBe(200);
  });

  it('takes a bounded number of displays and connections, and lets slow ones go', async () => {
    const displays = await Promise.all(Array.from({ length: 33 }, () => display('front')));
    expect(displays.filter(({ response }) => response.statusCode === 200)).toHaveLength(32);
    expect(displays.filter(({ response }) => response.statusCode === 503)).toHaveLength(1);
    for (const { response } of displays) response.destroy();
    await expect.poll(async () => (await display('front')).response.statusCode).toBe(200);
    const half = connect(port, '127.0.0.1');
    half.on('error', () => {});
    half.write('GET / HTTP/1.1\r\nHost: x\r\n');
    const huge = connect(port, '127.0.0.1');
    huge.on('error', () => {});
    huge.write(`GET / HTTP/1.1\r\nHost: ${'x'.repeat(20_000)}\r\n\r\n`);
    const nonsense = connect(port, '127.0.0.1');
    nonsense.on('error', () => {});
    nonsense.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff]));
    await Promise.all([huge, nonsense].map((socket) => once(socket.resume(), 'close')));
    expect((await fetched('/doors/front')).status).toBe(200);
    await once(half.resume(), 'close');
  }, 15_000);
});

describe('the thread of the page', () => {
  const BUILT = new URL('../../dist/console/thread.js', import.meta.url);

  it('serves prompts, says once when it cannot, and stops', async () => {
    const first = new ConsoleServer(['front']);
    const port = await first.listen('127.0.0.1', 0);
    const said: string[] = [];
    const log = {
      info: (_: object, text: string) => said.push(text),
      error: (_: object, text: string) => said.push(text),
    };
    const settings = { host: '127.0.0.1', port, doors: ['front'] };
    const taken = new ConsoleThread(settings, log as never, BUILT);
    taken.start();
    await expect.poll(() => said, { timeout: 5000 }).toEqual([expect.stringContaining('cannot be served')]);
    await taken.stop();
    await first.close();
    const thread = new ConsoleThread(settings, createLogger('test', 'silent'), BUILT);
    thread.start();
    thread.show(prompt('NOD', 'front', 60_000));
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 5000 },
      )
      .toBe(200);
    const stream = await fetch(`http://127.0.0.1:${port}/doors/front/prompts`);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    while (!heard.includes('data:')) heard += (await reader?.read())?.value ?? '';
    expect(heard).toContain('"code":"NOD"');
    await thread.stop();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  }, 20_000);
});
