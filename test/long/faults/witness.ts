import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../src/common/index.ts';

const LOOK_EVERY_MS = 100;

export type Role = 'gate' | 'vision' | 'ffmpeg' | 'other';

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** Start time in clock ticks: with the pid it names a process for ever. */
  readonly started: string;
}

export interface Seen {
  readonly pid: number;
  readonly started: string;
  role: Role;
  zombieSince: number | null;
}

/**
 * Watches a daemon and all that comes of it, several times a second, through /proc. Whoever was once seen below the
 * daemon stays under watch, also when its parent is gone and init has it.
 */
export class Witness {
  /** The most ffmpeg processes that ran at the same time. */
  mostFfmpeg = 0;
  /** The longest that a process below the daemon lay unburied, ms. */
  longestZombieMs = 0;
  readonly #root: number;
  readonly #seen = new Map<string, Seen>();
  readonly #timer: NodeJS.Timeout;

  constructor(root: number | undefined) {
    if (root === undefined) {
      throw new Error('there is no process to watch');
    }
    this.#root = root;
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  look(): void {
    const now = monotonicMs();
    const all = new Map(stats().map((stat) => [stat.pid, stat]));
    for (const stat of all.values()) {
      if (this.#isBelow(stat, all)) {
        this.#seen.set(`${stat.pid} ${stat.started}`, {
          pid: stat.pid,
          started: stat.started,
          role: 'other',
          zombieSince: null,
          ...this.#seen.get(`${stat.pid} ${stat.started}`),
        });
      }
    }
    const alive = this.#alive(all);
    for (const one of alive) {
      one.role = roleOf(one.pid) ?? one.role;
    }
    this.mostFfmpeg = Math.max(this.mostFfmpeg, alive.filter(({ role }) => role === 'ffmpeg').length);
    this.#countZombies(all, now);
  }

  /** Those below the daemon that run now. */
  running(role?: Role): Seen[] {
    this.look();
    return this.#alive(new Map(stats().map((stat) => [stat.pid, stat]))).filter(
      (one) => role === undefined || one.role === role,
    );
  }

  /** The one process of this role, waiting until it is there. */
  async find(role: Role, withinMs = 20_000): Promise<number> {
    const end = monotonicMs() + withinMs;
    for (;;) {
      const [one] = this.running(role);
      if (one !== undefined) {
        return one.pid;
      }
      if (monotonicMs() > end) {
        throw new Error(`no ${role} below process ${this.#root} within ${withinMs} ms`);
      }
      await sleep(20);
    }
  }

  /** Milliseconds until the last of these is gone; throws with what is left after `withinMs`. */
  async buried(wanted: readonly Seen[], withinMs: number): Promise<number> {
    const begun = monotonicMs();
    for (;;) {
      const now = new Map(stats().map((stat) => [stat.pid, stat]));
      const left = wanted.filter((one) => isAlive(one, now));
      const took = monotonicMs() - begun;
      if (left.length === 0) {
        return took;
      }
      if (took > withinMs) {
        throw new Error(
          `left over after ${withinMs} ms: ${left.map(({ pid, role }) => `${role} ${pid}`).join(', ')}`,
        );
      }
      await sleep(10);
    }
  }

  /** Everybody ever seen below the daemon. */
  everybody(): Seen[] {
    return [...this.#seen.values()];
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #isBelow(stat: Stat, all: ReadonlyMap<number, Stat>): boolean {
    for (let parent = stat.parent; parent > 1; parent = all.get(parent)?.parent ?? 0) {
      if (parent === this.#root) {
        return true;
      }
    }
    return false;
  }

  #alive(all: ReadonlyMap<number, Stat>): Seen[] {
    return [...this.#seen.values()].filter((one) => isAlive(one, all));
  }

  #countZombies(all: ReadonlyMap<number, Stat>, now: number): void {
    for (const one of this.#seen.values()) {
      const stat = all.get(one.pid);
      const isZombie = stat?.started === one.started && stat.state === 'Z' && this.#isBelow(stat, all);
      one.zombieSince = isZombie ? (one.zombieSince ?? now) : null;
      if (one.zombieSince !== null) {
        this.longestZombieMs = Math.max(this.longestZombieMs, now - one.zombieSince);
      }
    }
  }
}

/** Resident memory of a process, MiB. */
export function rssMiB(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function isAlive(one: Seen, all: ReadonlyMap<number, Stat>): boolean {
  const stat = all.get(one.pid);
  return stat?.started === one.started && stat.state !== 'Z';
}

function roleOf(pid: number): Role | null {
  const args = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
  if (/ffmpeg .*camera=/.test(args)) {
    return 'ffmpeg';
  }
  if (/^menshen vision|vision\/process\./.test(args)) {
    return 'vision';
  }
  return args.includes(' run --config ') ? 'gate' : null;
}

function stats(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = read(`/proc/${name}/stat`);
      // The command, in brackets, may hold spaces and brackets itself.
      const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields === undefined
        ? []
        : [{ pid: Number(name), state: fields[0], parent: Number(fields[1]), started: fields[19] }];
    });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
