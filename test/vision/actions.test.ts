import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActionSample, judgeActions } from '../../src/vision/actions.ts';

const NONE = { blink: false, openMouth: false, turnLeft: false, turnRight: false, nod: false };

/** Three seconds at 15 looks a second; `change` bends the resting face at a time. */
function film(change: (at: number) => Partial<ActionSample> = () => ({})): ActionSample[] {
  return Array.from({ length: 45 }, (_, index) => {
    const at = index / 15;
    return {
      at,
      yaw: 2,
      pitch: 4,
      headPitch: -6,
      eyeOpening: 0.3,
      eyesClosed: 0.02,
      mouthOpening: 0.05,
      ...change(at),
    };
  });
}

const during = (from: number, to: number, part: Partial<ActionSample>) => (at: number) =>
  at >= from && at < to ? part : {};

describe('judgeActions', () => {
  it('sees nothing on a still face, on one frame, and on none', () => {
    expect(judgeActions(film())).toEqual(NONE);
    expect(judgeActions(film().slice(0, 1))).toEqual(NONE);
    expect(judgeActions([])).toEqual(NONE);
  });

  it('sees a blink that opens again, not eyes that stay shut or were never open', () => {
    const shut = { eyeOpening: 0.16, eyesClosed: 1 };
    expect(judgeActions(film(during(1, 1.2, shut)))).toEqual({ ...NONE, blink: true });
    expect(judgeActions(film(during(1, 9, shut)))).toEqual(NONE);
    expect(judgeActions(film(during(0, 9, shut)))).toEqual(NONE);
  });

  it('takes no blink from a head that turns, though its eyes look narrower', () => {
    const turned = { eyeOpening: 0.2, eyesClosed: 0.6, yaw: 12 };
    expect(judgeActions(film(during(1, 1.4, turned))).blink).toBe(false);
  });

  it('sees a mouth that opens, not one that is open from beginning to end, nor talking', () => {
    expect(judgeActions(film(during(1, 1.5, { mouthOpening: 0.7 })))).toEqual({ ...NONE, openMouth: true });
    expect(judgeActions(film(() => ({ mouthOpening: 0.7 })))).toEqual(NONE);
    expect(judgeActions(film((at) => ({ mouthOpening: at % 0.3 < 0.1 ? 0.15 : 0.02 })))).toEqual(NONE);
  });

  it('tells the left from the right of the person, and wants a look ahead as well', () => {
    expect(judgeActions(film(during(1, 2, { yaw: 30 })))).toEqual({ ...NONE, turnLeft: true });
    expect(judgeActions(film(during(1, 2, { yaw: -30 })))).toEqual({ ...NONE, turnRight: true });
    expect(judgeActions(film(() => ({ yaw: 30 })))).toEqual(NONE);
  });

  it('sees a nod down and back or up and back, by both measures, and no single slip', () => {
    expect(judgeActions(film(during(1, 1.5, { pitch: -25, headPitch: -35 })))).toEqual({
      ...NONE,
      nod: true,
    });
    expect(judgeActions(film(during(1, 1.5, { pitch: 30, headPitch: 20 })))).toEqual({ ...NONE, nod: true });
    // A yawn lifts the landmarks alone; a network's slip lasts one look; a head that stays down did not nod.
    expect(judgeActions(film(during(1, 1.5, { pitch: 35 })))).toEqual(NONE);
    expect(judgeActions(film(during(1, 1.05, { pitch: -30, headPitch: -40 })))).toEqual(NONE);
    expect(judgeActions(film(during(1, 9, { pitch: -25, headPitch: -35 })))).toEqual(NONE);
  });

  it('never throws, whatever the figures, and does not depend on how long a still face is shown', () => {
    const figure = fc.double({ min: -180, max: 180, noNaN: true });
    const sample = fc.record({
      at: fc.double({ min: 0, max: 8, noNaN: true }),
      yaw: figure,
      pitch: figure,
      headPitch: figure,
      eyeOpening: fc.double({ min: 0, max: 1, noNaN: true }),
      eyesClosed: fc.double({ min: 0, max: 1, noNaN: true }),
      mouthOpening: fc.double({ min: 0, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 40 }), (samples) => {
        const sorted = samples.toSorted((a, b) => a.at - b.at);
        expect(Object.keys(judgeActions(sorted)).toSorted()).toEqual(Object.keys(NONE).toSorted());
        // One face shown for ever does nothing.
        const [still] = sorted;
        if (still !== undefined) {
          expect(judgeActions(Array.from({ length: 20 }, (_, i) => ({ ...still, at: i / 10 })))).toEqual(
            NONE,
          );
        }
      }),
    );
  });
});
