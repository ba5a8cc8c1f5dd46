import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicMs } from '../../src/common/index.ts';
import { encodeFrame } from '../../src/readers/frame.ts';
import { type CredentialRead, Reader, type ReaderState } from '../../src/readers/index.ts';
import { keyboard, readerConfig, serialLine, typed } from './support.ts';

let folder: string;
let path: string;
let reads: CredentialRead[];
let states: ReaderState[];
let log: string;
let reader: Reader | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-reader-'));
  path = join(folder, 'device');
  [reads, states, log, reader] = [[], [], '', null];
});

afterEach(() => {
  reader?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(settings: object): void {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString();
      done();
    },
  });
  reader = new Reader({
    config: readerConfig({ device: path, ...settings }),
    log: pino({ level: 'trace' }, sink),
    onRead: (read) => reads.push(read),
    onState: (state) => states.push(state),
  });
  reader.start();
}

const up = (times = 1) =>
  vi.waitFor(() => expect(states.filter(({ state }) => state === 'up')).toHaveLength(times), 5000);
const read = (count: number) => vi.waitFor(() => expect(reads).toHaveLength(count), 3000);
const told = () =>
  reads.map(({ reader: _reader, door: _door, direction: _direction, at: _at, ...rest }) => rest);

describe('a reader that appears as a keyboard', () => {
  const KEYPAD = { kind: 'evdev', grab: false, keypad: { enabled: true } };

  it('tells cards and PINs, in order, with door and direction', async () => {
    const keys = keyboard(path);
    start({ ...KEYPAD, direction: 'out' });
    await up();
    const before = monotonicMs();
    keys.type(typed('0012345678\n', 8));
    await read(1);
    keys.type(typed('4711\n', 150, 2_000_000));
    await read(2);
    expect(told()).toEqual([
      { kind: 'card', number: '12345678' },
      { kind: 'keypad', digits: '4711' },
    ]);
    expect(reads[0]).toMatchObject({ reader: 'reader', door: 'front', direction: 'out' });
    expect(reads[0].at).toBeGreaterThan(before);
    expect(reads[1].at).toBeLessThan(monotonicMs());
    keys.unplug();
  });

  it('tells a card without Enter once nothing follows, and one held before it once', async () => {
    const keys = keyboard(path);
    start(KEYPAD);
    await up();
    keys.type(typed('0012345678', 8));
    await read(1);
    for (let again = 1; again < 5; again++) keys.type(typed('0012345678\n', 8, 1_000_000 + again * 500));
    keys.type(typed('0012345679\n', 8, 9_000_000));
    await read(2);
    expect(told().at(-1)).toEqual({ kind: 'card', number: '12345679' });
    keys.unplug();
  });

  it('takes digits typed by hand for no card, and no key at all without a keypad', async () => {
    const keys = keyboard(path);
    start({ kind: 'evdev', grab: false });
    await up();
    keys.type(typed('0012345678\n', 90));
    keys.type(typed('1234\n', 90, 5_000_000));
    keys.type(typed('gg****', 5, 6_000_000));
    keys.type(typed('0000000007\n', 8, 7_000_000));
    await read(1);
    expect(told()).toEqual([{ kind: 'card', number: '7' }]);
    keys.unplug();
  });

  it('throws away an entry that a card interrupts, and one that nobody ends', async () => {
    const keys = keyboard(path);
    start({ ...KEYPAD, keypad: { enabled: true, timeoutMs: 1000 } });
    await up();
    keys.type(typed('47', 150));
    keys.type(typed('0012345678\n', 8, 2_000_000));
    keys.type(typed('\n', 8, 3_000_000));
    keys.type(typed('47', 150, 4_000_000));
    await sleep(1200);
    keys.type(typed('11\n', 150, 5_000_000));
    await read(2);
    expect(told()).toEqual([
      { kind: 'card', number: '12345678' },
      { kind: 'keypad', digits: '11' },
    ]);
    keys.unplug();
  });

  it('is told as gone when it is unplugged, once, and works again when it is back', async () => {
    const keys = keyboard(path);
    start(KEYPAD);
    await up();
    keys.type(typed('47', 150));
    keys.unplug();
    await vi.waitFor(() => expect(states).toHaveLength(2));
    expect(states[1]).toMatchObject({ state: 'down', code: 'READER_MISSING' });
    await sleep(1500);
    const again = keyboard(path);
    await up(2);
    expect(states).toHaveLength(3);
    again.type(typed('11\n', 150));
    await read(1);
    expect(told()).toEqual([{ kind: 'keypad', digits: '11' }]);
    again.unplug();
  });

  it('is told as unusable when it cannot be taken alone: what is no keyboard has no exclusive grab', async () => {
    const keys = keyboard(path);
    start({ kind: 'evdev' });
    await vi.waitFor(() => expect(states).toHaveLength(1), 5000);
    expect(states[0]).toMatchObject({ state: 'down', code: 'READER_UNUSABLE' });
    expect(states[0]).toMatchObject({ message: expect.stringMatching(/taken for Menshen alone/) });
    keys.unplug();
  });

  it('keeps PINs and whole card numbers out of the log', async () => {
    const keys = keyboard(path);
    start(KEYPAD);
    await up();
    keys.type(typed('0012345678\n', 8));
    keys.type(typed('90817263\n', 150, 2_000_000));
    keys.type(typed('987654321987654321987654321\n', 5, 9_000_000));
    await vi.waitFor(() => expect(log).toContain('cannot be understood'));
    expect(reads).toHaveLength(2);
    expect(log).toContain('…5678');
    expect(log).not.toMatch(/12345678|90817263|98765432/);
    keys.unplug();
  });
});

