import { expect, it } from 'vitest';
import { MaskMemory } from '../../src/vision/mask-memory.ts';
import { MASK_STATES } from '../../src/vision/types.ts';

const model = { id: 'mask', version: '1' };

/** A look that gives bare this probability, and worn the rest. */
function look(bare: number) {
  const state = bare >= 0.5 ? MASK_STATES[0] : MASK_STATES[1];
  return { state, score: Math.max(bare, 1 - bare), probabilities: [bare, 1 - bare, 0], model };
}

function after(looks: readonly number[]) {
  const memory = new MaskMemory();
  return looks.map((bare) => memory.add(look(bare))).at(-1);
}

it('believes the first look, and no few against many', () => {
  expect(after([0.1])).toEqual({ state: 'worn', score: 0.9, model });
  expect(after([...Array(20).fill(0.99), ...Array(6).fill(0.05)])?.state).toBe('bare');
  expect(after([0.05, ...Array(5).fill(0.99)])).toMatchObject({
    state: 'bare',
    score: expect.closeTo(0.833, 2),
  });
});

it('takes a mask that is put on or off within two seconds for what it is', () => {
  expect(after([...Array(300).fill(0.99), ...Array(30).fill(0.02)])?.state).toBe('worn');
  expect(after([...Array(300).fill(0.02), ...Array(30).fill(0.99)])?.state).toBe('bare');
});
