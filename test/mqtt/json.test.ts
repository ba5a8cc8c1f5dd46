import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTopic, matches, readJson } from '../../src/mqtt/index.ts';

const bytes = (text: string) => Buffer.from(text);

describe('readJson', () => {
  it('reads what JSON.parse reads, within the depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        expect(readJson(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws more than an ordinary error, whatever it is given, and quotes nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        try {
          readJson(junk);
        } catch (error) {
          expect(String(error)).toMatch(/^Error: it (is|has) [a-zA-Z0-9 -]+$/);
        }
      }),
    );
  });

  it.each([
    ['200,000 open brackets', bytes('['.repeat(200_000)), 'nested'],
    ['17 levels', bytes(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`), 'nested'],
    ['brackets that close first', bytes(`${']'.repeat(50)}${'['.repeat(20)}`), 'JSON'],
    ['more than is allowed', Buffer.alloc(300_000, 0x20), 'bytes'],
    ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'UTF-8'],
    ['half a character', Buffer.from([0x22, 0xe9, 0x97, 0x22]), 'UTF-8'],
    ['a byte order mark', bytes('\ufeff{}'), 'JSON'],
    ['nothing', Buffer.alloc(0), 'JSON'],
  ])('refuses %s', (_, input, why) => {
    expect(() => readJson(input)).toThrow(why);
  });

  it('takes brackets within texts for text', () => {
    const text = JSON.stringify({ a: '['.repeat(100), b: '\\"[[[[[[[[[[[[[[[[[[[[' });
    expect(readJson(bytes(text))).toEqual(JSON.parse(text));
  });

  it('makes no prototype of a key of that name', () => {
    const value = readJson(bytes('{"__proto__":{"role":"administrator"}}'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe('topics', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['+/b', 'a/b', true],
    ['+', 'a/b', false],
    ['#', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/b/+', 'a/b', false],
    ['a/b', 'a/b/', false],
  ])('%s takes %s: %s', (filter, topic, taken) => {
    expect(matches(filter, topic)).toBe(taken);
  });

  it.each(['a/+', '#', '', '$SYS/x', 'a\u0000b', 'a\ud800', 'x'.repeat(513)])(
    'nothing is published to %j',
    (topic) => {
      expect(isTopic(topic)).toBe(false);
    },
  );

  it('publishes to ordinary topics', () => {
    expect(isTopic('menshen/门/answers/1')).toBe(true);
  });
});
