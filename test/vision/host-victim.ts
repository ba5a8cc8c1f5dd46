/**
 * A gate process with one camera, to be killed by a test: prints a line with the process id of its vision process
 * once that is streaming. `unbound` starts the vision process itself, without what the kernel would do for it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../../src/common/index.ts';
import { VisionSchema } from '../../src/config/index.ts';
import { CameraSchema } from '../../src/config/schema/camera.ts';
import { ChildPipe } from '../../src/vision/child-pipe.ts';
import { VisionHost } from '../../src/vision/client.ts';
import { encodeToVision } from '../../src/vision/codec.ts';
import { PIPE_FD } from '../../src/vision/packet.ts';

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
    stdio: ['ignore', 2, 2, 'pipe'],
    detached: true,
  });
  const { door, direction, area, qr: _qr, injection: _injection, ...options } = camera;
  const pipe = new ChildPipe(child.stdio[PIPE_FD], {
    packet: ({ header }) => {
      if (/"camera".*"streaming"/.test(JSON.stringify(header))) console.log(child.pid);
    },
    fault: (what) => console.log(what),
  });
  const settings = { camera: options, area, qr: null, vision, actions: false, logLevel: 'silent' } as const;
  pipe.send(encodeToVision({ type: 'start', settings }));
  pipe.send(encodeToVision({ type: 'look' }));
}
