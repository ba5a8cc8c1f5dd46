import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Level } from '../../../src/door/index.ts';

const CONFIG = '/sys/kernel/config/gpio-sim';

/** A chip of the kernel's simulator, and the side of it where a relay or a button would be. */
export class SimChip {
  /** Name of the character device. */
  readonly name: string;
  readonly label: string;
  readonly #lines: string;

  /** `names`: those of the lines, from 0 on. */
  constructor(label: string, lines: number, names: readonly string[]) {
    const device = join(CONFIG, label);
    const bank = join(device, 'bank0');
    mkdirSync(bank, { recursive: true });
    writeFileSync(join(bank, 'num_lines'), String(lines));
    writeFileSync(join(bank, 'label'), label);
    for (const [offset, name] of names.entries()) {
      mkdirSync(join(bank, `line${offset}`));
      writeFileSync(join(bank, `line${offset}`, 'name'), name);
    }
    writeFileSync(join(device, 'live'), '1');
    this.label = label;
    this.name = readFileSync(join(bank, 'chip_name'), 'utf8').trim();
    const platform = readFileSync(join(device, 'dev_name'), 'utf8').trim();
    this.#lines = join('/sys/devices/platform', platform, this.name);
  }

  /** What a voltmeter on the line shows. */
  level(offset: number): Level {
    return this.#read(offset, 'value') === '1' ? 1 : 0;
  }

  pull(offset: number): string {
    return this.#read(offset, 'pull');
  }

  /** A contact, a button, or a resistor of the board. */
  set(offset: number, level: Level): void {
    writeFileSync(join(this.#lines, `sim_gpio${offset}`, 'pull'), level === 1 ? 'pull-up' : 'pull-down');
  }

  /** Base of the chip in sysfs, as a person finds it. */
  base(): number {
    const root = '/sys/class/gpio';
    const own = readdirSync(root).find(
      (entry) =>
        /^gpiochip\d+$/.test(entry) && readFileSync(join(root, entry, 'label'), 'utf8').trim() === this.label,
    );
    return Number(own?.replace('gpiochip', ''));
  }

  #read(offset: number, file: string): string {
    return readFileSync(join(this.#lines, `sim_gpio${offset}`, file), 'utf8').trim();
  }
}
