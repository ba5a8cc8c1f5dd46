import { describe, expect, it } from 'vitest';
import { SecondLook, type SecondWay } from '../../src/vision/second-look.ts';

/** Frames of a scene of which `part` lies in shadow; `finds` says which way finds somebody. Answers the ways looked, '-' where none was due. */
function looks(
  second: SecondLook,
  frames: number,
  part: number,
  finds: (way: SecondWay) => boolean = () => false,
) {
  return Array.from({ length: frames }, () => {
    if (!second.due) {
      second.frame(false);
      return '-';
    }
    const way = second.way({ part, gain: 1 });
    second.looked(finds(way));
    second.frame(finds(way));
    return way;
  });
}

describe('SecondLook', () => {
  it('takes the first empty frame and every eighth after it, the ways in turn', () => {
    expect(looks(new SecondLook(), 17, 0)).toEqual([
      'wider',
      ...Array(7).fill('-'),
      'wider',
      ...Array(7).fill('-'),
      'wider',
    ]);
    const of = (part: number) => looks(new SecondLook(), 25, part).filter((way) => way !== '-');
    expect(of(0.3)).toEqual(['wider', 'raised', 'wider', 'raised']);
    expect(of(1)).toEqual(['smoothed', 'raised', 'smoothed', 'raised']);
  });

  it('goes on in the way that found somebody, and gives it another try after it did not', () => {
    const second = new SecondLook();
    const raised = (way: SecondWay) => way === 'raised';
    expect(looks(second, 12, 0.3, raised)).toEqual([
      'wider',
      ...Array(7).fill('-'),
      ...Array(4).fill('raised'),
    ]);
    const gone = looks(second, 18, 0.3).filter((way) => way !== '-');
    expect(gone).toEqual(['raised', 'raised', 'wider']);
  });

  it('begins anew after a frame in which the first look found somebody', () => {
    const second = new SecondLook();
    looks(second, 2, 0);
    expect(second.due).toBe(false);
    second.frame(true);
    expect(second.due).toBe(true);
  });
});
