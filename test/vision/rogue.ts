/** A vision process gone wrong in the way its camera's source says; stands in for the real one in host tests. */
import { Socket } from 'node:net';
import { encodePacket, PacketReader, PIPE_FD } from '../../src/vision/packet.ts';

const HEARTBEAT = {
  ...{ received: 0, dropped: 0, frames: 0, fps: 0, busyMs: 0, rssBytes: 1, untold: 0 },
  steps: {},
};
/** What ends any process that reads it through Node's own channel. */
const GARBAGE = Buffer.from('00000008ff0f6f2200ff0102', 'hex');
const MEGABYTE = Buffer.alloc(1 << 20, 'a');
const CROP = { track: 'somebody', seq: 1, qualityScore: 1 };
const PICTURE = Buffer.from([0xff, 0xd8, ...MEGABYTE.subarray(2)]);

const pipe = new Socket({ fd: PIPE_FD });
const reader = new PacketReader(({ header }) => {
  const { type, settings } = header as { type: string; settings: { camera: { id: string; source: string } } };
  if (type === 'start') misbehave(settings.camera.source, settings.camera.id);
});
pipe.on('data', (piece: Uint8Array) => reader.push(piece));
pipe.on('close', () => process.exit());

function misbehave(how: string, camera: string): void {
  const send = (message: object): void => void pipe.write(encodePacket(message));
  const flood = (bytes: Uint8Array): void => void pipe.write(bytes, () => flood(bytes));
  const beat = { type: 'heartbeat', heartbeat: HEARTBEAT };
  send({ type: 'ready', models: {} });
  setInterval(() => send(beat), 100);
  if (how === 'gibberish') send({ type: 'open the door' });
  if (how === 'garbage') pipe.write(GARBAGE);
  if (how === 'endless') flood(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), MEGABYTE]));
  if (how === 'clip out of turn') {
    const challenge = '0b9d2f0e-6a53-4d0e-9f0e-5a1c6a8f1c11';
    pipe.write(encodePacket({ type: 'clip', part: { camera, challenge, part: 1, parts: 2 } }, MEGABYTE));
  }
  if (how === 'no json') pipe.write(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0xfd]));
  if (how === 'flood') flood(encodePacket(beat));
  if (how === 'flood of pictures') flood(encodePacket({ type: 'crop', crop: { ...CROP, camera } }, PICTURE));
  if (how === 'stuck') send({ type: 'heartbeat', heartbeat: { ...HEARTBEAT, busyMs: 1001 } });
  if (how === 'quits') process.exit(7);
  // 'deaf' goes on and hears no "stop"
}
