import { describe, expect, it } from 'vitest';
import { RepeatWatch } from '../../../src/camera/integrity/repeats.ts';
import { samplePicture } from '../../../src/camera/integrity/sample.ts';
import type { Picture } from '../../../src/camera/types.ts';

const FRAME_MS = 66;
const LIVELY = { range: 120 };

/** Shows a stream to the watch, one hash a picture; gives what was thought of it, and when it was first doubted. */
function watch(hashes: Iterable<number>, repeats = new RepeatWatch(), range = LIVELY.range) {
  const thought: (string | null)[] = [];
  for (const hash of hashes) thought.push(repeats.observe({ hash, range }, thought.length * FRAME_MS));
  const first = thought.findIndex((doubt) => doubt !== null);
  return { last: thought.at(-1) ?? null, doubtedAtMs: first < 0 ? null : first * FRAME_MS };
}

const seconds = (s: number): number => Math.round((s * 1000) / FRAME_MS);
const each = (count: number, hashOf: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => hashOf(i));

describe('Repeated pictures', () => {
  it('believes a camera, whose noise is new in every picture, for as long as it likes', () => {
    expect(watch(each(seconds(900), (i) => i))).toEqual({ last: null, doubtedAtMs: null });
  });

  it('believes a still scene whose encoder skips all but the key pictures', () => {
    // A key picture every 10 s with new noise, nothing new in between.
    expect(watch(each(seconds(600), (i) => Math.floor(i / seconds(10))))).toMatchObject({ last: null });
  });

  it('believes a covered lens', () => {
    expect(
      watch(
        each(seconds(600), () => 7),
        new RepeatWatch(),
        3,
      ),
    ).toMatchObject({ last: null });
  });

  it('believes what a server sends once more to a new reader', () => {
    const sent = each(seconds(60), (i) => i);
    const repeats = new RepeatWatch();
    watch(sent, repeats);
    repeats.reopened();
    const again = [...sent.slice(-seconds(4)), ...each(seconds(60), (i) => 10_000 + i)];
    expect(watch(again, repeats)).toEqual({ last: null, doubtedAtMs: null });
  });

  it('doubts a picture that stands still after half a minute', () => {
    const { last, doubtedAtMs } = watch([...each(seconds(20), (i) => i), ...each(seconds(40), () => 7)]);
    expect(last).toBe('frozen');
    expect(doubtedAtMs).toBeGreaterThan(45_000);
    expect(doubtedAtMs).toBeLessThan(52_000);
  });

  it('doubts a still picture that an encoder refines anew at each key picture', () => {
    expect(watch(each(seconds(60), (i) => i % seconds(1)))).toMatchObject({ last: 'frozen' });
  });

  it.each([3, 20, 200])('doubts a film of %i s in its second round', (length) => {
    const { last, doubtedAtMs } = watch(each(seconds(2.5 * length + 8), (i) => i % seconds(length)));
    expect(last).toBe('looped');
    expect(doubtedAtMs).toBeGreaterThan(length * 1000);
    expect(doubtedAtMs).toBeLessThan(length * 1000 + 7000);
  });

  it('believes the stream again when new pictures have come for ten seconds', () => {
    const frozen = each(seconds(40), () => 7);
    const live = (s: number): number[] => each(seconds(s), (i) => 100 + i);
    expect(watch([...frozen, ...live(8)])).toMatchObject({ last: 'frozen' });
    expect(watch([...frozen, ...live(12)])).toMatchObject({ last: null });
  });
});

describe('Sample of a picture', () => {
  const picture = (noise: number): Picture => {
    const data = new Uint8Array((640 * 360 * 3) / 2).fill(90);
    for (let i = 0; i < data.length; i++) data[i] = 40 + (i % 97) + (noise === 0 ? 0 : (i * noise) % 3);
    return { format: 'yuv420p', width: 640, height: 360, data };
  };

  it('is the same for the same picture and another for other noise', () => {
    expect(samplePicture(picture(0))).toEqual(samplePicture(picture(0)));
    expect(samplePicture(picture(0)).hash).not.toBe(samplePicture(picture(1)).hash);
    expect(samplePicture(picture(0)).range).toBeGreaterThan(80);
    expect(samplePicture({ ...picture(0), data: new Uint8Array(640 * 540).fill(16) }).range).toBe(0);
  });
});
