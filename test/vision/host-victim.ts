/**
 * A gate process with one camera, to be killed by a test: prints a line with the process id of its vision process
 * once that is streaming. `unbound` starts the vision process itself, without what the kernel would do for it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../../src/common/index.ts';
import { VisionSchema } from '../../src/config/index.ts';
import { CameraSchema } from '../../src/config/schema/camera.ts';
import { VisionHost } from '../../src/vision/client.ts';

const [id = '', source = '', unbound] = process.argv.slice(2);
const { password, ...camera } = CameraSchema.parse({ id, source, door: 'door' });
const vision = VisionSchema.parse({});

if (unbound === undefined) {
  const host = new VisionHost({ camera, vision, log: createLogger('victim', 'silent') });
  host.on('camera', ({ state }) => {
    if (state === 'streaming') console.log(host.pid);
  });
  host.start();
} else {
  const entry = fileURLToPath(new URL('../../src/vision/process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
    detached: true,
  });
  const { door, area, ...options } = camera;
  child.send({ type: 'start', settings: { camera: options, area, vision, logLevel: 'silent' } });
  child.on('message', (message: { type: string; state?: { state: string } }) => {
    if (message.type === 'camera' && message.state?.state === 'streaming') console.log(child.pid);
  });
}
