import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { type RtspServer, startRtspServer } from '../rtsp/server.ts';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts';
import type { Member } from './cast.ts';
import { cut, FPS } from './stage.ts';

const MENSHEN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

export const USER = 'gate';
/** Of the demo's own camera, which lives on loopback for a minute. */
export const PASSWORD = 'demo p@ss:word/1';

export interface Stage {
  readonly camera: RtspServer;
  readonly cameraLog: string;
  readonly broker: Mosquitto;
  readonly subscriber: MqttClient;
}

/** Camera, broker and a subscriber, and the daemon's configuration in `folder`; `settings` is YAML put behind it; `fps` is the rate of the camera. */
export async function startStage(
  folder: string,
  film: string,
  cleanUp: (() => Promise<void> | void)[],
  settings = '',
  fps = FPS,
): Promise<Stage> {
  const cameraLog = join(folder, 'camera.log');
  const camera = await startRtspServer({
    file: film,
    fps,
    user: USER,
    password: PASSWORD,
    log: cameraLog,
  });
  cleanUp.push(() => camera.stop());
  const broker = await startMosquitto();
  cleanUp.push(() => broker.stop());
  const subscriber = await connectAsync(broker.url);
  cleanUp.push(() => subscriber.endAsync());
  await subscriber.subscribeAsync('menshen/#', { qos: 1 });
  writeFileSync(join(folder, 'menshen.yaml'), config(camera.url, broker.url) + settings);
  return { camera, cameraLog, broker, subscriber };
}

function config(camera: string, broker: string): string {
  return `gate:
  id: demo
  timezone: Asia/Shanghai
dataDir: data
access: { faceOnly: accepted }
cameras:
  - id: entrance
    source: ${camera}
    username: ${USER}
    password: { value: ${JSON.stringify(PASSWORD)} }
    door: front
    injection: alarm # the camera shows a film, from its beginning again with --keep
doors:
  - id: front
    relay: { line: { driver: simulated, line: 17 } }
    unlockMs: 3000
simulator:
  socket: gpio.sock
mqtt:
  url: ${broker}
`;
}

/** Enrols a person as an operator does: a photo and the command line. Gives what the command said. */
export async function enrol(folder: string, member: Member): Promise<string> {
  const photo = join(folder, `${member.name}.png`);
  writeFileSync(photo, await cut(member.enrolledFrom));
  const { stdout } = await run(process.execPath, [
    MENSHEN,
    'enroll',
    ...['--config', join(folder, 'menshen.yaml')],
    ...['--name', member.name, '--photo', photo, '--consent', 'local'],
  ]);
  return stdout.trim().split('\n').at(-1) ?? '';
}

export interface Daemon {
  readonly process: ChildProcess;
  /** How it ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts `menshen run`; its log goes to menshen.log in `folder`. `environment` is added to this process's own. */
export async function startDaemon(folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Daemon> {
  const daemon = spawn(
    process.execPath,
    ['--max-semi-space-size=2', MENSHEN, 'run', '--config', join(folder, 'menshen.yaml')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2', ...environment },
    },
  );
  daemon.stderr.pipe(createWriteStream(join(folder, 'menshen.log')));
  const ended = new Promise<string>((resolve) => {
    daemon.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    daemon.once('error', (error) => resolve(error.message));
  });
  const stop = async () => {
    daemon.kill('SIGTERM');
    const timer = setTimeout(() => daemon.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
  return { process: daemon, ended, stop };
}
