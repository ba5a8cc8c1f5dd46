import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { MenshenError, messageOf } from '../common/index.ts';

/**
 * Takes the data directory for this process: a name in Linux's abstract socket namespace, made of the folder's
 * path. The kernel gives it back whenever the process ends, a kill -9 included, and it needs no disk: a door must
 * start with a full one.
 * @returns a function that gives the directory back
 * @throws MenshenError ALREADY_RUNNING if another gate holds it
 */
export function lockDataDir(dataDir: string): Promise<() => void> {
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 32);
  return new Promise((taken, refused) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      const held = 'code' in error && error.code === 'EADDRINUSE';
      const message = held
        ? `another gate is running on ${dataDir}; stop it first`
        : `${dataDir} could not be locked: ${messageOf(error)}`;
      refused(new MenshenError(held ? 'ALREADY_RUNNING' : 'DATA_DIR_UNUSABLE', message, { cause: error }));
    });
    server.listen({ path: `\0menshen-${name}` }, () => {
      server.unref();
      taken(() => server.close());
    });
  });
}
