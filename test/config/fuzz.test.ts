import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MenshenError } from '../../src/common/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { MINIMAL } from './fixtures.ts';

/** Loads or fails in the one way a reader can act on; anything else falls through. */
function outcome(text: string): 'loaded' | MenshenError {
  try {
    parseConfig(text, '/gate.yaml');
    return 'loaded';
  } catch (error) {
    if (error instanceof MenshenError) return error;
    throw error;
  }
}

const PLACE = /^\/gate\.yaml:[1-9]\d*:[1-9]\d*: ./;

function check(text: string): void {
  const result = outcome(text);
  if (result === 'loaded') return;
  expect(['CONFIG_SYNTAX', 'CONFIG_INVALID']).toContain(result.code);
  for (const line of result.message.split('\n')) expect(line).toMatch(PLACE);
}

const punctuation = fc.string({
  unit: fc.constantFrom(...'{}[]:-?*&!|>\'"#%@`,~ \n\t\\\0a1'),
  maxLength: 80,
});
const pieces = fc.array(
  fc.constantFrom(
    'gate',
    'id',
    'cameras',
    'doors',
    'relay',
    'line',
    ': ',
    '\n',
    '\n  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '<<',
    '!!int ',
    '"',
    "'",
    '# ',
    '1',
    '1e9',
    '.nan',
    'null',
    '__proto__',
    'constructor',
  ),
  { maxLength: 40 },
);

describe('the loader survives', () => {
  it('any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), punctuation), check), {
      numRuns: 1000,
    });
  });

  it('any arrangement of YAML and our own keys', () => {
    fc.assert(
      fc.property(pieces, (words) => check(words.join(''))),
      { numRuns: 300 },
    );
  });

  it('any YAML value, alone or under any key of ours', () => {
    const keys = fc.constantFrom(
      'gate',
      'dataDir',
      'key',
      'cameras',
      'doors',
      'vision',
      'decision',
      'mqtt',
      'journal',
      'log',
    );
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), keys, (value, key) => {
        check(stringify(value));
        check(stringify({ [key]: value }));
        check(stringify({ gate: { id: 'g' }, cameras: [value], doors: [value, { id: 'd', relay: value }] }));
      }),
      { numRuns: 200 },
    );
  });

  it('a good file cut, doubled or altered anywhere', () => {
    const place = fc.nat({ max: MINIMAL.length });
    fc.assert(
      fc.property(
        place,
        place,
        fc.constantFrom('', ' ', '\n', '\t', '[', '}', '"', '*', '&x ', '- ', ': '),
        (from, to, insert) => {
          check(MINIMAL.slice(0, from) + insert + MINIMAL.slice(to));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      'maps in maps, by indentation',
      Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ],
    [
      'lists in lists, over many lines',
      Array.from({ length: 700 }, (_, depth) => `${'  '.repeat(depth)}-`).join('\n'),
    ],
    ['explicit keys', '? '.repeat(20_000)],
    ['flow maps', '{a: '.repeat(20_000)],
    ['a flow map over many lines', '{a:\n'.repeat(20_000)],
    ['quoted keys', '"a": '.repeat(20_000)],
    ['brackets after brackets closed in excess', `${']'.repeat(5000)}${'['.repeat(5000)}`],
    ['anchors in rows', '&a '.repeat(20_000)],
    ['tags in rows', '!a '.repeat(20_000)],
    ['a very long line', `a: ${'x'.repeat(260_000)}`],
    ['very many lines', 'a\n'.repeat(130_000)],
    ['very many keys', Array.from({ length: 5000 }, (_, n) => `k${n}: 1`).join('\n')],
  ])('%s', (_, text) => {
    expect(outcome(text)).toMatchObject({ name: 'MenshenError' });
  });
});
