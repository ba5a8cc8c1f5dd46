import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MenshenError, messageOf } from '../common/index.ts';

/** The two ends of a way for bytes. */
export interface PicturePipe {
  /** For the stdout of a child. */
  readonly far: Socket;
  /** Puts what comes where `onread` says, and closes when every copy of the other end is closed. */
  readonly near: Socket;
}

/**
 * A pipe whose bytes are read into memory of the reader's choice. What a child process has at `stdout` allocates 64 KiB for every
 * read instead, and wakes as often: for 20 MB of pictures a second that was most of what an idle camera cost. Throws
 * INTERNAL where no socket can be made in the folder for temporary files.
 */
export async function openPicturePipe(onread: OnReadOpts): Promise<PicturePipe> {
  // Only its owner may enter such a folder, and so nobody else connects.
  try {
    const folder = await mkdtemp(join(tmpdir(), 'menshen-pictures-'));
    try {
      return await pair(join(folder, 'socket'), onread);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (cause) {
    const why = `No socket for the pictures of ffmpeg can be made in ${tmpdir()}: ${messageOf(cause)}`;
    throw new MenshenError('INTERNAL', why, { cause });
  }
}

async function pair(path: string, onread: OnReadOpts): Promise<PicturePipe> {
  const server = createServer({ pauseOnConnect: true });
  try {
    const listening = once(server, 'listening');
    server.listen(path);
    await listening;
    const near = connect({ path, onread });
    const [far] = await Promise.all([accepted(server), once(near, 'connect')]);
    // Whatever ends it, it closes, and the end of the child says why.
    near.on('error', () => {});
    return { far, near };
  } finally {
    server.close();
  }
}

function accepted(server: Server): Promise<Socket> {
  return new Promise((resolve, reject) => {
    server.once('connection', resolve);
    server.once('error', reject);
  });
}
