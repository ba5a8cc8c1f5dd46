import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ActionReport, APIS } from '../../src/cloud/index.ts';
import { call, type House, NO_VIDEOS, openHouse, post, READY, VIDEOS } from '../cloud-server/support.ts';

describe.skipIf(!READY)('Action liveness', () => {
  let house: House;
  let folder: string;
  const provoked = new Set<string>();
  beforeAll(async () => {
    house = await openHouse();
    folder = mkdtempSync(join(tmpdir(), 'menshen-clips-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await house.stop();
  });

  /** A clip by ffmpeg, in the container that the name says. */
  function film(name: string, ...args: string[]): Buffer {
    const path = join(folder, name);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...args, '-an', path]);
    return readFileSync(path);
  }
  const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-pix_fmt', 'yuv420p'];
  const bars = (seconds: number, rate: number) => [
    '-f',
    'lavfi',
    '-i',
    `smptebars=size=320x240:rate=${rate}:duration=${seconds}`,
  ];
  const body = (clip: Buffer | string, ActionType: unknown = 'Blink') => ({
    Action: 'ActionFas',
    ActionType,
    VideoBase64: typeof clip === 'string' ? clip : clip.toString('base64'),
  });

  async function fails(sent: unknown, code: string): Promise<void> {
    const { json, status } = await call(house, 'actionLiveness', sent);
    expect(json.error).toBe(code);
    expect(status).toBe(200);
    provoked.add(code);
  }

  describe.skipIf(NO_VIDEOS)('on people', () => {
    async function judged(name: string, from: number, to: number, ...more: string[]): Promise<ActionReport> {
      const clip = film(
        ...['piece.mp4', '-ss', String(from), '-t', String(to - from), '-i', join(VIDEOS, name)],
        ...[...more, '-vf', 'scale=-2:min(480\\,ih)', ...X264],
      );
      const { json } = await call(house, 'actionLiveness', body(clip));
      expect(json).toMatchObject({ statusCode: 0, message: 'success' });
      for (const value of Object.values(json.returnObj ?? {})) expect(['True', 'False']).toContain(value);
      return APIS.actionLiveness.response.parse(json);
    }
    const NONE = { blink: false, openMouth: false, turnLeft: false, turnRight: false, nod: false };

    it('sees blinking, a yawn, turns and a nod, and that the people live', async () => {
      expect(await judged('live-blink-A.mp4', 0, 2)).toEqual({ live: true, seen: { ...NONE, blink: true } });
      const yawn = await judged('live-yawn-abhi.mp4', 4.5, 7);
      expect(yawn).toMatchObject({ live: true, seen: { openMouth: true, turnLeft: false, nod: false } });
      const left = await judged('live-headturn-tranvanluyt.mp4', 1, 3.5);
      expect(left).toEqual({ live: true, seen: { ...NONE, turnLeft: true } });
      const right = await judged('live-headturn-tranvanluyt.mp4', 6.2, 8.4);
      expect(right).toEqual({ live: true, seen: { ...NONE, turnRight: true } });
      const nod = await judged('live-headturn-tranvanluyt.mp4', 10.7, 14.7);
      expect(nod).toMatchObject({ live: true, seen: { ...NONE, nod: true } });
    });

    it('sees no action where somebody talks, and a blink only where there is one', async () => {
      expect((await judged('live-talk-grid-lwbsza.mp4', 0, 3)).seen).toEqual(NONE);
      expect((await judged('live-talk-grid-bbaf2n.mp4', 0, 3)).seen).toEqual({ ...NONE, blink: true });
    });

    it('takes the same head turn filmed off a screen for no living face', async () => {
      const spoof = await judged('spoof-screenreplay-headturn-tranvanluyt.mp4', 4, 6.5);
      expect(spoof).toMatchObject({ live: false, seen: { turnLeft: true } });
    });

    it('reads mov and avi as well, turned clips, and clips whose index stands at the end', async () => {
      const from = ['-t', '1.3', '-i', join(VIDEOS, 'live-blink-A.mp4')];
      for (const clip of [
        film('a.mov', ...from, ...X264),
        film('b.avi', ...from, '-c:v', 'mpeg4', '-q:v', '3'),
        film('c.mp4', ...from, ...X264, '-movflags', '+faststart'),
      ]) {
        const { json } = await call(house, 'actionLiveness', body(clip));
        expect(json).toMatchObject({ returnObj: { eye: 'True', valid: 'True' } });
      }
      // Filmed on its side, with the note that players turn it by.
      film('side.mp4', ...from, '-vf', 'transpose=1', ...X264);
      const side = ['-i', join(folder, 'side.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90'];
      const { json } = await call(house, 'actionLiveness', body(film('turned.mp4', ...side)));
      expect(json).toMatchObject({ returnObj: { eye: 'True' } });
    });

    it('says when the light or the sharpness is to blame', async () => {
      const from = ['-t', '1.5', '-i', join(VIDEOS, 'live-talk-grid-lwbsza.mp4')];
      const dark = film('dark.mp4', ...from, '-vf', 'lutyuv=y=16+(val-16)*0.08', ...X264);
      await fails(body(dark), 'AI_OP_400019');
      const bright = film('bright.mp4', ...from, '-vf', 'lutyuv=y=228+(val-16)*0.1', ...X264);
      await fails(body(bright), 'AI_OP_400020');
      const blurred = film('blurred.mp4', ...from, '-vf', 'gblur=sigma=4.5', ...X264);
      await fails(body(blurred), 'AI_OP_400021');
    });
  });

  it('gives the errors of its table', async () => {
    const clip = film('bars.mp4', ...bars(2, 15), ...X264);
    expect((await post(house, 'actionLiveness', Buffer.from('{'))).json.error).toBe('CTAPI_0009');
    provoked.add('CTAPI_0009');
    await fails([], 'AI_OP_400005');
    await fails({ Action: 'ActionFas', ActionType: 'Blink' }, 'AI_OP_400006');
    await fails(body(clip, 5), 'AI_OP_400008');
    await fails(body(''), 'AI_OP_400009');
    await fails(body(clip, 'Wink'), 'AI_OP_400010');
    await fails({ ...body(clip), Action: 'x' }, 'AI_OP_400010');
    await fails(body(film('short.mp4', ...bars(0.6, 15), ...X264)), 'AI_OP_400011');
    await fails(body(film('long.mp4', ...bars(9, 15), ...X264)), 'AI_OP_400011');
    await fails(body('A'.repeat(11 * 1024 * 1024 + 4)), 'AI_OP_400012');
    await fails(body(film('slow.mp4', ...bars(3, 5), ...X264)), 'AI_OP_400013');
    await fails(body(film('fast.mp4', ...bars(2, 60), ...X264)), 'AI_OP_400013');
    await fails(body(film('other.mkv', ...bars(2, 15), ...X264)), 'AI_OP_400015');
    await fails(body(Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')), 'AI_OP_400015');
    for (const part of [0.2, 0.5, 0.9]) {
      await fails(body(clip.subarray(0, Math.floor(clip.length * part))), 'AI_OP_400016');
    }
    const torn = Buffer.from(film('torn.mp4', ...bars(4, 15), ...X264, '-movflags', '+faststart'));
    await fails(body(torn.subarray(0, Math.floor(torn.length * 0.5))), 'AI_OP_400016');
    await fails(body('A*'), 'AI_OP_400017');
    await fails(body(clip), 'AI_OP_400018');
    await fails(
      body(film('black.mp4', '-f', 'lavfi', '-i', 'color=black:size=320x240:rate=15:duration=2', ...X264)),
      'AI_OP_400019',
    );
    await fails(
      body(film('white.mp4', '-f', 'lavfi', '-i', 'color=white:size=320x240:rate=15:duration=2', ...X264)),
      'AI_OP_400020',
    );
  });

  it.skipIf(NO_VIDEOS)('has provoked every code of the table but those of our own faults', async () => {
    const { SERVICE_ERRORS } = await import('../../src/cloud/index.ts');
    const left = Object.keys(SERVICE_ERRORS.actionLiveness).filter((code) => !provoked.has(code));
    // The path of a service is proved with the gateway.
    expect(left).toEqual(['CTAPI_10000', 'AI_OP_500001']);
  });
});
