import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A chip in sysfs. `names`: those of its character devices, which its label need not be. */
interface Chip {
  readonly label: string;
  readonly base: number;
  readonly lines: number;
  readonly names: readonly string[];
}

/**
 * The number that sysfs gives to a line of a chip: base plus offset. The base is read anew each time, since it
 * depends on the order in which chips appear and, since Linux 6.6, begins at 512.
 * @param wanted label of the chip, or the name of its character device
 * @throws Error that says what to do, when no chip or several fit
 */
export function sysfsNumber(sysfs: string, wanted: string, offset: number): number {
  const chips = readdirSync(sysfs)

    .filter((entry) => DEVICE.test(entry))
    .map((entry) => readChip(join(sysfs, entry)));
  const fitting = chips.filter(({ label, names }) => label === wanted || names.includes(wanted));
  const [chip] = fitting;
  if (chip === undefined) {
    const known = chips.map(({ label }) => label).join(', ') || 'none';
    throw new Error(`there is no chip ${wanted}; those of this machine are: ${known}`);
  }
  if (fitting.length > 1) {
    const bases = fitting.map(({ base }) => base).join(' and ');
    throw new Error(
      `several chips are called ${wanted} (bases ${bases}); give \`line\`, base plus offset, instead`,
    );
  }
  if (offset >= chip.lines) throw new Error(`chip ${wanted} has lines 0 to ${chip.lines - 1}, not ${offset}`);
  return chip.base + offset;
}

function readChip(folder: string): Chip {
  const text = (file: string) => readFileSync(join(folder, file), 'utf8').trim();
  return {
    label: text('label'),
    base: Number(text('base')),
    lines: Number(text('ngpio')),
    names: deviceNames(join(folder, 'device')),
  };
}

const DEVICE = /^gpiochip\d+$/;

/**
 * The sysfs chip hangs on the character device itself, or beside it on the device that both belong to; with
 * several on one device nobody can tell whose is whose.
 */
function deviceNames(device: string): string[] {
  if (!existsSync(device)) return [];
  const own = basename(realpathSync(device));
  if (DEVICE.test(own)) return [own];
  const names = readdirSync(device).filter((entry) => DEVICE.test(entry));
  return names.length === 1 ? names : [];
}
