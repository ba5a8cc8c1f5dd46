import { z } from 'zod';
import { filePath, fraction, id, milliseconds, SecretSchema } from './common.ts';

export const CameraSchema = z
  .strictObject({
    id: id.describe('Name of the camera in events and topics'),
    source: filePath
      .refine(
        isSource,
        'use an rtsp:// or rtsps:// URL without user and password (they have keys of their own), or a path',
      )
      .describe('rtsp:// or rtsps:// URL without user and password, a video file, or a folder of pictures'),
    username: z.string().min(1).optional().describe('RTSP user name'),
    password: SecretSchema.optional().describe('RTSP password'),
    door: id.describe('The door this camera watches'),
    direction: z
      .enum(['in', 'out'])
      .default('in')
      .describe('Which way through the door it lets the people it sees'),
    stallMs: milliseconds(5000, 500, 120_000).describe(
      'Without a new frame for this long the stream counts as stalled and is opened again',
    ),
    connectTimeoutMs: milliseconds(10_000, 1000, 120_000).describe(
      'Time allowed from connecting to the first frame',
    ),
    fps: z
      .number()
      .min(0.1)
      .max(60)
      .default(15)
      .describe('Pictures a second when the source is a folder of pictures'),
    loop: z.boolean().default(true).describe('Begin again at the end when the source is a file or a folder'),
    reader: z
      .enum(['auto', 'ffmpeg'])
      .default('auto')
      .describe(
        'Who reads RTSP from the network: auto is the built-in reader, which is one picture faster, and that of ffmpeg where it cannot; ffmpeg is always that of ffmpeg',
      ),
    injection: z
      .enum(['deny', 'alarm', 'off'])
      .default('deny')
      .describe(
        'What follows when the stream may be another than that of the camera (frozen, looped, of another size or encoder, its clock wrong): deny lets nobody in by it until it can be believed again, alarm only tells, off does not look',
      ),
    decoder: z
      .enum(['auto', 'software'])
      .default('auto')
      .describe(
        'What decodes the stream of an RTSP camera: auto is a decoder of the machine (VA-API, V4L2, NVIDIA Jetson) where there is one that works, else the CPU; software is always the CPU. The state of the camera tells which it is',
      ),
    qr: z
      .boolean()
      .default(false)
      .describe('Look for QR codes (passes of visitors) in the picture, inside the recognition area'),
    area: z
      .strictObject({
        left: fraction.describe('Left border'),
        top: fraction.describe('Upper border'),
        right: fraction.describe('Right border'),
        bottom: fraction.describe('Lower border'),
      })
      .refine(
        (area) => area.left < area.right && area.top < area.bottom,
        'left must be below right, and top below bottom',
      )
      .default({ left: 0, top: 0, right: 1, bottom: 1 })
      .describe('Recognition area in parts of the picture; faces outside it are not recognised'),
  })
  .describe('A camera');

/** A path, or a well-formed RTSP URL that carries no credentials. */
function isSource(source: string): boolean {
  if (!source.includes('://')) return true;
  const url = URL.canParse(source) ? new URL(source) : undefined;
  return (
    url !== undefined &&
    ['rtsp:', 'rtsps:'].includes(url.protocol) &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === ''
  );
}
