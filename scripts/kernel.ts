import { readFileSync } from 'node:fs';
import wabt from 'wabt';

const SOURCE = new URL('../src/gallery/kernel.wat', import.meta.url);

/** src/gallery/kernel.ts: the inner loops of the search as a WebAssembly module. */
export async function kernelModule(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat('kernel.wat', readFileSync(SOURCE, 'utf8'), { simd: true });
  module.validate();
  const bytes = Buffer.from(module.toBinary({}).buffer);
  module.destroy();
  const lines = bytes.toString('base64').match(/.{1,100}/g) ?? [];
  return `/** Written by \`npm run generate\` from kernel.wat: the module in base64. */\nexport const KERNEL =\n${lines
    .map((line) => `  '${line}'`)
    .join(' +\n')};\n`;
}
