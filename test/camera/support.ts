import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type CameraOptions,
  type CameraSource,
  type CameraState,
  type Frame,
  openCamera,
} from '../../src/camera/index.ts';
import { createLogger } from '../../src/common/index.ts';

type State = CameraState['state'];

/** A camera under test: its states are kept, and each can be waited for. */
export interface Watched {
  readonly camera: CameraSource;
  readonly states: CameraState[];
  /** The next state of this name from now on, or the present one. */
  until<S extends State>(state: S, timeoutMs?: number): Promise<Extract<CameraState, { state: S }>>;
  /** The next frame; fails at the end of the source or after `timeoutMs`. */
  frame(timeoutMs?: number): Promise<Frame>;
}

/** Opens and starts a camera with short limits. */
export function watchCamera(
  options: Partial<CameraOptions> & { source: string },
  log = createLogger('test', 'silent'),
): Watched {
  const states: CameraState[] = [];
  const waiters = new Set<() => void>();
  const all = { id: 'cam', stallMs: 1000, connectTimeoutMs: 5000, fps: 15, loop: true, ...options };
  const camera = openCamera(
    all,
    (state) => {
      states.push(state);
      for (const wake of waiters) wake();
    },
    log,
  );
  let seen = 0;
  camera.start();
  return {
    camera,
    states,
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

/** Living processes (no zombies) that are ffmpeg reading from a descriptor, children of `parent` if given. */
export function ffmpegPids(parent?: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = readStat(pid);
      return (
        stat !== null &&
        stat.name === 'ffmpeg' &&
        stat.state !== 'Z' &&
        (parent === undefined || stat.parent === parent)
      );
    });
}

/** Name, state and parent of a process, or null when there is none. */
export function readStat(pid: number): { name: string; state: string; parent: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const match = /^\d+ \((.*)\) (\S) (\d+)/s.exec(text);
    return match === null ? null : { name: match[1] ?? '', state: match[2] ?? '', parent: Number(match[3]) };
  } catch {
    return null;
  }
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
