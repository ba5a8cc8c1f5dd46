import { z } from 'zod';
import { milliseconds } from './common.ts';

/** The kernel's lines have gone up from 512 since Linux 6.6; no board comes near this many. */
const MAX_LINE = 65_535;
const number = z.number().int().min(0).max(MAX_LINE);
const chip = z
  .string()
  .regex(
    /^[\w.:@+-]{1,63}$/,
    'use the name or the label of a GPIO chip, such as gpiochip0 or pinctrl-bcm2711',
  );

const GpiodLineSchema = z
  .strictObject({
    driver: z.literal('gpiod').describe('The character device (/dev/gpiochipN), through libgpiod'),
    chip: chip
      .optional()
      .describe('Name (`gpiochip0`) or label (`pinctrl-bcm2711`) of the chip; may be left out with `name`'),
    name: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe('Name of the line, as `gpioinfo` shows it (`GPIO17`); instead of `offset`'),
    offset: number
      .optional()
      .describe('Number of the line within its chip (the BCM number on a Raspberry Pi); needs `chip`'),
    bias: z
      .enum(['as-is', 'pull-up', 'pull-down', 'disabled'])
      .default('as-is')
      .describe('Resistor inside the chip, where it has one'),
  })
  .refine(({ name, offset }) => (name === undefined) !== (offset === undefined), {
    error: 'give either the name of the line or its offset',
  })
  .refine(({ chip, offset }) => chip !== undefined || offset === undefined, {
    error: 'an offset needs the chip it counts in',
  });

const OnoffLineSchema = z
  .strictObject({
    driver: z.literal('onoff').describe('sysfs (`/sys/class/gpio`), on kernels that still have it'),
    line: number.optional().describe('Number of the line as sysfs counts it (base of the chip plus offset)'),
    chip: chip
      .optional()
      .describe('Label (`pinctrl-bcm2711`) or name (`gpiochip0`) of the chip, whose base is then looked up'),
    offset: number
      .optional()
      .describe('Number of the line within `chip` (the BCM number on a Raspberry Pi); instead of `line`'),
  })
  .refine(
    ({ line, chip, offset }) =>
      line === undefined
        ? chip !== undefined && offset !== undefined
        : chip === undefined && offset === undefined,
    { error: 'give either line, or chip and offset' },
  );

const SimulatedLineSchema = z.strictObject({
  driver: z
    .literal('simulated')
    .describe('No hardware: state in memory, told on stdout, driven through a control socket'),
  line: number.describe('Any number; names the line in the control socket'),
});

const command = z
  .array(z.string().refine((text) => !text.includes('\0'), 'must not contain a zero byte'))
  .min(1)
  .refine(([program]) => program !== '', { error: 'begins with the program', path: [0] });
const execDriver = z.literal('exec').describe('A command of yours: program and arguments, without a shell');
const timeoutMs = milliseconds(2000, 50, 30_000).describe(
  'A command that takes longer is ended and counts as failed',
);
const ExecOutputSchema = z.strictObject({
  driver: execDriver,
  high: command.describe(
    'Command that sets level 1 (energises, unless `activeLow`); exit code 0 says that it did',
  ),
  low: command.describe('Command that sets level 0'),
  timeoutMs,
});
const ExecInputSchema = z.strictObject({
  driver: execDriver,
  read: command.describe('Command that prints the level, 0 or 1, on its first line'),
  pollMs: milliseconds(200, 20, 10_000).describe('Pause between two readings'),
  timeoutMs,
});

const modbusBoard = {
  driver: z.literal('modbus').describe('A relay board on the network (Modbus TCP)'),
  host: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, 'use a host name or an IP address')
    .describe('Address of the board'),
  port: z.number().int().min(1).max(65_535).default(502).describe('Port of the board'),
  unit: z.number().int().min(0).max(255).default(1).describe('Unit identifier (slave address)'),
  timeoutMs: milliseconds(1000, 50, 10_000).describe('Time for a connection, and for an answer'),
};
const ModbusOutputSchema = z.strictObject({
  ...modbusBoard,
  coil: number.describe('Address of the coil, counted from 0'),
});
const ModbusInputSchema = z.strictObject({
  ...modbusBoard,
  input: number.describe('Address of the discrete input, counted from 0'),
  pollMs: milliseconds(50, 10, 10_000).describe(
    'Pause between two readings; one reading serves all inputs of a board',
  ),
});

/** A line that is driven: of a relay. */
export const OutputLineSchema = z
  .discriminatedUnion('driver', [
    GpiodLineSchema,
    OnoffLineSchema,
    ExecOutputSchema,
    ModbusOutputSchema,
    SimulatedLineSchema,
  ])
  .meta({ 'x-line': 'output' })
  .describe('The line');
export type OutputLineConfig = z.infer<typeof OutputLineSchema>;

/** A line that is watched: of a contact, a button. */
export const InputLineSchema = z
  .discriminatedUnion('driver', [
    GpiodLineSchema,
    OnoffLineSchema,
    ExecInputSchema,
    ModbusInputSchema,
    SimulatedLineSchema,
  ])
  .meta({ 'x-line': 'input' })
  .describe('The line');
export type InputLineConfig = z.infer<typeof InputLineSchema>;

export type LineConfig = OutputLineConfig | InputLineConfig;

/** The line for people: "onoff line 17". Names no argument of a command: one may be a secret. */
export function describeLine(line: LineConfig): string {
  switch (line.driver) {
    case 'gpiod': {
      const which = line.name === undefined ? `line ${line.offset}` : `line "${line.name}"`;
      return line.chip === undefined ? `gpiod ${which}` : `gpiod ${line.chip} ${which}`;
    }
    case 'onoff':
      return line.line === undefined ? `onoff ${line.chip} line ${line.offset}` : `onoff line ${line.line}`;
    case 'simulated':
      return `simulated line ${line.line}`;
    case 'exec':
      return `exec ${'read' in line ? line.read[0] : line.high[0]}`;
    case 'modbus':
      return `modbus ${line.host}:${line.port} unit ${line.unit} ${'coil' in line ? `coil ${line.coil}` : `input ${line.input}`}`;
  }
}

/** Equal for two descriptions of the same line, as far as the configuration can tell. */
export function lineKey(line: LineConfig): string {
  if (line.driver !== 'exec') return describeLine(line);
  return JSON.stringify('read' in line ? ['exec', line.read] : ['exec', line.high, line.low]);
}
