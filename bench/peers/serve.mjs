// What the programs of the JavaScript peers have in common.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** These packages fetch their networks; here they lie on disk. */
export async function fileFetch(address) {
  const url = new URL(String(address?.url ?? address));
  if (url.protocol !== 'file:') throw new Error(`${url} is not on this machine`);
  return new Response(await readFile(fileURLToPath(url)));
}

/** Answers one picture a line; `look` gives the description of its face, an array of numbers, or null. */
export async function serve(look) {
  console.log(JSON.stringify({ ready: true }));
  for await (const path of createInterface({ input: process.stdin })) {
    const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const begun = process.cpuUsage();
    const vector = await look({ data, width: info.width, height: info.height });
    const { user, system } = process.cpuUsage(begun);
    console.log(JSON.stringify({ ms: (user + system) / 1000, vector }));
  }
  process.exit(0);
}
