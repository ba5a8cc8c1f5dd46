import { readFileSync } from 'node:fs';
import wabt from 'wabt';

/** src/gallery/kernel.ts: the inner loops of the search as a WebAssembly module. */
export const kernelModule = (): Promise<string> => moduleOf('src/gallery/kernel.wat', 'KERNEL');

/** src/gallery/row-kernel.ts: what makes rows of embeddings, as a WebAssembly module. */
export const rowKernelModule = (): Promise<string> => moduleOf('src/gallery/row-kernel.wat', 'ROW_KERNEL');

/** src/vision/kernel.ts: the inner loops of sampling as a WebAssembly module. */
export const samplingModule = (): Promise<string> => moduleOf('src/vision/kernel.wat', 'KERNEL');

async function moduleOf(source: string, name: string): Promise<string> {
  const { parseWat } = await wabt();
  const file = source.split('/').at(-1) ?? source;
  const module = parseWat(file, readFileSync(new URL(`../${source}`, import.meta.url)), { simd: true });
  module.validate();
  const bytes = Buffer.from(module.toBinary({}).buffer);
  module.destroy();
  const lines = bytes.toString('base64').match(/.{1,100}/g) ?? [];
  return `/** Written by \`npm run generate\` from ${file}: the module in base64. */\nexport const ${name} =\n${lines
    .map((line) => `  '${line}'`)
    .join(' +\n')};\n`;
}
