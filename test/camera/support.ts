import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type CameraOptions,
  type CameraSource,
  type CameraState,
  type Frame,
  type Integrity,
  openCamera,
} from '../../src/camera/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { type RtspServer, type RtspServerOptions, startRtspServer } from '../support/rtsp.ts';

type State = CameraState['state'];

/** A camera under test: its states are kept, and each can be waited for. */
export interface Watched {
  readonly id: string;
  readonly camera: CameraSource;
  readonly states: CameraState[];
  /** What was thought of the stream, one entry a change. */
  readonly integrity: Integrity[];
  /** The next state of this name from now on, or the present one. */
  until<S extends State>(state: S, timeoutMs?: number): Promise<Extract<CameraState, { state: S }>>;
  /** The next frame; fails at the end of the source or after `timeoutMs`. */
  frame(timeoutMs?: number): Promise<Frame>;
}

/** Opens and starts a camera with short limits. */
export function watchCamera(
  options: Partial<CameraOptions> & { source: string },
  log = createLogger('test', 'silent'),
  root = '/',
): Watched {
  const states: CameraState[] = [];
  const integrity: Integrity[] = [];
  const waiters = new Set<() => void>();
  const id = `test-${randomUUID().slice(0, 8)}`;
  const all = {
    id,
    stallMs: 1000,
    connectTimeoutMs: 5000,
    fps: 15,
    loop: true,

    ...options,
  };
  const camera = openCamera(
    all,
    (state) => {
      states.push(state);
      for (const wake of waiters) wake();
    },
    log,
    (report) => integrity.push(report),
    root,
  );
  let seen = 0;
  camera.start();
  return {
    id: all.id,
    camera,
    states,
    integrity,
    until: async (state, timeoutMs = 8000) => {
      const limit = Date.now() + timeoutMs;
      for (;;) {
        for (; seen < states.length; seen++) {
          const found = states[seen];
          if (isState(found, state)) return found;
        }
        if (Date.now() > limit) throw new Error(`no state ${state}; states: ${JSON.stringify(states)}`);
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiters.delete(wake);
            clearTimeout(timer);
            resolve();
          };
          const timer = setTimeout(wake, Math.max(1, limit - Date.now()));
          waiters.add(wake);
        });
      }
    },
    frame: async (timeoutMs = 8000) => {
      const frame = await withTimeout(
        camera.next(),
        timeoutMs,
        () => `no frame; states: ${JSON.stringify(states)}`,
      );
      if (frame === null) throw new Error('the source has ended');
      return frame;
    },
  };
}

function isState<S extends State>(
  found: CameraState | undefined,
  state: S,
): found is Extract<CameraState, { state: S }> {
  return found?.state === state;
}

export async function withTimeout<T>(promise: Promise<T>, ms: number, why: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(why())), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Processes that read the camera of this id, in /proc whatever their parent; none of them a zombie. */
export function ffmpegPids(id: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && cmdline(Number(name)).includes(`camera=${id}`))
    .map(Number);
}

/** The arguments of a process as anybody may read them; none for a zombie or when it is gone. */
export function cmdline(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The only ffmpeg of a camera. */
export function ffmpegPid(id: string): number {
  const [pid, ...more] = ffmpegPids(id);
  if (pid === undefined || more.length > 0)
    throw new Error(`camera ${id} has ${more.length + (pid ? 1 : 0)} ffmpeg processes`);
  return pid;
}

/** Everything a test starts, ended and checked for leftovers in the end. */
export class Stage {
  readonly #servers: RtspServer[] = [];
  readonly #cameras: Watched[] = [];

  async serve(options: RtspServerOptions): Promise<RtspServer> {
    const server = await startRtspServer(options);
    this.#servers.push(server);
    return server;
  }

  watch(...args: Parameters<typeof watchCamera>): Watched {
    const watched = watchCamera(...args);
    this.#cameras.push(watched);
    return watched;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#cameras.map(({ camera }) => camera.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
    const left = this.#cameras.flatMap(({ id }) => ffmpegPids(id));
    if (left.length > 0) throw new Error(`ffmpeg left running: ${left}`);
  }
}

/** A test body with a stage of its own, cleared whatever happens. */
export function staged(body: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    const stage = new Stage();
    try {
      await body(stage);
    } finally {
      await stage.clear();
    }
  };
}

/** True once the process is gone for good (a zombie counts as there). */
export function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`);
}

export async function eventually(check: () => boolean, timeoutMs = 3000): Promise<void> {
  const limit = Date.now() + timeoutMs;
  while (!check()) {
    if (Date.now() > limit) throw new Error('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
