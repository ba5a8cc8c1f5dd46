import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openPicturePipe } from '../../src/camera/picture-pipe.ts';

describe('openPicturePipe', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('puts all that a child writes into the memory it is told, piece by piece, and closes with it', async () => {
    const memory = Buffer.alloc(1 << 20);
    let filled = 0;
    const { far, near } = await openPicturePipe({
      buffer: () => memory.subarray(filled, filled + 100_000),
      callback: (count, bytes) => {
        expect(bytes.byteOffset).toBe(memory.byteOffset + filled);
        filled += count;
        return true;
      },
    });
    const closed = once(near, 'close');
    spawn('seq', ['1', '100000'], { stdio: ['ignore', far, 'inherit'] });
    far.destroy();
    await closed;
    const numbers = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`);
    expect(memory.toString('latin1', 0, filled)).toBe(numbers.join(''));
  });

  it('says where it found no room for a socket', async () => {
    vi.stubEnv('TMPDIR', '/proc/nowhere');
    const opening = openPicturePipe({ buffer: new Uint8Array(1), callback: () => true });
    await expect(opening).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('/proc/nowhere'),
    });
  });
});
