// Step 6, for the long tests: a kernel with GPIO lines that can be tried, Debian's own with the kernel's simulator.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { CACHE, outputOf, run, SetupError, step } from './tools.mjs';

const FOLDER = join(CACHE, 'gpio-vm');
/** What the guest needs to see the host's files (9p over virtio), in the order of loading. */
const MODULES = [
  'configfs',
  'virtio_ring',
  'virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'netfs',
  'fscache',
  '9pnet',
  '9pnet_virtio',
  '9p',
];
/** Debian builds its kernel without the GPIO simulator, and without the simulated interrupts that it needs. */
const SOURCES = ['drivers/gpio/gpio-sim.c', 'drivers/gpio/gpiolib.h', 'kernel/irq/irq_sim.c'];

/** Brings .cache/gpio-vm: vmlinuz, the modules numbered in the order of loading, and `version`. */
export async function gpioMachine() {
  if (process.arch !== 'x64') return;
  const version = kernelVersion();
  if (version === undefined) {
    throw new SetupError('The headers of the kernel are missing: apt-get install linux-headers-amd64');
  }
  if (existsSync(join(FOLDER, 'version')) && readFileSync(join(FOLDER, 'version'), 'utf8') === version)
    return;
  await step(`kernel ${version} with simulated GPIO lines`, async () => {
    mkdirSync(CACHE, { recursive: true });
    const scratch = mkdtempSync(join(CACHE, 'kernel-'));
    try {
      await unpackKernel(version, scratch);
      await buildSimulator(version, scratch);
      rmSync(FOLDER, { recursive: true, force: true });
      mkdirSync(FOLDER);
      collect(version, scratch);
      writeFileSync(join(FOLDER, 'version'), version);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

/** The newest of the kernels whose headers are installed: "6.1.0-56-amd64". */
function kernelVersion() {
  return readdirSync('/usr/src')
    .flatMap((name) => /^linux-headers-(\d[\d.-]*-amd64)$/.exec(name)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}

/**
 * Unpacks Debian's kernel without installing it.
 * @param {string} version
 * @param {string} scratch
 */
async function unpackKernel(version, scratch) {
  await run('apt-get', ['download', `linux-image-${version}`], {
    cwd: scratch,
    hint: 'Is the Debian mirror reachable?',
  });
  const [deb = ''] = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
  await run('dpkg-deb', ['-x', join(scratch, deb), join(scratch, 'image')]);
}

/**
 * @param {string} version
 * @param {string} scratch
 */
async function buildSimulator(version, scratch) {
  const release = version.split('.').slice(0, 2).join('.');
  const folder = join(scratch, 'simulator');
  mkdirSync(folder);
  const names = SOURCES.map((path) => `linux-source-${release}/${path}`);
  await run('tar', ['-xJf', `/usr/src/linux-source-${release}.tar.xz`, '-C', scratch, ...names], {
    hint: `Is linux-source-${release} installed?`,
  });
  for (const path of SOURCES) {
    const text = readFileSync(join(scratch, `linux-source-${release}`, path), 'utf8');
    // irq_to_desc is not exported to modules; generic_handle_irq does the same and is.
    const changed = text.replace('handle_simple_irq(irq_to_desc(irqnum))', 'generic_handle_irq(irqnum)');
    writeFileSync(join(folder, basename(path)), changed);
  }
  writeFileSync(join(folder, 'Makefile'), 'obj-m := gpiosim.o\ngpiosim-y := gpio-sim.o irq_sim.o\n');
  await run('make', ['-C', `/usr/src/linux-headers-${version}`, `M=${folder}`, 'modules']);
}

/**
 * @param {string} version
 * @param {string} scratch
 */
function collect(version, scratch) {
  const image = join(scratch, 'image');
  copyFileSync(join(image, `boot/vmlinuz-${version}`), join(FOLDER, 'vmlinuz'));
  const built = join(image, 'lib/modules', version);
  const files = outputOf('find', [built, '-name', '*.ko']).split('\n');
  for (const [index, name] of MODULES.entries()) {
    const file = files.find((path) => basename(path) === `${name}.ko`);
    if (file === undefined) throw new SetupError(`The kernel ${version} has no module ${name}.`);
    copyFileSync(file, join(FOLDER, `${String(index).padStart(2, '0')}-${name}.ko`));
  }
  copyFileSync(join(scratch, 'simulator/gpiosim.ko'), join(FOLDER, `${MODULES.length}-gpiosim.ko`));
}
