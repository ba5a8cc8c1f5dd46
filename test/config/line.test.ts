import { describe, expect, it } from 'vitest';
import {
  describeLine,
  InputLineSchema,
  lineKey,
  type OutputLineConfig,
  OutputLineSchema,
} from '../../src/config/schema/line.ts';

const output = (line: object): OutputLineConfig => OutputLineSchema.parse(line);

describe('a line', () => {
  it.each([
    [{ driver: 'gpiod', name: 'GPIO17' }, 'gpiod line "GPIO17"'],
    [{ driver: 'gpiod', chip: 'gpiochip0', name: 'GPIO17' }, 'gpiod gpiochip0 line "GPIO17"'],
    [{ driver: 'gpiod', chip: 'pinctrl-rp1', offset: 17 }, 'gpiod pinctrl-rp1 line 17'],
    [{ driver: 'onoff', line: 529 }, 'onoff line 529'],
    [{ driver: 'onoff', chip: 'pinctrl-bcm2711', offset: 17 }, 'onoff pinctrl-bcm2711 line 17'],
    [{ driver: 'exec', high: ['relay', 'secret'], low: ['relay', '0'] }, 'exec relay'],
    [{ driver: 'modbus', host: '192.0.2.20', coil: 3 }, 'modbus 192.0.2.20:502 unit 1 coil 3'],
    [{ driver: 'simulated', line: 17 }, 'simulated line 17'],
  ])('%j is told as %s', (line, told) => {
    expect(describeLine(output(line))).toBe(told);
  });

  it.each([
    [{ driver: 'gpiod' }, 'give either the name of the line or its offset'],
    [{ driver: 'gpiod', chip: 'c', name: 'a', offset: 1 }, 'give either the name of the line or its offset'],
    [{ driver: 'gpiod', offset: 17 }, 'an offset needs the chip it counts in'],
    [{ driver: 'onoff' }, 'give either line, or chip and offset'],
    [{ driver: 'onoff', line: 17, offset: 17 }, 'give either line, or chip and offset'],
    [{ driver: 'onoff', chip: 'c' }, 'give either line, or chip and offset'],
    [{ driver: 'exec', high: [''], low: ['off'] }, 'begins with the program'],
    [{ driver: 'exec', high: ['on', 'a\0b'], low: ['off'] }, 'must not contain a zero byte'],
  ])('%j is refused: %s', (line, why) => {
    const { error } = OutputLineSchema.safeParse(line);
    expect(error?.issues.map(({ message }) => message)).toEqual([why]);
  });

  it('of a relay takes no command that reads, and an input none that switches', () => {
    expect(OutputLineSchema.safeParse({ driver: 'exec', read: ['sense'] }).success).toBe(false);
    expect(InputLineSchema.safeParse({ driver: 'exec', high: ['on'], low: ['off'] }).success).toBe(false);
    expect(OutputLineSchema.safeParse({ driver: 'modbus', host: 'board', input: 1 }).success).toBe(false);
    expect(InputLineSchema.safeParse({ driver: 'modbus', host: 'board', coil: 1 }).success).toBe(false);
  });

  it('is the same as another by what it names, commands with their arguments', () => {
    const relay = (number: string) =>
      lineKey(output({ driver: 'exec', high: ['relay', number], low: ['relay', '0'] }));
    expect(relay('1')).toBe(relay('1'));
    expect(relay('1')).not.toBe(relay('2'));
    expect(lineKey(output({ driver: 'modbus', host: 'b', coil: 1 }))).not.toBe(
      lineKey(InputLineSchema.parse({ driver: 'modbus', host: 'b', input: 1 })),
    );
  });
});
