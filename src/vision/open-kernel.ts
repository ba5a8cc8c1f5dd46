import { z } from 'zod';
import { KERNEL } from './kernel.ts';

type Shrink = (from: number, stride: number, out: number, columns: number, rows: number) => void;

const ExportsSchema = z.object({
  fours: z.custom<Shrink>(isFunction),
  twos: z.custom<Shrink>(isFunction),
  mix: z.custom<
    (from: number, stride: number, count: number, weights: number, out: number, bytes: number) => void
  >(isFunction),
  weigh:
    z.custom<
      (
        ...args: [
          row: number,
          pixel: number,
          first: number,
          count: number,
          weights: number,
          taps: number,
          out: number,
          length: number,
        ]
      ) => void
    >(isFunction),
  walk: z.custom<(row: number, position: number, step: number, out: number, length: number) => void>(
    isFunction,
  ),
  slant:
    z.custom<
      (
        ...args: [
          from: number,
          stride: number,
          pixel: number,
          x: number,
          y: number,
          stepX: number,
          stepY: number,
          out: number,
          length: number,
        ]
      ) => void
    >(isFunction),
  means:
    z.custom<(row: number, pixel: number, factor: number, out: number, step: number, length: number) => void>(
      isFunction,
    ),
  cells: z.custom<(from: number, stride: number, out: number, cells: number) => void>(isFunction),
  halves: z.custom<(row: number, out: number, length: number) => void>(isFunction),
  colours:
    z.custom<
      (
        ...args: [
          a: number,
          b: number,
          c: number,
          red: number,
          green: number,
          blue: number,
          bytes: number,
          matrix: number,
        ]
      ) => void
    >(isFunction),
});

const kernel = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));

/** The inner loops of kernel.wat, which says what each does, over this memory. */
export function openKernel(memory: WebAssembly.Memory): z.infer<typeof ExportsSchema> {
  return ExportsSchema.parse(new WebAssembly.Instance(kernel, { sampling: { memory } }).exports);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
