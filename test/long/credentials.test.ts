import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FPS } from '../../scripts/demo/stage.ts';
import { encodeH264 } from '../../scripts/rtsp/encode.ts';
import { qrScene } from '../../scripts/support/qr-scene.ts';
import { monotonicMs } from '../../src/common/index.ts';
import type { JournalEvent } from '../../src/journal/index.ts';
import { encodeFrame } from '../../src/readers/frame.ts';
import { House } from '../e2e/house.ts';
import { keyboard, type SerialLine, serialLine, typed } from '../readers/support.ts';

const MENSHEN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);
const [WIDTH, HEIGHT] = [1280, 720];
const CARD = '0012345678';
const PIN = '471193';
const READERS = `
readers:
  - { id: pad, door: front, kind: serial, device: FOLDER/serial, keypad: { enabled: true }, card: { repeatMs: 0 } }
  - { id: desk, door: front, kind: evdev, grab: false, device: FOLDER/keys, keypad: { enabled: true }, card: { repeatMs: 0 } }
decision: { maxFrameAgeMs: 5000 }
`;

let house: House;
let line: SerialLine;
let keys: ReturnType<typeof keyboard>;
let token = '';
/** Of the daemons before; each begins its own. */
let logs = '';

async function menshen(...args: string[]): Promise<string> {
  const env = { ...process.env, MENSHEN_PIN: PIN };
  const { stdout } = await run(process.execPath, [MENSHEN, ...args, '--config', house.configFile], { env });
  return stdout.trim();
}

/** A film of a telephone that is held up before the camera. */
async function filmOf(text: string): Promise<string> {
  const file = join(house.folder, 'pass.h264');
  const luma = await qrScene({ text, modulePx: 4, yaw: 15, roll: 8, noise: 3, blur: 0.6 }, WIDTH, HEIGHT);
  const picture = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  picture.set(luma);
  await encodeH264(
    { file, width: WIDTH, height: HEIGHT, fps: FPS },
    Array.from({ length: 2 * FPS }, () => picture),
  );
  return file;
}

beforeAll(async () => {
  house = await House.build(READERS, { qr: true, ways: '[{ by: [card+pin, qr] }]' });
  line = await serialLine(join(house.folder, 'serial'));
  keys = keyboard(join(house.folder, 'keys'));
  await menshen('people', 'card', 'add', 'Alice', '12345678');
  await menshen('people', 'pin', 'set', 'Alice');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  token = await menshen('people', 'pass', 'add', 'Gus', '--door', 'front', '--until', until);
  await house.show(await filmOf(token));
}, 120_000);

afterEach(async () => {
  logs += house.log();
  await house.daemon?.stop();
});

afterAll(async () => {
  keys.unplug();
  await line.unplug();
  await house.tearDown();
});

/** The first event of this type and reader from number `from` on. */
async function decided(type: JournalEvent['type'], reader: string, from: number): Promise<JournalEvent> {
  const wanted = (event: JournalEvent) => event.type === type && event.data.reader === reader;
  return house.until(() => house.events.slice(from).find(wanted), 30_000, `${type} of ${reader}`);
}

async function started(): Promise<number> {
  const from = house.events.length;
  await house.startDaemon();
  for (const reader of ['pad', 'desk']) await decided('reader.up', reader, from);
  await house.until(() => house.log().includes('recognition begins'), 20_000, 'an open gallery');
  return from;
}

describe('credentials before the whole gate', () => {
  it('a pass held up to the camera opens the door once, and never again', async () => {
    const since = monotonicMs();
    let from = await started();
    const granted = await decided('access.granted', 'entrance', from);
    expect(granted.data).toMatchObject({ reason: 'GRANTED_PASS', kind: 'qr', shown: null });
    expect((await house.relay(1, since)).at).toBeGreaterThan(since);
    await house.daemon?.stop();
    from = await started();
    const again = await decided('access.denied', 'entrance', from);
    expect(again.data).toMatchObject({ reason: 'PASS_USED' });
    expect(JSON.stringify(house.events) + house.log()).not.toContain(token.slice(-20));
  });

  it('a card and the PIN behind it open, at one reader or over two; neither alone does', async () => {
    let from = await started();
    await house.released();
    line.write(encodeFrame('C', '00BC614E'));
    const pending = await decided('access.pending', 'pad', from);
    expect(pending.data).toMatchObject({ reason: 'PIN_WANTED', shown: '…5678', person: { name: 'Alice' } });
    line.write(encodeFrame('K', '111111#'));
    expect((await decided('access.denied', 'pad', from)).data).toMatchObject({ reason: 'PIN_WRONG' });
    const since = monotonicMs();
    line.write(encodeFrame('K', `${PIN}#`));
    expect((await decided('access.granted', 'pad', from)).data).toMatchObject({ reason: 'GRANTED_FACTORS' });
    const on = await house.relay(1, since);
    await house.relay(0, on.at);

    from = house.events.length;
    keys.type(typed(`${CARD}\n`, 8));
    await decided('access.pending', 'desk', from);
    line.write(encodeFrame('K', `${PIN}#`));
    await decided('access.granted', 'pad', from);
    await house.relay(1, on.at + 1);
  });

  it('a card number typed by hand is a PIN that nobody asked for', async () => {
    const from = await started();
    keys.type(typed(`${CARD}\n`, 120));
    const denied = await decided('access.denied', 'desk', from);
    expect(denied.data).toMatchObject({ kind: 'pin', reason: 'PIN_UNEXPECTED', person: null });
  });

  it('keeps PINs and whole card numbers out of its log, its events and its journal', async () => {
    const everything = JSON.stringify(house.events) + logs;
    const journal = readFileSync(join(house.folder, 'data', 'journal.sqlite'), 'latin1');
    for (const secret of [PIN, '111111', '12345678', token.slice(-20)]) {
      expect(everything).not.toContain(secret);
      expect(journal).not.toContain(secret);
    }
    expect(everything).toContain('…5678');
  });

  it('a reader that is unplugged is told, and works when it is back', async () => {
    const from = await started();
    await line.unplug();
    const down = await decided('reader.down', 'pad', from);
    expect(down).toMatchObject({ door: 'front', data: { code: 'READER_MISSING' } });
    const before = house.events.length;
    line = await serialLine(join(house.folder, 'serial'));
    await decided('reader.up', 'pad', before - 1);
    line.write(encodeFrame('C', '00BC614E'));
    await decided('access.pending', 'pad', before - 1);
  });
});
