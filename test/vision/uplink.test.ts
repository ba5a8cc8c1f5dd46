import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FromVision } from '../../src/vision/messages.ts';
import { PacketReader } from '../../src/vision/packet.ts';
import { Uplink } from '../../src/vision/uplink.ts';

let folder: string;
let server: Server;
let pipe: Socket;
let gate: Socket;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-uplink-'));
  const path = join(folder, 'pipe');
  server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  pipe = connect(path);
  gate = await accepted;
  gate.pause();
  pipe.on('error', () => {});
});
afterEach(async () => {
  pipe.destroy();
  gate.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const picture: FromVision = {
  type: 'crop',
  crop: { camera: 'gate', track: 'a-1', seq: 1, qualityScore: 1, jpeg: new Uint8Array(50_000) },
};
const end: FromVision = {
  type: 'trackEnd',
  end: { camera: 'gate', track: 'a-1', frames: 1, lastSeenAt: 1 },
};

describe('Uplink', () => {
  it('leaves out what will be stale while the gate takes nothing, and tells the rest when it does', async () => {
    const uplink = new Uplink(pipe);
    for (let n = 0; n < 100; n++) void uplink.send(picture);
    expect(uplink.untold).toBeGreaterThan(50);
    expect(uplink.untold).toBeLessThan(100);
    expect(pipe.writableLength).toBeLessThan(400_000);
    const told = uplink.send(end);
    const types: string[] = [];
    const reader = new PacketReader(({ header }) => types.push(JSON.stringify(header).slice(9, 13)));
    gate.on('data', (piece: Uint8Array) => reader.push(piece));
    gate.resume();
    await told;
    while (types.length < 101 - uplink.untold) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(types.at(-1)).toBe('trac');
    const { untold } = uplink;
    await uplink.send(picture);
    expect(uplink.untold).toBe(untold);
  });

  it('gives the gate up when even the rest becomes too much', async () => {
    const uplink = new Uplink(pipe);
    const closed = new Promise((resolve) => pipe.once('close', resolve));
    const sent: Promise<void>[] = [];
    while (!pipe.destroyed && sent.length < 100_000) sent.push(uplink.send(end));
    expect(sent.length).toBeGreaterThan(10_000);
    await closed;
    await Promise.all(sent);
    await uplink.send(end);
  });
});
