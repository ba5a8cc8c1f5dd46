import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CheckResult } from './checks.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MACHINE = join(ROOT, '.cache/gpio-vm');
const GUEST = join(MACHINE, 'guest');
/** Kernel, Node and Python start under an emulator; the whole takes half a minute on two quiet cores. */
const LONGEST_MS = 600_000;

/** Why the machine cannot be had here; null where it can. */
export function noMachine(): string | null {
  if (process.arch !== 'x64') return `QEMU would have to run programs for ${process.arch}`;
  if (!existsSync(join(MACHINE, 'version'))) return 'its kernel is not built: node scripts/setup.mjs --long';
  const probe = spawnSync('qemu-system-x86_64', ['--version']);
  return probe.status === 0 ? null : 'qemu-system-x86_64 cannot be run';
}

/** Boots the machine, runs guest.ts in it, and gives what it told, with the log of the kernel. */
export async function runGuest(): Promise<{ results: CheckResult[]; console: string; ms: number }> {
  compileGuest();
  const scratch = mkdtempSync(join(tmpdir(), 'menshen-gpio-'));
  try {
    const log = join(scratch, 'console.log');
    const script = join(GUEST, 'test/long/gpio/guest.js');
    const gate = join(GUEST, 'test/door/fixtures/gate-process.js');
    const begun = performance.now();
    const results = await boot(initramfs(scratch, `exec '${process.execPath}' '${script}' '${gate}'`), log);
    return { results, console: readFileSync(log, 'utf8'), ms: performance.now() - begun };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The guest has no time to compile for itself. */
function compileGuest(): void {
  rmSync(GUEST, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(import.meta.dirname, 'tsconfig.json')], {
    stdio: 'inherit',
  });
  copyFileSync(join(ROOT, 'package.json'), join(GUEST, 'package.json'));
  copyFileSync(join(ROOT, 'src/door/gpio/hold_line.py'), join(GUEST, 'src/door/gpio/hold_line.py'));
}

function initramfs(scratch: string, command: string): string {
  const root = join(scratch, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'modules'));
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const file of readdirSync(MACHINE).filter((name) => name.endsWith('.ko'))) {
    copyFileSync(join(MACHINE, file), join(root, 'modules', file));
  }
  copyFileSync(join(import.meta.dirname, 'init.sh'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  writeFileSync(join(root, 'command'), command);
  const archive = join(scratch, 'initramfs');
  execFileSync('sh', ['-c', 'cd "$1" && find . | busybox cpio -o -H newc > "$2"', 'sh', root, archive], {
    stdio: 'ignore',
  });
  return archive;
}

/** The first serial line is the kernel's console, the second what the guest tells. */
async function boot(archive: string, log: string): Promise<CheckResult[]> {
  const machine = ['-M', 'q35,accel=tcg', '-cpu', 'max,-avx512f', '-m', '768', '-smp', '2'];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'];
  const kernel = [
    '-kernel',
    join(MACHINE, 'vmlinuz'),
    '-initrd',
    archive,
    '-append',
    'console=ttyS0 quiet panic=-1',
  ];
  const serial = ['-serial', `file:${log}`, '-serial', 'stdio'];
  const files = ['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'];
  const qemu = spawn('qemu-system-x86_64', [...machine, ...bare, ...kernel, ...serial, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const late = setTimeout(() => qemu.kill('SIGKILL'), LONGEST_MS);
  const results: CheckResult[] = [];
  for await (const line of createInterface({ input: qemu.stdout })) {
    const text = line.trim();
    if (text.startsWith('CHECK ')) results.push(JSON.parse(text.slice('CHECK '.length)));
    else if (text !== '') console.log(`guest: ${text}`);
  }
  clearTimeout(late);
  return results;
}
