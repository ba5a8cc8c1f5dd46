import { expect, it } from 'vitest';
import type { CameraState } from '../../src/camera/types.ts';
import type { ErrorCode } from '../../src/common/index.ts';
import { CameraEvents } from '../../src/gate/camera-events.ts';
import { checked } from '../support/events.ts';

const down = (code: ErrorCode, message = 'gone'): CameraState => ({
  state: 'down',
  code,
  message,
  retryInMs: 500,
});
const UP: CameraState = { state: 'streaming', width: 1280, height: 720, decoder: 'software' };

it('tells once that a camera is down however often it is tried, and again for another cause or another time', () => {
  const events = new CameraEvents('entrance');
  const told = [
    UP,
    down('CAMERA_ENDED'),
    { state: 'connecting', attempt: 2 } as const,
    down('CAMERA_UNREACHABLE'),
    down('CAMERA_UNREACHABLE', 'still gone'),
    down('CAMERA_AUTH_FAILED'),
    UP,
    down('CAMERA_AUTH_FAILED'),
    { state: 'stopped' } as const,
  ]
    .map((state) => events.entry(state))
    .map((event) => event && checked(event));
  expect(told.map((event) => event?.data.code ?? event?.type ?? null)).toEqual([
    'camera.up',
    'CAMERA_ENDED',
    null,
    'CAMERA_UNREACHABLE',
    null,
    'CAMERA_AUTH_FAILED',
    'camera.up',
    'CAMERA_AUTH_FAILED',
    null,
  ]);
  expect(told[0]).toEqual({ type: 'camera.up', camera: 'entrance', data: { width: 1280, height: 720 } });
});
