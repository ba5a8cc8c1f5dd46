import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly args: string;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,state=,args=', 'ww']);
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    return match === null
      ? []
      : [{ pid: Number(match[1]), parent: Number(match[2]), state: match[3], args: match[4] }];
  });
}

/** Children, their children and so on. */
export async function descendants(pid: number): Promise<Process[]> {
  const all = await processes();
  const found: Process[] = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const children = all.filter((one) => parents.has(one.parent));
    found.push(...children);
    parents = new Set(children.map((one) => one.pid));
  }
  return found;
}

/** Which of these still run after the time given; zombies waiting for init count as gone, processes with a reused number as well. */
export async function gone(wanted: readonly Process[], withinMs: number): Promise<Process[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const now = new Map((await processes()).map((one) => [one.pid, one]));
    const left = wanted.filter(({ pid, args }) => now.get(pid)?.args === args && now.get(pid)?.state !== 'Z');
    if (left.length === 0 || Date.now() > end) {
      return left;
    }
    await sleep(50);
  }
}
