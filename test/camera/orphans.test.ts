import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTestVideo } from '../support/rtsp.ts';
import { eventually, ffmpegPid, ffmpegPids, staged } from './support.ts';

const VICTIM = fileURLToPath(new URL('./victim.ts', import.meta.url));
let file = '';

beforeAll(async () => {
  file = await makeTestVideo();
});

async function startVictim(id: string, source: string): Promise<ChildProcess> {
  const victim = spawn(process.execPath, ['--import', 'tsx', VICTIM, id, source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (victim.stdout === null) throw new Error('no stdout');
  await once(victim.stdout, 'data');
  return victim;
}

describe.concurrent('when our process is killed with SIGKILL', () => {
  it.each([
    ['streaming', undefined, undefined],
    ['silent camera', 'SIGUSR1', undefined],
    ['hung camera', 'SIGSTOP', undefined],
    ['stopped ffmpeg', undefined, 'SIGSTOP'],
  ] as const)('no ffmpeg stays behind: %s', async (name, toServer, toFfmpeg) => {
    await staged(async (stage) => {
      const id = `victim-${name.replace(' ', '-')}-${process.pid}`;
      const server = await stage.serve({ file });
      const victim = await startVictim(id, server.url);
      const ffmpeg = ffmpegPid(id);
      if (toServer !== undefined) server.kill(toServer);
      if (toFfmpeg !== undefined) process.kill(ffmpeg, toFfmpeg);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(ffmpegPids(id)).toEqual([ffmpeg]);
      victim.kill('SIGKILL');
      await once(victim, 'exit');
      await eventually(() => ffmpegPids(id).length === 0, 1000);
    })();
  });
});
