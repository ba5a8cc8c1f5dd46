import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VideoCodec } from './rtsp/index.ts';
import type { Decoder } from './types.ts';

const CODEC_NAMES: Readonly<Record<VideoCodec, string>> = { h264: 'h264', h265: 'hevc' };
const PROBE_TIMEOUT_MS = 5000;

/** The decoders that this machine and this ffmpeg have in common, best first; `software` is always the last. */
export class DecoderChoice {
  readonly #found: readonly Found[];

  private constructor(found: readonly Found[]) {
    this.#found = found;
  }

  /** Looks at the devices below `root`; asks ffmpeg only where there is one. */
  static async probe(ffmpeg: string, root = '/'): Promise<DecoderChoice> {
    const devices = devicesOf(root);
    if (devices.length === 0) return new DecoderChoice([]);
    const names = new Set(
      `${await ask(ffmpeg, '-decoders')}\n${await ask(ffmpeg, '-hwaccels')}`.split(/\s+/),
    );
    return new DecoderChoice(
      devices.map((device) => ({ ...device, names: [...names].filter((name) => isOf(name, device)) })),
    );
  }

  /** The best for a stream; null stands for a codec that is not known before ffmpeg opens it. */
  best(codec: VideoCodec | null): { readonly decoder: Decoder; readonly args: readonly string[] } {
    for (const { decoder, device, names } of this.#found) {
      if (decoder === 'vaapi' && names.includes('vaapi'))
        return { decoder, args: ['-hwaccel', 'vaapi', '-hwaccel_device', device] };
      const name = codec === null ? '' : `${CODEC_NAMES[codec]}_${decoder}`;
      if (names.includes(name)) return { decoder, args: ['-c:v', name] };
    }
    return SOFTWARE;
  }
}

/** The CPU, which decodes everything. */
export const SOFTWARE = { decoder: 'software', args: [] } as const;

interface Device {
  readonly decoder: Exclude<Decoder, 'software'>;
  /** Path of the device. */
  readonly device: string;
}

interface Found extends Device {
  /** What ffmpeg calls the decoders of this kind. */
  readonly names: readonly string[];
}

/**
 * NVIDIA's boards show their decoder as a device of its own, other boards as a memory-to-memory device of V4L2 whose
 * name says that it decodes (`bcm2835-codec-decode`, `msm_vidc_decoder`), PCs as a render node.
 */
function devicesOf(root: string): Device[] {
  const nvidia = ['dev/nvhost-nvdec', 'dev/v4l2-nvdec'].map((path) => join(root, path)).filter(existsSync);
  const video = entries(join(root, 'sys/class/video4linux'))
    .filter((name) => /dec/i.test(read(join(root, 'sys/class/video4linux', name, 'name'))))
    .map((name) => join(root, 'dev', name))
    .filter(existsSync);
  const render = entries(join(root, 'dev/dri')).filter((name) => name.startsWith('renderD'));
  return [
    ...nvidia.slice(0, 1).map((device) => ({ decoder: 'nvv4l2dec' as const, device })),
    ...video.slice(0, 1).map((device) => ({ decoder: 'v4l2m2m' as const, device })),
    ...render.slice(0, 1).map((name) => ({ decoder: 'vaapi' as const, device: join(root, 'dev/dri', name) })),
  ];
}

function isOf(name: string, { decoder }: Device): boolean {
  return name === decoder || name.endsWith(`_${decoder}`);
}

async function ask(ffmpeg: string, what: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(ffmpeg, ['-hide_banner', what], {
      timeout: PROBE_TIMEOUT_MS,
      env: { PATH: process.env.PATH },
    });
    return stdout;
  } catch {
    return ''; // it cannot be asked: the CPU decodes, and opening the stream says what is wrong
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
