import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { doorCommand } from '../../src/cli/door.ts';
import { Door, openGpio } from '../../src/door/index.ts';
import { doorConfig, EventLog, logger, scratch } from './bench.ts';

async function release(socket: string | undefined, ...ids: string[]): Promise<string[]> {
  const path = join(scratch(), 'menshen.yaml');
  const text = `
gate: { id: test }
dataDir: data
access: { faceOnly: accepted }
cameras: [{ id: cam, source: 'rtsp://127.0.0.1/stream', door: front }]
doors:
  - { id: front, relay: { line: { driver: simulated, line: 17 } } }
  - { id: back, relay: { line: { driver: simulated, line: 18 } } }
${socket === undefined ? '' : `simulator: { socket: ${socket} }`}
`;
  writeFileSync(path, text);
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  try {
    await doorCommand().parseAsync(['release', '--config', path, ...ids], { from: 'user' });
  } finally {
    log.mockRestore();
  }
  return printed;
}

async function unlockedDoor() {
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  const log = new EventLog();
  const door = new Door({ config: doorConfig({ unlockMs: 60_000 }), gpio, onEvent: log.take, logger });
  onTestFinished(async () => {
    await door.stop();
    await gpio.close();
  });
  await door.start();
  await door.unlock({ kind: 'remote', by: 'test' });
  return { socket, gpio };
}

const NOTHING = 'nothing to release, simulated lines end with their gate process';

describe('menshen door release, simulated lines', () => {
  it('has nothing to do without a socket, or when nobody listens', async () => {
    const expected = [`door "front": ${NOTHING}`, `door "back": ${NOTHING}`];
    expect(await release(undefined)).toEqual(expected);
    expect(await release(join(scratch(), 'gone.sock'))).toEqual(expected);
  });

  it('releases the relay of a gate that runs', async () => {
    const { socket } = await unlockedDoor();
    expect(await release(socket, 'front')).toEqual(['door "front": relay released (simulated line 17)']);
  });

  it('goes on with the other doors after a failure, and then fails', async () => {
    const { socket } = await unlockedDoor();
    await expect(release(socket)).rejects.toMatchObject({
      code: 'GPIO_WRITE_FAILED',
      message: 'door "back": line 18 is no output',
    });
  });

  it('gives up on a socket that closes without an answer, or talks nonsense', async () => {
    for (const answer of ['', 'nonsense\n']) {
      const socket = join(scratch(), 'odd.sock');
      const server = createServer((client) => client.end(answer)).listen(socket);
      onTestFinished(() => void server.close());
      await expect(release(socket, 'front')).rejects.toMatchObject({ code: 'GPIO_WRITE_FAILED' });
    }
  });

  it('knows its doors', async () => {
    await expect(release(undefined, 'side')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'there is no door "side"; known are front, back',
    });
  });
});
