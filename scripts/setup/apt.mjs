// Step 1: what the system must bring.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { onPath, outputOf, run, SetupError, step } from './tools.mjs';

/** A program that does the same may come from elsewhere; without `program` only Debian's package will do. */
const NEEDS = [
  { package: 'ffmpeg', program: 'ffmpeg' },
  { package: 'mosquitto', program: 'mosquitto' },
  // The RTSP camera of demo and tests: server, parser (bad), payloader (good), appsrc (base).
  { package: 'python3-gi' },
  { package: 'gir1.2-gst-rtsp-server-1.0' },
  { package: 'gstreamer1.0-plugins-base' },
  { package: 'gstreamer1.0-plugins-good' },
  { package: 'gstreamer1.0-plugins-bad' },
  // What Home Assistant is told is rendered as it renders it.
  { package: 'python3-jinja2' },
];
/**
 * BouncyCastle is the counterpart that the cloud's encrypted interface is proven against; Chromium looks at the page
 * at the doors; a small library in C makes a disk slow, or writes down what is done to it.
 */
const LONG_TESTS = [
  { package: 'gcc', program: 'gcc' },
  { package: 'libc6-dev' },
  { package: 'default-jdk-headless', program: 'javac' },
  { package: 'libbcprov-java' },
  { package: 'chromium', program: 'chromium' },
];
/** GPIO lines of a real kernel are tried in a virtual machine, whose kernel module is built here; libgpiod drives them. */
const VIRTUAL_MACHINE = [
  { package: 'qemu-system-x86', program: 'qemu-system-x86_64' },
  { package: 'busybox-static' },
  { package: 'linux-headers-amd64' },
  { package: 'linux-source' },
  { package: 'make', program: 'make' },
  { package: 'xz-utils', program: 'xz' },
  { package: 'python3-libgpiod' },
];
/** better-sqlite3 and epoll are compiled where npm has no binary for them. */
const COMPILER = [
  { package: 'g++', program: 'g++' },
  { package: 'make', program: 'make' },
  { package: 'python3', program: 'python3' },
];

/** @param {{ compiler: boolean, long?: boolean }} options whether npm packages will be compiled, and long tests run */
export async function systemPackages({ compiler, long = false }) {
  const longTests = process.arch === 'x64' ? [...LONG_TESTS, ...VIRTUAL_MACHINE] : LONG_TESTS;
  const needs = [...NEEDS, ...(compiler ? COMPILER : []), ...(long ? longTests : [])];
  const candidates = needs.filter((need) => need.program === undefined || !onPath(need.program));
  const present = installedPackages(candidates.map((need) => need.package));
  const missing = candidates.map((need) => need.package).filter((name) => !present.has(name));
  if (missing.length === 0) return;

  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const byHand = `apt-get update && apt-get ${install.join(' ')}`;
  if (!onPath('apt-get')) {
    throw new SetupError(
      `These Debian packages, or what corresponds to them here, are missing: ${missing.join(', ')}`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `System packages are missing. Install them as root and start again:\n  sudo sh -c '${byHand}'`,
    );
  }
  await step(`apt: ${missing.join(', ')}`, () => aptInstall(install, byHand));
}

/** @param {readonly string[]} names */
function installedPackages(names) {
  if (names.length === 0) return new Set();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const lines = outputOf('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\\n', ...names]).split(
    '\n',
  );
  return new Set(
    lines.filter((line) => line.startsWith('installed ')).map((line) => line.slice('installed '.length)),
  );
}

/**
 * Installs without starting services: the demo and the tests start brokers of their own, on free ports.
 * @param {readonly string[]} install
 * @param {string} byHand
 */
async function aptInstall(install, byHand) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const options = {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    hint: `Is the Debian mirror reachable? To see more, run:\n  ${byHand}`,
  };
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await run('apt-get', [...wait, 'update'], options);
    await run('apt-get', [...wait, ...install], options);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}
