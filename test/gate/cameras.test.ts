import { expect, it, vi } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { ConfigSchema } from '../../src/config/index.ts';
import { Cameras } from '../../src/gate/cameras.ts';
import { CameraEnrolment } from '../../src/gate/commands/index.ts';
import type { EventInput } from '../../src/journal/index.ts';
import { type Sighting, VisionHost } from '../../src/vision/client.ts';
import { sighting } from '../access/support.ts';

const config = ConfigSchema.parse({
  gate: { id: 'g' },
  cameras: [{ id: 'camera', source: 'rtsp://192.0.2.1/', door: 'd' }],
  doors: [{ id: 'd', relay: { line: { driver: 'simulated', line: 1 } } }],
  access: { faceOnly: 'accepted' },
  simulator: { socket: 'x' },
});

function made(settings = config) {
  const calls: string[] = [];
  vi.spyOn(VisionHost.prototype, 'prepare').mockImplementation(() => void calls.push('prepare'));
  vi.spyOn(VisionHost.prototype, 'start').mockImplementation(() => void calls.push('start'));
  const enrolment = new CameraEnrolment(config.decision, config.vision.quality);
  const events: EventInput[] = [];
  const record = (event: EventInput) => {
    events.push(event);
    return 'id';
  };
  const cameras = new Cameras({
    config: settings,
    records: { record, state: () => {} },
    enrolment,
    entrance: { read: () => {} },
    log: createLogger('test', 'silent'),
  });
  return { cameras, enrolment, events, calls };
}

function started() {
  const { cameras, ...rest } = made();
  cameras.start(new Map());
  const host = cameras.hosts.get('camera');
  if (host === undefined) throw new Error('no host');
  return { host, ...rest };
}

it('gets vision processes ready before there are people, and begins with the same ones', () => {
  const { cameras, calls } = made();
  cameras.prepare();
  const host = cameras.hosts.get('camera');
  expect(calls).toEqual(['prepare']);
  const seen: string[] = [];
  const no = () => {};
  const lane = {
    sighting: ({ track }: Sighting) => void seen.push(track),
    ...{ picture: no, trackEnd: no, distrust: no, cameraLost: no },
    actions: { progress: no, result: no, clip: no, noClip: no },
  };
  host?.emit('sighting', { ...sighting({ at: 1000 }), facesInView: 0 });
  cameras.start(new Map([['d', lane]]));
  expect(calls).toEqual(['prepare', 'start']);
  expect(cameras.hosts.get('camera')).toBe(host);
  expect(seen).toEqual([]);
  host?.emit('sighting', { ...sighting({ at: 2000 }), facesInView: 0 });
  expect(seen).toEqual(['t1']);
});

it('goes on without a camera that cannot be prepared, which the beginning of recognition tells', () => {
  const password = { file: '/nowhere/password' };
  const [camera] = config.cameras;
  const { cameras, calls } = made({ ...config, cameras: [{ ...camera, password }] });
  cameras.prepare();
  expect(calls).toEqual([]);
  expect(() => cameras.start(new Map())).toThrow('/nowhere/password');
});

it('enrols nobody by a stream that is not believed', async () => {
  const { host, enrolment, events } = started();
  const stream = { width: 1280, height: 720, encoder: null, reader: null };
  const report = (doubts: readonly { kind: 'frozen'; detail: string }[]) =>
    host.emit('integrity', { stream, doubts: [...doubts] });
  let found = false;
  const told: string[] = [];
  const wanted = enrolment
    .face('camera', 10_000, ({ text }) => told.push(text))
    .then((face) => {
      found = true;
      return face;
    });
  const stand = async (from: number) => {
    for (let n = 0; n < 6; n++) {
      host.emit('sighting', { ...sighting({ at: from + n * 200 }), facesInView: 0 });
      host.emit('crop', {
        camera: 'camera',
        track: 't1',
        seq: n,
        qualityScore: 0.7,
        jpeg: new Uint8Array(3),
      });
    }
    await new Promise(setImmediate);
  };
  report([{ kind: 'frozen', detail: 'it stands still' }]);
  await stand(1000);
  expect(events).toMatchObject([{ type: 'camera.injection_suspected' }]);
  expect(found).toBe(false);
  await expect(enrolment.face('camera', 0, () => {})).rejects.toMatchObject({ code: 'COMMAND_BUSY' });
  report([]);
  await stand(5000);
  expect(await wanted).toMatchObject({ model: { id: 'test' } });
  report([{ kind: 'frozen', detail: 'it stands still' }]);
  const refused = enrolment.face('camera', 20, ({ text }) => told.push(text));
  await expect(refused).rejects.toMatchObject({
    code: 'CAMERA_SUSPECT',
    message: expect.stringContaining('not believed'),
  });
  expect(told.at(-1)).toContain('it stands still');
});
