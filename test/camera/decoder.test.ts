import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DecoderChoice } from '../../src/camera/decoder.ts';
import { makeTestVideo } from '../support/rtsp.ts';
import { staged } from './support.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'menshen-decoder-'));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text = ''): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Answers as ffmpeg does when it is asked for what it can, and nothing else. */
async function ffmpegWith(decoders: readonly string[], methods: readonly string[]): Promise<string> {
  const rows = decoders.map((name) => ` V..... ${name.padEnd(20)} a decoder (codec h264)`);
  const file = await put(
    'bin/ffmpeg',
    `#!/bin/sh
case "$*" in
  "-hide_banner -decoders") printf '%s\\n' 'Decoders:' ' ------' ${quoted(rows)} ;;
  "-hide_banner -hwaccels") printf '%s\\n' 'Hardware acceleration methods:' ${quoted(methods)} ;;
  *) exit 1 ;;
esac
`,
  );
  await chmod(file, 0o755);
  return file;
}

const quoted = (lines: readonly string[]): string => lines.map((line) => `'${line}'`).join(' ');

const ALL = ['h264', 'h264_v4l2m2m', 'hevc_v4l2m2m', 'h264_nvv4l2dec'];

async function raspberry(): Promise<void> {
  await put('sys/class/video4linux/video0/name', 'UVC camera\n');
  await put('dev/video0');
  await put('sys/class/video4linux/video10/name', 'bcm2835-codec-decode\n');
  await put('dev/video10');
}

describe('DecoderChoice', () => {
  it('is the CPU where the machine has no decoder, and does not ask ffmpeg', async () => {
    const choice = await DecoderChoice.probe(join(root, 'no-such-ffmpeg'), root);
    expect(choice.best('h264')).toEqual({ decoder: 'software', args: [] });
  });

  it('takes the V4L2 decoder of a board for the codec that it has', async () => {
    await raspberry();
    const choice = await DecoderChoice.probe(await ffmpegWith(['h264', 'h264_v4l2m2m'], []), root);
    expect(choice.best('h264')).toEqual({ decoder: 'v4l2m2m', args: ['-c:v', 'h264_v4l2m2m'] });
    expect(choice.best('h265').decoder).toBe('software');
    expect(choice.best(null).decoder).toBe('software');
  });

  it('takes no camera for a decoder', async () => {
    await put('sys/class/video4linux/video0/name', 'UVC camera\n');
    await put('dev/video0');
    const choice = await DecoderChoice.probe(await ffmpegWith(ALL, ['vaapi']), root);
    expect(choice.best('h264').decoder).toBe('software');
  });

  it("prefers NVIDIA's own decoder, with an ffmpeg that knows it", async () => {
    await raspberry();
    await put('dev/nvhost-nvdec');
    const choice = await DecoderChoice.probe(await ffmpegWith(ALL, []), root);
    expect(choice.best('h264')).toEqual({ decoder: 'nvv4l2dec', args: ['-c:v', 'h264_nvv4l2dec'] });
    expect(choice.best('h265')).toEqual({ decoder: 'v4l2m2m', args: ['-c:v', 'hevc_v4l2m2m'] });
  });

  it('takes a render node through VA-API, whatever the codec', async () => {
    const node = await put('dev/dri/renderD128');
    const choice = await DecoderChoice.probe(await ffmpegWith(ALL, ['vdpau', 'vaapi']), root);
    const args = ['-hwaccel', 'vaapi', '-hwaccel_device', node];
    expect(choice.best('h264')).toEqual({ decoder: 'vaapi', args });
    expect(choice.best(null)).toEqual({ decoder: 'vaapi', args });
  });

  it('is the CPU where ffmpeg knows none of it, or cannot be asked', async () => {
    await raspberry();
    const plain = await DecoderChoice.probe(await ffmpegWith(['h264', 'hevc'], []), root);
    expect(plain.best('h264').decoder).toBe('software');
    const mute = await DecoderChoice.probe(join(root, 'no-such-ffmpeg'), root);
    expect(mute.best('h264').decoder).toBe('software');
  });
});

/** Stands before ffmpeg on the search path; what is asked of the board's decoder, `instead` does. */
async function board(instead: string): Promise<void> {
  await raspberry();
  const file = await put(
    'bin/ffmpeg',
    `#!/bin/bash
PATH="\${PATH#*:}"
case "$*" in
  *-decoders*) echo ' V..... h264_v4l2m2m   a decoder (codec h264)'; exit ;;
  *h264_v4l2m2m*) ${instead} ;;
esac
exec ffmpeg "$@"
`,
  );
  await chmod(file, 0o755);
  vi.stubEnv('PATH', `${dirname(file)}:${process.env.PATH}`);
}

describe('a camera on a board with a decoder', () => {
  afterEach(() => vi.unstubAllEnvs());

  it(
    'decodes with it and says so',
    staged(async (stage) => {
      await board(`exec ffmpeg "\${@/h264_v4l2m2m/h264}"`);
      const server = await stage.serve({ file: await makeTestVideo() });
      const camera = stage.watch({ source: server.url }, undefined, root);
      expect(await camera.until('streaming')).toMatchObject({ decoder: 'v4l2m2m', width: 640 });
      (await camera.frame()).release();
    }),
  );

  it(
    'leaves decoding to the CPU when nothing comes out of it, without a failure of the camera',
    staged(async (stage) => {
      await board('echo "[fatal] Could not find a valid device" >&2; exit 1');
      const server = await stage.serve({ file: await makeTestVideo() });
      const camera = stage.watch({ source: server.url }, undefined, root);
      expect(await camera.until('streaming')).toMatchObject({ decoder: 'software' });
      expect(camera.states.map(({ state }) => state)).toEqual(['connecting', 'streaming']);
    }),
  );

  it(
    'does not use it where it is not wanted',
    staged(async (stage) => {
      await board('exit 1');
      const server = await stage.serve({ file: await makeTestVideo() });
      const camera = stage.watch({ source: server.url, decoder: 'software' }, undefined, root);
      expect(await camera.until('streaming')).toMatchObject({ decoder: 'software' });
    }),
  );
});
