// Step 5: photographs of people for demo and tests, out of an npm package (MIT).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, run, SetupError, step } from './tools.mjs';

const PACKAGE = '@vladmandic/face-api@1.7.15';
const TARBALL = 'vladmandic-face-api-1.7.15.tgz';
const INTEGRITY = 'WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==';
const PICTURES = [1, 2, 3, 4, 5, 6].map((number) => `sample${number}.jpg`);
const FOLDER = join(CACHE, 'demo');

/** Brings .cache/demo/sample1.jpg to sample6.jpg. */
export async function demoPictures() {
  if (PICTURES.every((name) => existsSync(join(FOLDER, name)))) return;
  await step(`pictures: ${PACKAGE}`, async () => {
    mkdirSync(FOLDER, { recursive: true });
    const scratch = mkdtempSync(join(CACHE, 'pictures-'));
    try {
      await run('npm', ['pack', PACKAGE, '--pack-destination', scratch], {
        hint: 'Is the npm registry reachable?',
      });
      const tarball = join(scratch, TARBALL);
      if (createHash('sha512').update(readFileSync(tarball)).digest('base64') !== INTEGRITY) {
        throw new SetupError(`${PACKAGE} does not match its checksum; nothing was unpacked.`);
      }
      await run('tar', [
        '-xzf',
        tarball,
        '-C',
        scratch,
        '--strip-components=2',
        ...PICTURES.map((name) => `package/demo/${name}`),
      ]);
      for (const name of PICTURES) renameSync(join(scratch, name), join(FOLDER, name));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}
