/** A process with one camera, to be killed by a test: prints a line with the first frame, then lives on. */
import { openCamera } from '../../src/camera/index.ts';
import { createLogger } from '../../src/common/index.ts';

const [id = '', source = ''] = process.argv.slice(2);
const options = { id, source, stallMs: 60_000, connectTimeoutMs: 60_000, fps: 15, loop: true };
const camera = openCamera(options, () => {}, createLogger('victim', 'silent'));
camera.start();
for (let first = true; ; first = false) {
  const frame = await camera.next();
  if (frame === null) break;
  frame.release();
  if (first) console.log('streaming');
}
