import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../../src/access/index.ts';
import { complete, play } from './scenario.ts';

const page = readFileSync(new URL('../../../docs/reference/rules.md', import.meta.url), 'utf8');

/** Each example of the page: the heading above it, a part of a configuration, and what follows from it. */
const examples = page.split(/^## /m).flatMap((section) => {
  const title = section.split('\n')[0] ?? '';
  return [...section.matchAll(/```yaml\n([^`]*)```[^`]*```scenario\n([^`]*)```/g)].map(
    ([, yaml = '', scenario = '']) => ({ title, yaml, scenario: scenario.trim() }),
  );
});

describe('docs/reference/rules.md', () => {
  it.each(examples)('$title goes as the page says', ({ yaml, scenario }) => {
    expect(play(complete(yaml), scenario)).toBe(scenario);
  });

  it('has an example for every rule, and shows the reasons of the rules of entry', () => {
    expect(examples.length).toBeGreaterThan(13);
    const fences = page.match(/```scenario/g);
    expect(fences).toHaveLength(examples.length);
    const shown = new Set([...page.matchAll(/: (?:grant|deny|wait) ([A-Z_]+)/g)].map(([, reason]) => reason));
    for (const reason of shown) expect(Object.keys(REASONS)).toContain(reason);
    expect(shown.size).toBeGreaterThan(20);
  });

  it('says what happens where a face is the only way and nobody has said that it may be', () => {
    const yaml = 'doors: [{ id: front, entry: { ways: [{ by: [face] }] } }]';
    expect(() => complete(yaml)).toThrow('a face is the only way in here');
    expect(() => complete('doors: [{ id: front }]')).toThrow('a face is the only way in here');
    const night = yaml.replace('[face] }', '[face, card], when: never }, { by: [face+pin] }');
    expect(() => complete(night)).toThrow('ways[1]: a face is the only way in here');
  });
});
