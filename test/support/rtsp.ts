import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeH264 } from '../../scripts/rtsp/encode.ts';
import { drawTimecode } from '../../scripts/rtsp/timecode.ts';

export { encodeH264 } from '../../scripts/rtsp/encode.ts';
export { type RtspServer, type RtspServerOptions, startRtspServer } from '../../scripts/rtsp/server.ts';
export { drawTimecode, readTimecode } from '../../scripts/rtsp/timecode.ts';

export interface TestVideo {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly gop?: number;
}

/**
 * An H.264 file of a moving pattern in which each picture bears its own number as a timecode
 * (640x360, 15 fps, 150 pictures, a key picture every 5 by default). Kept in the temporary folder between runs.
 */
export async function makeTestVideo(video: TestVideo = {}): Promise<string> {
  const { width = 640, height = 360, fps = 15, frames = 150, gop = 5 } = video;
  const folder = join(tmpdir(), 'menshen-test-video');
  const file = join(folder, `${width}x${height}-${fps}fps-${frames}-g${gop}.h264`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  await encodeH264({ file, width, height, fps, gop }, pattern(width, height, frames));
  return file;
}

function* pattern(width: number, height: number, frames: number): Generator<Uint8Array> {
  const luma = width * height;
  for (let n = 0; n < frames; n++) {
    const data = new Uint8Array(luma + 2 * Math.ceil(width / 2) * Math.ceil(height / 2)).fill(128, luma);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) data[y * width + x] = 40 + ((x + y + n * 4) & 0x7f);
    }
    drawTimecode(data, width, height, n);
    yield data;
  }
}
