import { z } from 'zod';

/** The kernel's lines have gone up from 512 since Linux 6.6; no board comes near this many. */
const MAX_LINE = 65_535;
const number = z.number().int().min(0).max(MAX_LINE);
const OnoffLineSchema = z.strictObject({
  driver: z.literal('onoff').describe('sysfs (`/sys/class/gpio`), on kernels that still have it'),
  line: number.describe('Number of the line as sysfs counts it (base of the chip plus offset)'),
});

const SimulatedLineSchema = z.strictObject({
  driver: z
    .literal('simulated')
    .describe('No hardware: state in memory, told on stdout, driven through a control socket'),
  line: number.describe('Any number; names the line in the control socket'),
});

/** A line that is driven: of a relay. */
export const OutputLineSchema = z
  .discriminatedUnion('driver', [OnoffLineSchema, SimulatedLineSchema])
  .meta({ 'x-line': 'output' })
  .describe('The line');
export type OutputLineConfig = z.infer<typeof OutputLineSchema>;

/** A line that is watched: of a contact, a button. */
export const InputLineSchema = z
  .discriminatedUnion('driver', [OnoffLineSchema, SimulatedLineSchema])
  .meta({ 'x-line': 'input' })
  .describe('The line');
export type InputLineConfig = z.infer<typeof InputLineSchema>;

export type LineConfig = OutputLineConfig | InputLineConfig;

/** The line for people: "onoff line 17". */
export function describeLine(line: LineConfig): string {
  return `${line.driver} line ${line.line}`;
}

/** Equal for two descriptions of the same line, as far as the configuration can tell. */
export function lineKey(line: LineConfig): string {
  return describeLine(line);
}
