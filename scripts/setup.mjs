#!/usr/bin/env node
// Brings whatever the demo, the tests and CI need and is not there yet; `npm run demo` and `npm test` begin with it.
// Needs root for missing Debian packages and the network (apt and npm) for what is missing; with everything
// there it works offline and says nothing. `--long` adds what only the long tests need.
import { systemPackages } from './setup/apt.mjs';
import { build, models } from './setup/build.mjs';
import { gpioMachine } from './setup/gpio-vm.mjs';
import { npmPackages, npmStale } from './setup/npm.mjs';
import { demoPictures } from './setup/pictures.mjs';
import { alone, SetupError } from './setup/tools.mjs';

const NODE = [20, 19];

async function setUp() {
  const stale = npmStale();
  await systemPackages({ compiler: stale, long: process.argv.includes('--long') });
  if (stale) await npmPackages();
  await build();
  await models();
  await demoPictures();
  if (process.argv.includes('--long')) await gpioMachine();
}

try {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE[0] || (major === NODE[0] && minor < NODE[1])) {
    throw new SetupError(
      `Menshen needs Node ${NODE.join('.')} or later; this is ${process.versions.node} (${process.execPath}).`,
    );
  }
  await alone(setUp);
} catch (error) {
  const told =
    error instanceof SetupError ||
    error.code === 'EACCES' ||
    error.code === 'ENOSPC' ||
    error.code === 'EROFS';
  console.error(`[set-up] ${told ? error.message : error.stack}`);
  process.exit(1);
}
