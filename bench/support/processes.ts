import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc a second, on every Linux there is. */
const TICK_MS = 10;

/** CPU time a process has used, its threads included, ms. */
export function cpuMs(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** CPU time this process has used, its threads included, ms. Unlike the clock it does not count what others took. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What follows the name in /proc/PID/stat, from the state on. */
function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
}

/** The descendants of a process. */
export function familyOf(ancestor: number): { readonly pid: number; readonly command: string }[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent: Number(statOf(Number(name))[1]), command }];
      } catch {
        return []; // ended meanwhile
      }
    });
  const below = (parent: number): { pid: number; command: string }[] =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)]);
  return below(ancestor);
}

/** Memory of a process alone, and what it has in common with others (programs and libraries), bytes. */
export function memoryOf(pid: number): { readonly own: number; readonly common: number } {
  const kib = { Private: 0, Shared: 0 };
  for (const [, kind, size] of readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(
    /^(Private|Shared)_(?:Clean|Dirty): +(\d+) kB$/gm,
  ))
    kib[kind === 'Private' ? 'Private' : 'Shared'] += Number(size);
  return { own: kib.Private * 1024, common: kib.Shared * 1024 };
}
