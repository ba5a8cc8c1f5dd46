import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BurstSplitter } from '../../src/readers/bursts.ts';
import { hexNumber, maskedNumber, normalNumber, typedNumber } from '../../src/readers/card-number.ts';
import { KeypadEntry } from '../../src/readers/entry.ts';
import { InputEventReader } from '../../src/readers/input-events.ts';
import { meaningOf } from '../../src/readers/keys.ts';
import type { Key } from '../../src/readers/types.ts';
import { readWiegand, wiegandBits } from '../../src/readers/wiegand.ts';
import { codeOf, inputEvent, stroke, typed } from './support.ts';

const ALL = { bits: 80, reversed: false };

describe('the number of a card', () => {
  it('is the same at every reader', () => {
    // The card of the page docs/reference/readers.md: facility 188, number 24910.
    const bits = wiegandBits((188).toString(2).padStart(8, '0') + (24910).toString(2).padStart(16, '0'));
    const wiegand = readWiegand(bits);
    expect(bits).toBe('11011110001100001010011100');
    expect(wiegand).toEqual({ kind: 'card', value: 12345678n, bytes: 3 });
    expect(normalNumber(12345678n, 3, ALL)).toBe('12345678');
    expect(typedNumber('0012345678', 'decimal', ALL)).toBe('12345678');
    expect(typedNumber('00BC614E', 'hex', ALL)).toBe('12345678');
    expect(typedNumber('4E61BC00', 'hex', { ...ALL, reversed: true })).toBe('12345678');
    expect(typedNumber('1315027968', 'decimal', { ...ALL, reversed: true })).toBe('12345678');
    expect(typedNumber('188,24910', 'facility', ALL)).toBe('12345678');
    expect(typedNumber('18824910', 'facility', ALL)).toBe('12345678');
    expect(hexNumber('bc614e', ALL)).toBe('12345678');
    expect(typedNumber('4256981326', 'decimal', { ...ALL, bits: 24 })).toBe('12345678');
  });

  it.each([
    ['decimal', ''],
    ['decimal', '0000000000'],
    ['decimal', '12a'],
    ['decimal', '9'.repeat(25)],
    ['decimal', '1'.repeat(26)],
    ['hex', 'ABC'],
    ['hex', 'AB'.repeat(11)],
    ['hex', '1234,5'],
    ['facility', '188'],
    ['facility', '70000,1'],
    ['facility', '0,0'],
    ['facility', '1,65536'],
  ] as const)('%s "%s" is no card', (format, text) => expect(typedNumber(text, format, ALL)).toBeNull());

  it('shows its last digits in a record, and never all of them', () => {
    expect(maskedNumber('12345678')).toBe('…5678');
    expect(maskedNumber('5678')).toBe('…');
  });

  it('reversed twice is the same card', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 10 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex');
        const back = Buffer.from(bytes.toReversed()).toString('hex');
        expect(hexNumber(hex, ALL)).toBe(hexNumber(back, { ...ALL, reversed: true }));
      }),
    );
  });
});

describe('Wiegand bits', () => {
  it('of 26 and 34 are a card again, and no card with any one bit flipped', () => {
    fc.assert(
      fc.property(fc.constantFrom(24, 32), fc.bigInt({ min: 1n, max: 2n ** 32n - 1n }), (length, number) => {
        const value = BigInt.asUintN(length, number);
        const bits = wiegandBits(value.toString(2).padStart(length, '0'));
        expect(readWiegand(bits)).toEqual({ kind: 'card', value, bytes: length / 8 });
        for (let index = 0; index < bits.length; index++) {
          const flipped = bits.slice(0, index) + (bits[index] === '1' ? '0' : '1') + bits.slice(index + 1);
          expect(readWiegand(flipped).kind).toBe('nonsense');
        }
      }),
    );
  });

  it('of 4 and 8 are keys', () => {
    expect(readWiegand('0111')).toEqual({ kind: 'key', key: { digit: '7' } });
    expect(readWiegand('10000111')).toEqual({ kind: 'key', key: { digit: '7' } });
    expect(readWiegand('01011010')).toEqual({ kind: 'key', key: 'clear' });
    expect(readWiegand('1011')).toEqual({ kind: 'key', key: 'enter' });
    for (const bits of ['1100', '01110111', '', '1', '101010101010']) {
      expect(readWiegand(bits).kind).toBe('nonsense');
    }
  });
});

describe('events of the kernel', () => {
  it('are read whatever pieces they come in; releases and repeats say nothing', () => {
    const bytes = Buffer.concat([stroke(2, 1234.567), inputEvent(1, 2, 2, 1300), stroke(28, 5000)]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
        const presses: unknown[] = [];
        const reader = new InputEventReader(
          (press) => presses.push(press),
          () => presses.push('loss'),
          'arm64',
        );
        let at = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
          reader.push(bytes.subarray(at, cut));
          at = Math.max(at, cut);
        }
        expect(presses).toEqual([
          { code: 2, at: 1234.567 },
          { code: 28, at: 5000 },
        ]);
      }),
    );
  });

  it('have 16 bytes in a 32-bit process', () => {
    const event = Buffer.alloc(16);
    event.writeUInt32LE(3, 0);
    event.writeUInt32LE(250_000, 4);
    event.writeUInt16LE(1, 8);
    event.writeUInt16LE(11, 10);
    event.writeInt32LE(1, 12);
    const presses: unknown[] = [];
    new InputEventReader(
      (press) => presses.push(press),
      () => {},
      'arm',
    ).push(Buffer.concat([event, event]));
    expect(presses).toEqual([
      { code: 11, at: 3250 },
      { code: 11, at: 3250 },
    ]);
  });

  it('tell when some were lost', () => {
    let losses = 0;
    new InputEventReader(
      () => {},
      () => losses++,
      'x64',
    ).push(inputEvent(0, 3, 0, 1));
    expect(losses).toBe(1);
  });

  it('mean digits on the row, the number pad and the telephone pad', () => {
    const row = [11, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const pad = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73];
    const telephone = Array.from({ length: 10 }, (_, digit) => 512 + digit);
    for (const codes of [row, pad, telephone]) expect(codes.map(meaningOf).join('')).toBe('0123456789');
    expect([28, 96, 523].map(meaningOf)).toEqual(['enter', 'enter', 'enter']);
    expect([0, 34, 57, 255].map(meaningOf)).toEqual([null, null, null, null]);
  });
});

