/**
 * The vision process of one camera: entry of the child that `VisionHost` starts. It is the only process that loads
 * ONNX Runtime and decodes video, so that a crash, a hang or a leak of either stays here. It lives exactly as long as
 * its pipe to the gate process: signals meant for the gate are left to the gate, and when the pipe closes,
 * however the gate died, this process and its ffmpeg go too.
 *
 * ONNX Runtime for Node runs a network inside setImmediate, on this thread: the event loop stands still for one
 * network (some milliseconds), not for a frame, and reads the camera's pipe between two networks. Capture times do
 * not suffer from it, because the camera room takes them from the stream.
 */
import { Socket } from 'node:net';
import { createLogger, ERRORS, type ErrorCode, MenshenError, messageOf } from '../common/index.ts';
import { parseToVision } from './codec.ts';
import type { ToVision, VisionSettings } from './messages.ts';
import { type Packet, PacketReader, PIPE_FD } from './packet.ts';
import { Uplink } from './uplink.ts';
import { Watcher } from './watcher.ts';

/** At least four signs of life within the time after which the gate gives this process up. */
const BEAT_MS = 1000;
const BEATS_PER_HANG = 4;
/** Time for the camera to end its ffmpeg; afterwards the kernel does, since ffmpeg is bound to this process. */
const STOP_MS = 1000;

const pipe = new Socket({ fd: PIPE_FD });
const uplink = new Uplink(pipe);
const watcher = new Watcher(uplink);
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('uncaughtException', (error) => void fail(error));
const reader = new PacketReader(receive);
pipe.on('data', (piece: Uint8Array) => reader.push(piece));
pipe.on('error', () => {}); // it closes then
pipe.on('close', () => void stop());

function receive(packet: Packet): void {
  const parsed = parseToVision(packet);
  if ('problem' in parsed) {
    void fail(new MenshenError('INTERNAL', `The gate process sent what is no message: ${parsed.problem}`));
  } else {
    obey(parsed);
  }
}

function obey(message: ToVision): void {
  if (message.type === 'start') void start(message.settings);
  else if (message.type === 'look') watcher.look();
  else if (message.type === 'settle') watcher.settle(message.track, message.until);
  else if (message.type === 'resume') watcher.resume(message.track);
  else if (message.type === 'challenge') watcher.challenge(message.order);
  else if (message.type === 'snapshot') watcher.snapshot(message.request);
  else if (message.type === 'cancel') watcher.cancel(message.challenge);
  else if (message.type === 'picture') watcher.picture(message.track);
  else void stop();
}

async function start(settings: VisionSettings): Promise<void> {
  process.title = `menshen vision ${settings.camera.id}`;
  const period = Math.min(BEAT_MS, settings.vision.hangMs / BEATS_PER_HANG);
  const beat = (): void => void uplink.send({ type: 'heartbeat', heartbeat: watcher.beat() });
  setInterval(beat, period);
  beat();
  try {
    await watcher.run(settings, createLogger('vision', settings.logLevel));
  } catch (error) {
    await fail(error);
  }
}

async function fail(error: unknown): Promise<never> {
  const code: ErrorCode =
    error instanceof MenshenError && Object.hasOwn(ERRORS, error.code) ? error.code : 'VISION_FAILED';
  await Promise.race([
    uplink.send({ type: 'failed', code, message: messageOf(error).slice(0, 1000) }),
    delay(),
  ]);
  return stop(1);
}

async function stop(exitCode = 0): Promise<never> {
  if (!stopping) {
    stopping = true;
    await Promise.race([watcher.stop(), delay()]);
  }
  process.exit(exitCode);
}

function delay(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, STOP_MS));
}
