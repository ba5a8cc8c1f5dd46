import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sysfsNumber } from '../../src/door/gpio/sysfs-chips.ts';
import { scratch } from './bench.ts';

/** As the kernel lays it out: the class links to chips, and `device` to the parent, which has the character devices. */
function sysfs(
  chips: readonly { base: number; label: string; lines: number; parent: string; device?: string }[],
) {
  const root = scratch();
  const classFolder = join(root, 'class');
  mkdirSync(classFolder);
  for (const { base, label, lines, parent, device } of chips) {
    const chip = join(root, parent, 'gpio', `gpiochip${base}`);
    mkdirSync(chip, { recursive: true });
    if (device !== undefined) mkdirSync(join(root, parent, device), { recursive: true });
    for (const [file, text] of Object.entries({ base, label, ngpio: lines })) {
      writeFileSync(join(chip, file), `${text}\n`);
    }
    symlinkSync(join(root, parent), join(chip, 'device'));
    symlinkSync(chip, join(classFolder, `gpiochip${base}`));
  }
  writeFileSync(join(classFolder, 'export'), '');
  mkdirSync(join(classFolder, 'gpio529'));
  return classFolder;
}

describe('the number of a line in sysfs', () => {
  const raspberryPi = () =>
    sysfs([
      { base: 512, label: 'pinctrl-bcm2711', lines: 58, parent: 'fe200000.gpio', device: 'gpiochip0' },
      { base: 570, label: 'raspberrypi-exp-gpio', lines: 8, parent: 'expgpio', device: 'gpiochip1' },
    ]);

  it('is the base of the chip, found by label or by name of the character device, plus the offset', () => {
    const pi = raspberryPi();
    expect(sysfsNumber(pi, 'pinctrl-bcm2711', 17)).toBe(529);
    expect(sysfsNumber(pi, 'gpiochip0', 17)).toBe(529);
    expect(sysfsNumber(pi, 'gpiochip1', 7)).toBe(577);
  });

  it('follows the chip from kernel to kernel', () => {
    const before = sysfs([{ base: 0, label: 'pinctrl-bcm2711', lines: 58, parent: 'fe200000.gpio' }]);
    expect(sysfsNumber(before, 'pinctrl-bcm2711', 17)).toBe(17);
  });

  it('is found when the chip hangs on its character device itself', () => {
    const sim = sysfs([{ base: 992, label: 'sim', lines: 8, parent: 'gpiochip4' }]);
    expect(sysfsNumber(sim, 'gpiochip4', 3)).toBe(995);
  });

  it('is refused where the chip is missing, too small, or not the only one', () => {
    const pi = raspberryPi();
    expect(() => sysfsNumber(pi, 'pinctrl-rp1', 17)).toThrow(
      'there is no chip pinctrl-rp1; those of this machine are: pinctrl-bcm2711, raspberrypi-exp-gpio',
    );
    expect(() => sysfsNumber(pi, 'raspberrypi-exp-gpio', 8)).toThrow('has lines 0 to 7, not 8');
    const twice = sysfs([
      { base: 512, label: 'tca6408', lines: 8, parent: 'i2c-1', device: 'gpiochip2' },
      { base: 520, label: 'tca6408', lines: 8, parent: 'i2c-1', device: 'gpiochip3' },
    ]);
    expect(() => sysfsNumber(twice, 'tca6408', 1)).toThrow(
      'several chips are called tca6408 (bases 512 and 520)',
    );
    // Both devices belong to the one parent: neither name says which chip is meant.
    expect(() => sysfsNumber(twice, 'gpiochip2', 1)).toThrow('there is no chip gpiochip2');
  });
});
