import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTestVideo } from '../support/rtsp.ts';
import { cmdline, ffmpegPid, staged } from './support.ts';

const PASSWORD = "p@s:s/w#?%x'y z&=+é!";
const USER = 'view er@/1';
/** Pieces that must appear nowhere, in clear or percent-encoded. */
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), "w#?%x'y", 'w%23%3F%25x'];

let file = '';
beforeAll(async () => {
  file = await makeTestVideo();
});

describe.concurrent('the password of a camera', () => {
  it.each(['auto', 'ffmpeg'] as const)(
    'opens the stream whatever is in it, and shows in no process list, log, state or error (reader: %s)',
    async (reader) => {
      await staged(async (stage) => {
        let logged = '';
        const sink = new Writable({
          write: (chunk, _, done) => {
            logged += chunk;
            done();
          },
        });
        const log = pino({ level: 'trace' }, sink);
        const server = await stage.serve({ file, user: USER, password: PASSWORD });
        const camera = stage.watch({ source: server.url, username: USER, password: PASSWORD, reader }, log);
        (await camera.frame()).release();
        const pid = ffmpegPid(camera.id);
        const visible = [cmdline(pid).join(' '), readFileSync(`/proc/${pid}/environ`, 'latin1')];
        await server.stop();
        await camera.until('down');
        await camera.until('down');
        expect(logged).toContain('ffmpeg');
        const told = [
          ...visible,
          logged,
          JSON.stringify(camera.states),
          JSON.stringify(camera.camera.stats()),
        ].join('\n');
        for (const secret of SECRETS) expect(told).not.toContain(secret);
        expect(told).toContain(`rtsp://127.0.0.1:${server.port}/…`);
        expect(told).not.toContain(`:${server.port}/live`);
      })();
    },
  );

  it('is refused with a clear message where ffmpeg could not use it', () => {
    const check = (options: { source: string; username?: string; password?: string }) =>
      staged(async (stage) => void stage.watch(options))();
    const source = 'rtsp://127.0.0.1/live';
    return Promise.all([
      expect(check({ source, password: 'x' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' }),
      expect(check({ source, username: 'a:b', password: 'x' })).rejects.toThrow(/colon/),
      expect(check({ source, username: 'a', password: '/'.repeat(50) })).rejects.toThrow(/127/),
      expect(check({ source: 'rtsp://u:geheim@127.0.0.1/live' })).rejects.toThrow(/^(?!.*geheim).*username/),
      expect(check({ source: 'rtsp://u:geheim@[bad/live' })).rejects.toThrow(/^(?!.*geheim)/),
      expect(check({ source: 'http://u:geheim@127.0.0.1/live' })).rejects.toThrow(/^(?!.*geheim).*http/),
      expect(check({ source: "rtsp://127.0.0.1/li've" })).rejects.toThrow(/quote/),
      expect(check({ source: '/no/such/file.mp4' })).rejects.toMatchObject({ code: 'CAMERA_SOURCE_INVALID' }),
    ]);
  });
});