describe('a converter on a serial line', () => {
  const SERIAL = { kind: 'serial', keypad: { enabled: true } };
  const W26 = encodeFrame('W', '26DE30A70');

  it('tells cards in every form and PINs', async () => {
    const line = await serialLine(path);
    start({ ...SERIAL, card: { repeatMs: 0 } });
    await up();
    line.write(W26);
    line.write(encodeFrame('C', '00BC614E'));
    line.write(encodeFrame('K', '4711#'));
    line.write(encodeFrame('W', '047'));
    line.write(encodeFrame('W', '041'));
    line.write(encodeFrame('W', '04B'));
    await read(4);
    expect(told()).toEqual([
      { kind: 'card', number: '12345678' },
      { kind: 'card', number: '12345678' },
      { kind: 'keypad', digits: '4711' },
      { kind: 'keypad', digits: '71' },
    ]);
    await line.unplug();
  });

  it('sets the speed and form of the line, so that no byte is changed on the way', async () => {
    const line = await serialLine(path);
    execFileSync('stty', ['-F', path, 'sane', '300']);
    start({ ...SERIAL, baud: 19200 });
    await up();
    const settings = execFileSync('stty', ['-F', path, '-a']).toString();
    expect(settings).toMatch(/speed 19200 baud/);
    expect(settings).toMatch(/-icanon/);
    expect(settings).toMatch(/-echo\b/);
    expect(settings).toMatch(/-icrnl/);
    expect(settings).toMatch(/cs8/);
    line.write(W26);
    await read(1);
    await line.unplug();
  });

  it('tells nothing of garbage but that there is some, and works on', async () => {
    const line = await serialLine(path);
    start(SERIAL);
    await up();
    line.write(Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919) % 251)));
    line.write(Buffer.concat([W26.subarray(0, 5), W26]));
    await read(1);
    expect(log.match(/cannot be understood/g)).toHaveLength(1);
    await line.unplug();
  });

  it('is told as gone when the adapter is unplugged, and works again when it is back', async () => {
    const line = await serialLine(path);
    start(SERIAL);
    await up();
    await line.unplug();
    await vi.waitFor(() => expect(states).toHaveLength(2));
    expect(states[1]).toMatchObject({ state: 'down', code: 'READER_MISSING' });
    const again = await serialLine(path);
    await up(2);
    again.write(W26);
    await read(1);
    await again.unplug();
  });

  it('with a heartbeat is up when it is heard, and down when it falls silent', async () => {
    const line = await serialLine(path);
    start({ ...SERIAL, heartbeatMs: 300 });
    await vi.waitFor(() => expect(states).toHaveLength(1), 3000);
    expect(states[0]).toMatchObject({ state: 'down', code: 'READER_SILENT' });
    line.write(encodeFrame('H', ''));
    await up();
    await vi.waitFor(() => expect(states).toHaveLength(3));
    line.write(W26);
    await up(2);
    expect(told()).toEqual([{ kind: 'card', number: '12345678' }]);
    await line.unplug();
  });
});

describe('a device that is none', () => {
  it('is told as missing, or unusable, with what to do', async () => {
    start({ kind: 'serial' });
    await vi.waitFor(() => expect(states).toHaveLength(1));
    expect(states[0]).toMatchObject({ code: 'READER_MISSING', message: expect.stringContaining('by-id') });
    writeFileSync(join(folder, 'file'), 'no terminal');
    symlinkSync('file', path);
    await vi.waitFor(() => expect(states).toHaveLength(2), 3000);
    expect(states[1]).toMatchObject({ code: 'READER_UNUSABLE' });
  });

  it('is looked for no longer once the reader is stopped', async () => {
    start({ kind: 'evdev', grab: false });
    await vi.waitFor(() => expect(states).toHaveLength(1));
    reader?.stop();
    const keys = keyboard(path);
    await sleep(1300);
    keys.type(typed('0012345678\n', 8));
    await sleep(100);
    expect([reads, states]).toMatchObject([[], [{ state: 'down' }]]);
    keys.unplug();
  });
});
