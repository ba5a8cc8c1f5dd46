import { describe, expect, it } from 'vitest';
import type { Integrity } from '../../src/camera/types.ts';
import { StreamGuard } from '../../src/gate/stream-guard.ts';

const STREAM = { width: 1280, height: 720, encoder: 'h264 profile 77/40', reader: 'own' } as const;
const report = (stream: Partial<Integrity['stream']> = {}, doubts: Integrity['doubts'] = []): Integrity => ({
  stream: { ...STREAM, ...stream },
  doubts,
});
const FROZEN = { kind: 'frozen', detail: 'it stands still' } as const;

describe('Guard of a stream', () => {
  it('believes the first stream, and the same one again after a restart of the camera', () => {
    const guard = new StreamGuard({ id: 'entrance', injection: 'deny' });
    for (let i = 0; i < 3; i++) expect(guard.report(report())).toBeNull();
    // A connection has just begun.
    expect(guard.report(report({ encoder: null, reader: null }))).toBeNull();
    expect(guard.distrust).toBeNull();
  });

  it('believes a camera that ffmpeg has to read from its beginning, also where our reader tells its encoder first', () => {
    const guard = new StreamGuard({ id: 'entrance', injection: 'deny' });
    expect(guard.report(report({ reader: null }))).toBeNull();
    for (let i = 0; i < 3; i++) expect(guard.report(report({ encoder: null, reader: 'ffmpeg' }))).toBeNull();
    expect(guard.distrust).toBeNull();
  });

  it.each([
    [
      { width: 640, height: 360 },
      'the stream is 640x360 h264 profile 77/40, and was 1280x720 h264 profile 77/40',
    ],
    [
      { encoder: 'h264 profile 100/00' },
      'the stream is 1280x720 h264 profile 100/00, and was 1280x720 h264 profile 77/40',
    ],
    [
      { encoder: 'h265 profile 1' },
      'the stream is 1280x720 h265 profile 1, and was 1280x720 h264 profile 77/40',
    ],
    [{ encoder: null }, 'the stream is 1280x720 of an unknown encoder, and was 1280x720 h264 profile 77/40'],
    [
      { encoder: null, reader: 'ffmpeg' as const },
      'the stream is 1280x720 of an unknown encoder, sent so that only ffmpeg can read it, and was 1280x720 h264 profile 77/40',
    ],
  ])('lets nobody in by a stream that became %j, until it is as before', (change, detail) => {
    const guard = new StreamGuard({ id: 'entrance', injection: 'deny' });
    guard.report(report());
    expect(guard.report(report(change))).toEqual({
      type: 'camera.injection_suspected',
      camera: 'entrance',
      data: { doubts: [{ kind: 'parameters', detail }], denied: true },
    });
    expect(guard.distrust).toBe(`parameters: ${detail}`);
    expect(guard.report(report(change))).toBeNull();
    expect(guard.report(report())).toEqual({
      type: 'camera.injection_cleared',
      camera: 'entrance',
      data: {},
    });
    expect(guard.distrust).toBeNull();
  });

  it('tells each kind of doubt once, and denies only where it is told to', () => {
    const guard = new StreamGuard({ id: 'entrance', injection: 'alarm' });
    expect(guard.report(report({}, [FROZEN]))).toMatchObject({ data: { doubts: [FROZEN], denied: false } });
    expect(guard.report(report({}, [{ ...FROZEN, detail: 'other words' }]))).toBeNull();
    expect(guard.distrust).toBeNull();
    const off = new StreamGuard({ id: 'entrance', injection: 'off' });
    expect(off.report(report({}, [FROZEN]))).toBeNull();
    expect(off.distrust).toBeNull();
  });
});
