import { describe, expect, it } from 'vitest';
import { encoderOf } from '../../../src/camera/integrity/index.ts';
import { TimingWatch } from '../../../src/camera/integrity/timing.ts';

/** Pictures of a stream: each its time by the stream's clock and its arrival, ms. */
type Times = readonly (readonly [streamMs: number, arrival: number])[];

function doubts(times: Times, timing = new TimingWatch()): (string | null)[] {
  return times.map(([streamMs, arrival]) => timing.observe(streamMs, arrival));
}

const steady = (seconds: number, speed = 1): Times =>
  Array.from({ length: seconds * 15 }, (_, i) => [(i * speed * 1000) / 15, (i * 1000) / 15]);

describe('Clock of a stream', () => {
  it('is believed while it runs as ours, with jitter and after pauses of the network', () => {
    const jitter = steady(120).map(([s, a], i) => [s, a + ((i * 37) % 80)] as const);
    expect(doubts(jitter).every((doubt) => doubt === null)).toBe(true);
    // Twelve seconds are held up and come at once, twice.
    const held = steady(120).map(
      ([s, a]) => [s, a % 50_000 < 12_000 ? a - (a % 50_000) + 12_000 : a] as const,
    );
    expect(doubts(held).every((doubt) => doubt === null)).toBe(true);
  });

  it('is believed when pictures were left out while the network stood still', () => {
    const late = steady(60).map(([s, a]) => [s, a > 30_000 && a < 42_000 ? 42_000 : a] as const);
    const leftOut = late.filter(([s]) => s < 30_200 || s > 41_500);
    expect(doubts(leftOut).every((doubt) => doubt === null)).toBe(true);
  });

  it('is believed when a server sends first what it has kept', () => {
    const kept = steady(60).map(([s, a]) => [s, Math.max(a - 9000, a / 100)] as const);
    expect(doubts(kept).every((doubt) => doubt === null)).toBe(true);
  });

  it('is believed when the camera halts and goes on without making the time up', () => {
    const halted = steady(60).map(([s, a]) => [s, a > 30_000 ? a + 20_000 : a] as const);
    expect(doubts(halted).every((doubt) => doubt === null)).toBe(true);
  });

  it.each([0.5, 0.85, 1.2, 2])('is doubted when it runs %f times as fast', (speed) => {
    expect(doubts(steady(40, speed)).at(-1)).toBe(`its clock runs ${speed.toFixed(2)} times as fast as ours`);
  });

  it.each([-3_600_000, -8000, 8000, 3_600_000])('is doubted for a minute when it leaps by %i ms', (leap) => {
    const leapt = steady(120).map(([s, a]) => [a > 30_000 ? s + leap : s, a] as const);
    const thought = doubts(leapt);
    expect(thought[30 * 15]).toBeNull();
    expect(thought[32 * 15]).toMatch(
      new RegExp(`^its clock leapt by ${leap > 0 ? '' : '-'}${Math.abs(leap) / 1000 > 100 ? '3' : '[78]'}`),
    );
    expect(thought[88 * 15]).not.toBeNull();
    expect(thought[92 * 15]).toBeNull();
  });

  it('may begin anywhere in a new connection', () => {
    const timing = new TimingWatch();
    doubts(steady(20), timing);
    timing.reopened();
    const again = steady(20).map(([s, a]) => [s + 9e6, a + 25_000] as const);
    expect(doubts(again, timing).every((doubt) => doubt === null)).toBe(true);
  });
});

describe('Encoder of a stream', () => {
  it('is told by the sequence parameter set', () => {
    const h264 = Uint8Array.of(0, 0, 0, 1, 9, 240, 0, 0, 0, 1, 0x67, 100, 0, 31, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(encoderOf('h264', h264)).toBe('h264 profile 100/00');
    const h265 = Uint8Array.of(0, 0, 0, 1, 0x42, 1, 1, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(encoderOf('h265', h265)).toBe('h265 profile 1');
  });

  it('is told behind much that comes before it, and not by what comes after a slice', () => {
    const set = [0, 0, 1, 0x67, 100, 0, 31, 1, 2, 3, 4, 5, 6, 7, 8];
    const message = [0, 0, 1, 6, ...Array.from({ length: 5000 }, () => 255)];
    expect(encoderOf('h264', Uint8Array.from([...message, ...set]))).toBe('h264 profile 100/00');
    expect(encoderOf('h264', Uint8Array.from([0, 0, 1, 0x65, 1, 2, 3, ...set]))).toBeNull();
  });

  it('is not told by a picture without one', () => {
    expect(encoderOf('h264', Uint8Array.of(0, 0, 1, 0x65, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))).toBeNull();
    expect(encoderOf('h265', new Uint8Array(3))).toBeNull();
  });
});
