import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/camera/backoff.ts';
import { redactor, withCredentials } from '../../src/camera/credentials.ts';
import { FfmpegLog } from '../../src/camera/ffmpeg-log.ts';
import { FrameSlot } from '../../src/camera/frame-slot.ts';

describe('backoffMs', () => {
  it('doubles from 0.5 s to 15 s, the upper half left to chance', () => {
    const longest = [1, 2, 3, 4, 5, 6, 50].map((n) => backoffMs(n, 'CAMERA_ENDED', 1));
    expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect([1, 2, 50].map((n) => backoffMs(n, 'CAMERA_ENDED', 0))).toEqual([250, 500, 7500]);
  });
});

describe('credentials', () => {
  it('come out of the URL again as they went in, and never out of the redactor', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 3 }),
        (username, password) => {
          const url = withCredentials('rtsp://camera.example:8554/a?b=1', { username, password });
          expect(url).not.toMatch(/['\s\\]/);
          const parsed = new URL(url);
          expect([decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)]).toEqual([
            username,
            password,
          ]);
          expect(parsed.host + parsed.pathname + parsed.search).toBe('camera.example:8554/a?b=1');
          expect(redactor({ username, password })(`cannot open '${url}'`)).toBe(
            "cannot open 'rtsp://camera.example:8554/…'",
          );
        },
      ),
    );
  });

  it('are taken out where a camera wants them in the URL', () => {
    const path = '/user=admin_password=ge%68eim_channel=1?key=geheim';
    const redact = redactor(null, `rtsp://10.0.0.7:554${path}`);
    const said = [
      `rtsp://10.0.0.7:554${path}: Connection refused`,
      `[in#0] Impossible to open 'rtsp://10.0.0.7:554${path}'`,
      `method DESCRIBE failed: 404 no ${path} here`,
      `method DESCRIBE failed: 404 no ${decodeURIComponent(path)} here`,
      'see http://10.0.0.7/login?password=geheim and RTSPS://geheim@[::1]/',
    ];
    expect(said.map(redact)).toEqual([
      'rtsp://10.0.0.7:554/…: Connection refused',
      "[in#0] Impossible to open 'rtsp://10.0.0.7:554/…'",
      'method DESCRIBE failed: 404 no /… here',
      'method DESCRIBE failed: 404 no /… here',
      'see http://10.0.0.7/… and rtsps://[::1]/',
    ]);
  });
});

describe('FfmpegLog', () => {
  it('reads lines in any pieces, keeps the last complaints, and bounds what a camera can make it hold', () => {
    const log = new FfmpegLog(
      (text) => text,
      () => {},
    );
    log.push('[tcp @ 0x5] [verb');
    log.push(
      'ose] Successfully connected to 10.0.0.1 port 554\n[rtsp @ 0x5] [error] method DESCRIBE failed: 401',
    );
    expect(log.connected).toBe(true);
    expect(log.complaints).toEqual([]);
    log.push(' Unauthorized\n');
    expect(log.complaints).toEqual(['method DESCRIBE failed: 401 Unauthorized']);
    for (let i = 0; i < 100; i++) log.push(`[error] ${i}${'x'.repeat(100_000)}`);
    log.push('\n');
    expect(log.complaints.join('').length).toBeLessThan(2100);
  });

  it('notices that the picture size changed, not that it became known', () => {
    const log = new FfmpegLog(
      (text) => text,
      () => {},
    );
    log.push('[graph 0 input from stream 0:0 @ 0x5] [verbose] w:640 h:480 pixfmt:yuv420p tb:1/90000\n');
    log.push('[graph 0 input from stream 0:0 @ 0x5] [verbose] w:640 h:480 pixfmt:yuvj420p tb:1/90000\n');
    expect(log.sizeChanged).toBe(false);
    log.push('[graph 0 input from stream 0:0 @ 0x5] [verbose] w:480 h:640 pixfmt:yuv420p tb:1/90000\n');
    expect(log.sizeChanged).toBe(true);
  });
});

describe('FrameSlot', () => {
  const picture = (data: Uint8Array) => ({ format: 'yuv420p', width: 2, height: 2, data }) as const;

  it('uses the same few buffers for ever, and no buffer for two pictures at once', () => {
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('write', 'read', 'release', 'abandon'), { maxLength: 200 }),
        async (steps) => {
          const slot = new FrameSlot('cam');
          const known = new Set<Uint8Array>();
          const held: { seq: number; data: Uint8Array; release(): void }[] = [];
          let published = 0;
          let waiting = false;
          for (const step of steps) {
            if (step === 'write' || step === 'abandon') {
              const data = slot.acquire(6);
              if (data !== null) known.add(data);
              expect(held.some((frame) => frame.data === data)).toBe(false);
              if (data === null || step === 'abandon') {
                slot.discard(data);
              } else {
                data.fill(published);
                slot.publish(picture(data), published);
                waiting = true;
              }
              published++;
            } else if (step === 'read' && waiting) {
              const frame = await slot.next();
              // Abandoning a write may have taken the waiting frame's buffer: then none waits.
              if (frame !== null)
                held.push({ seq: frame.seq, data: frame.picture.data, release: () => frame.release() });
              waiting = false;
            } else if (step === 'release') {
              held[0]?.release();
              held.shift()?.release();
            }
            if (slot.received === slot.dropped + held.length) waiting = false;
            for (const frame of held) expect(frame.data.every((byte) => byte === frame.seq)).toBe(true);
          }
          expect(known.size).toBeLessThanOrEqual(4);
          expect(slot.received).toBe(published);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('wakes a waiting reader, refuses a second one, and ends with null', async () => {
    const slot = new FrameSlot('cam');
    const next = slot.next();
    await expect(slot.next()).rejects.toMatchObject({ code: 'INTERNAL' });
    slot.publish(picture(new Uint8Array(6)), 42);
    expect(await next).toMatchObject({ seq: 0, capturedAt: 42 });
    slot.publish(picture(new Uint8Array(6)), 43);
    slot.close(false);
    expect(await slot.next()).toMatchObject({ seq: 1 });
    expect(await slot.next()).toBeNull();
  });
});
