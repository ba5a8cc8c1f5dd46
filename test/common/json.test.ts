import { expect, it } from 'vitest';
import { jsonOf, parseJson } from '../../src/common/index.ts';

it.each([
  ['{"a":[1,null]}', { a: [1, null] }],
  ['"门"', '门'],
  ['null', null],
  ['{"a":', undefined],
  ['', undefined],
])('%j is read as %j, as text and as bytes', (text, value) => {
  expect(parseJson(text)).toEqual(value);
  expect(parseJson(Buffer.from(text))).toEqual(value);
});

it('takes no bytes that are not UTF-8', () => {
  expect(parseJson(Buffer.from([0x22, 0xc0, 0xee, 0x22]))).toBeUndefined();
});

it('leaves members out that are undefined', () => {
  expect(Object.keys(jsonOf({ a: 1, b: undefined, c: { d: undefined } }))).toEqual(['a', 'c']);
});
