import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestVideo, readTimecode } from '../support/rtsp.ts';
import { staged } from './support.ts';

let folder = '';
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'menshen-failures-'));
  file = await makeTestVideo();
});
afterAll(() => rm(folder, { recursive: true }));

/** A TCP server that lets everybody in and treats them with `onSocket`. */
async function listen(onSocket: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `rtsp://127.0.0.1:${address.port}/live`, server };
}

/** The access units of a file without those NAL units (parameter sets, say) whose type is in `types`. */
function without(path: string, types: readonly number[]): Buffer {
  const data = readFileSync(path);
  const starts: number[] = [];
  for (let i = 0; i + 3 < data.length; i++) {
    if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 1) starts.push(data[i - 1] === 0 ? i - 1 : i);
  }
  const units = starts.map((start, i) => data.subarray(start, starts[i + 1] ?? data.length));
  return Buffer.concat(units.filter((unit) => !types.includes((unit[unit[2] === 1 ? 3 : 4] ?? 0) & 0x1f)));
}

describe.concurrent('each failure has its own code', () => {
  it(
    'wrong port',
    staged(async (stage) => {
      const camera = stage.watch({ source: 'rtsp://127.0.0.1:9/live' });
      const down = await camera.until('down');
      expect(down.code).toBe('CAMERA_UNREACHABLE');
      expect(down.message).toContain('rtsp://127.0.0.1:9/…');
      expect(down.retryInMs).toBeGreaterThanOrEqual(250);
      expect(down.retryInMs).toBeLessThanOrEqual(500);
    }),
  );

  it(
    'wrong host',
    staged(async (stage) => {
      const camera = stage.watch({ source: 'rtsp://no-such-host.invalid/live' });
      expect(await camera.until('down')).toMatchObject({
        code: 'CAMERA_UNREACHABLE',
        message: expect.stringContaining('host name'),
      });
    }),
  );

  it.each(['auto', 'ffmpeg'] as const)('wrong path (reader: %s)', async (reader) => {
    await staged(async (stage) => {
      const server = await stage.serve({ file });
      const camera = stage.watch({ source: server.url.replace('/live', '/elsewhere'), reader });
      expect((await camera.until('down')).code).toBe('CAMERA_NOT_FOUND');
    })();
  });

  it.each([
    ['wrong', { username: 'viewer', password: 'wrong' }],
    ['missing', {}],
    ["wrong (ffmpeg's reader)", { username: 'viewer', password: 'wrong', reader: 'ffmpeg' as const }],
  ])('%s password, not tried again soon', async (_, credentials) => {
    await staged(async (stage) => {
      const server = await stage.serve({ file, user: 'viewer', password: 'right' });
      const camera = stage.watch({ source: server.url, ...credentials });
      const down = await camera.until('down');
      expect(down.code).toBe('CAMERA_AUTH_FAILED');
      expect(down.retryInMs).toBeGreaterThanOrEqual(7500);
    })();
  });

  it(
    'accepts the connection and says nothing',
    staged(async (stage) => {
      const { url, server } = await listen(() => {});
      const camera = stage.watch({ source: url, connectTimeoutMs: 1000 });
      expect(await camera.until('down')).toMatchObject({
        code: 'CAMERA_NO_FRAMES',
        message: expect.stringContaining('1 s'),
      });
      server.close();
    }),
  );

  it(
    'answers with something else than RTSP',
    staged(async (stage) => {
      const { url, server } = await listen((socket) =>
        socket.once('data', () => socket.end('220 mail.example ESMTP\r\n')),
      );
      const camera = stage.watch({ source: url });
      expect((await camera.until('down')).code).toBe('CAMERA_NO_FRAMES');
      server.close();
    }),
  );

  it(
    'a stream without parameter sets cannot be decoded',
    staged(async (stage) => {
      const path = join(folder, 'no-parameters.h264');
      writeFileSync(path, without(file, [7, 8]));
      const server = await stage.serve({ file: path });
      const camera = stage.watch({ source: server.url, connectTimeoutMs: 1500 });
      expect((await camera.until('down')).code).toBe('CAMERA_UNDECODABLE');
    }),
  );

  it(
    'the end of the stream',
    staged(async (stage) => {
      const server = await stage.serve({ file: await makeTestVideo({ frames: 45 }), loop: false });
      const camera = stage.watch({ source: server.url });
      await camera.until('streaming');
      expect((await camera.until('down')).code).toBe('CAMERA_ENDED');
    }),
  );

  it.each([
    ['another size', { width: 640, height: 360 }, { width: 800, height: 448 }],
    ['turned upright, of as many bytes', { width: 640, height: 480 }, { width: 480, height: 640 }],
  ])('a changed picture size, %s: opened again at once in the new size', async (name, before, after) => {
    await staged(async (stage) => {
      const path = join(folder, `${name}.h264`);
      const parts = [
        await makeTestVideo({ ...before, frames: 45 }),
        await makeTestVideo({ ...after, frames: 75 }),
      ];
      writeFileSync(path, Buffer.concat(parts.map((part) => readFileSync(part))));
      const server = await stage.serve({ file: path });
      const camera = stage.watch({ source: server.url });
      expect(await camera.until('streaming')).toMatchObject(before);
      expect(await camera.until('down')).toMatchObject({ code: 'CAMERA_RESOLUTION_CHANGED', retryInMs: 0 });
      expect(await camera.until('streaming')).toMatchObject(after);
      let frame = await camera.frame();
      if (frame.picture.width !== after.width) frame = await camera.frame();
      expect(frame.picture).toMatchObject(after);
      expect(readTimecode(frame.picture)).not.toBeNull();
      frame.release();
    })();
  });

  it(
    'a missing ffmpeg',
    staged(async (stage) => {
      const server = await stage.serve({ file });
      const path = process.env.PATH;
      process.env.PATH = folder;
      const camera = stage.watch({ source: server.url });
      process.env.PATH = path;
      expect((await camera.until('down')).code).toBe('FFMPEG_MISSING');
      await camera.until('streaming');
    }),
  );
});
