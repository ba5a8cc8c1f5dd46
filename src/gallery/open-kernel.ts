import { z } from 'zod';
import { KERNEL } from './kernel.ts';
import { ROW_KERNEL } from './row-kernel.ts';

type Half = (codes: number, end: number, probe: number, limit: number, out: number) => number;
type Rest = (list: number, end: number, codes: number, probe: number, limit: number, out: number) => number;

const RowsSchema = z.object({
  rotate: z.custom<(values: number, signs: number) => void>(isFunction),
  largest: z.custom<(values: number) => number>(isFunction),
  signs: z.custom<(values: number, out: number) => void>(isFunction),
  large: z.custom<(values: number, least: number, out: number) => number>(isFunction),
  toBytes: z.custom<(values: number, factor: number, out: number) => void>(isFunction),
  toShorts: z.custom<(values: number, factor: number, out: number) => void>(isFunction),
});

const SearchSchema = z.object({
  square: z.custom<(bytes: number) => number>(isFunction),
  half: z.custom<Half>(isFunction),
  rest: z.custom<Rest>(isFunction),
  halfWords: z.custom<Half>(isFunction),
  restWords: z.custom<Rest>(isFunction),
  dot: z.custom<(bytes: number, probe: number) => number>(isFunction),
  dots: z.custom<(list: number, end: number, numbers: number, probe: number, out: number) => void>(
    isFunction,
  ),
});

const [kernel, rowKernel] = [KERNEL, ROW_KERNEL].map(
  (base64) => new WebAssembly.Module(Buffer.from(base64, 'base64')),
);

/** Which of two equal loops are the quicker: docs/decisions/search.md. */
const WORDS = process.arch === 'x64';

/** The inner loops of row-kernel.wat and kernel.wat over this memory; `quickHalf` and `quickRest` are those of the equal ones that are quicker here. */
export function openKernel(memory: WebAssembly.Memory) {
  const exportsOf = (module: WebAssembly.Module) =>
    new WebAssembly.Instance(module, { search: { memory } }).exports;
  const loops = SearchSchema.parse(exportsOf(kernel));
  return {
    ...RowsSchema.parse(exportsOf(rowKernel)),
    ...loops,
    quickHalf: WORDS ? loops.halfWords : loops.half,
    quickRest: WORDS ? loops.restWords : loops.rest,
  };
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