describe('a card and a person on the same keys', () => {
  function split(events: readonly (readonly [string, number])[], minLength = 6) {
    const told: (string | Key)[] = [];
    const splitter = new BurstSplitter(
      { gapMs: 40, minLength },
      { burst: (text) => told.push(text), key: (key) => told.push(key) },
    );
    for (const [meaning, at] of events) splitter.press(meaning, at);
    splitter.settle();
    return told;
  }
  const at = (text: string, from: number, gap: number) =>
    [...text].map((character, index) => [character, from + index * gap] as const);
  const digits = (text: string) => [...text].map((digit) => ({ digit }));

  it('are told apart by how fast the keys come', () => {
    expect(split([...at('0012345678', 0, 8), ['enter', 80]])).toEqual(['0012345678', 'enter']);
    expect(split([...at('4711', 0, 120), ['enter', 600]])).toEqual([...digits('4711'), 'enter']);
    expect(split(at('12345678', 0, 41))).toEqual(digits('12345678'));
    expect(split([...at('47', 0, 200), ...at('0012345678', 500, 5), ['enter', 560]])).toEqual([
      ...digits('47'),
      '0012345678',
      'enter',
    ]);
  });

  it('are told apart whatever a person types before and after, and nothing is lost', () => {
    const human = fc.array(fc.tuple(fc.constantFrom(...'0123456789'), fc.integer({ min: 60, max: 900 })), {
      maxLength: 8,
    });
    const card = fc.tuple(fc.stringMatching(/^\d{8,20}$/), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(human, card, human, (before, [number, gap], after) => {
        let now = 0;
        const events: (readonly [string, number])[] = [];
        const press = (key: string, pause: number) => {
          now += pause;
          events.push([key, now]);
        };
        for (const [digit, pause] of before) press(digit, pause);
        now += 100;
        for (const digit of number) press(digit, gap);
        press('enter', gap);
        for (const [digit, pause] of after) press(digit, pause);
        expect(split(events)).toEqual([
          ...digits(before.map(([digit]) => digit).join('')),
          number,
          'enter',
          ...digits(after.map(([digit]) => digit).join('')),
        ]);
      }),
    );
  });

  it('keeps no more of a burst than it needs to see that it is none, and survives a clock that steps back', () => {
    const endless = split(at('1'.repeat(5000), 0, 1));
    expect(endless).toHaveLength(1);
    expect(String(endless[0]).length).toBeLessThan(30);
    expect(split([...at('123', 1000, 5), ...at('456', 0, 5)])).toEqual(digits('123456'));
  });

  it('types letters only on a card', () => {
    expect(split(at('00BC614E', 0, 5))).toEqual(['00BC614E']);
    expect(split(at('1A2', 0, 100))).toEqual([{ digit: '1' }, 'clear', { digit: '2' }]);
  });
});

describe('an entry', () => {
  function enter(keys: string, { length = 0, maxLength = 8, timeoutMs = 5000, gap = 100 } = {}) {
    const entries: string[] = [];
    const entry = new KeypadEntry({ length, maxLength, timeoutMs }, (digits) => entries.push(digits));
    [...keys].forEach((key, index) => {
      entry.press(key === '#' ? 'enter' : key === '*' ? 'clear' : { digit: key }, index * gap);
    });
    return entries;
  }

  it('ends with Enter, begins anew after a clear, and is dropped when it is too long or too slow', () => {
    expect(enter('1234#')).toEqual(['1234']);
    expect(enter('#12#*34#')).toEqual(['12', '34']);
    expect(enter('12*34#')).toEqual(['34']);
    expect(enter('123456789#56#')).toEqual(['56']);
    expect(enter('1234#', { gap: 5001 })).toEqual([]);
    expect(enter('1234')).toEqual([]);
  });

  it('ends by itself where its length is fixed', () => {
    expect(enter('12345678', { length: 4 })).toEqual(['1234', '5678']);
    expect(enter('12#', { length: 4 })).toEqual(['12']);
  });

  it('never tells anything but 1 to maxLength digits', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9*#]{0,60}$/),
        fc.integer({ min: 4, max: 16 }),
        (keys, maxLength) => {
          for (const digits of enter(keys, { maxLength })) {
            expect(digits).toMatch(/^\d+$/);
            expect(digits.length).toBeLessThanOrEqual(maxLength);
            expect(keys).toContain(`${digits}#`);
          }
        },
      ),
    );
  });
});

it('the test types what it says', () => {
  expect([...'1A,\n'].map(codeOf)).toEqual([2, 30, 51, 28]);
  expect(typed('12', 10).length).toBe(2 * 5 * 24);
});
