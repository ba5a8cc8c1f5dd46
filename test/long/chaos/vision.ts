import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 30;

/**
 * Holds the vision processes of a daemon as soon as they are there: with no camera they would do nothing but open
 * their networks, over and over. Gives the way to end that, and them.
 */
export function holdVision(daemon: number): () => void {
  const held = new Set<number>();
  const timer = setInterval(() => {
    for (const pid of children(daemon)) {
      // Not before it is bound to its parent's life.
      if (!held.has(pid) && /vision\/process\./.test(read(`/proc/${pid}/cmdline`).split('\0')[1] ?? '')) {
        held.add(pid);
        signal(pid, 'SIGSTOP');
      }
    }
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const pid of held) signal(pid, 'SIGKILL');
  };
}

function children(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
