import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/access/reasons.ts';
import { ERRORS } from '../../src/common/index.ts';
import { configJsonSchema } from '../../src/config/index.ts';
import { PROMPTS, REASON_PROMPTS } from '../../src/console/index.ts';

const root = new URL('../../', import.meta.url).pathname;
const page = (path: string) => readFileSync(join(root, path), 'utf8');

/** Cells of the table rows that begin with a code in back quotes. */
function rows(path: string, code: RegExp): string[][] {
  return page(path)
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
    .filter(([first]) => first?.startsWith('`') && code.test(first.replaceAll('`', '')))
    .map(([first = '', ...rest]) => [first.replaceAll('`', ''), ...rest]);
}

/** The table of the reasons, which has four columns, and that of what is told, which has three. */
const reasons = (columns: number) =>
  rows('docs/reference/reasons.md', /^[A-Z_]+$/).filter((row) => row.length === columns);

describe('docs/reference', () => {
  it('errors.md documents every error, in the words of the catalogue, and no other', () => {
    const documented = rows('docs/reference/errors.md', /^[A-Z_]+$/);
    expect(Object.fromEntries(documented.map(([code, meaning]) => [code, meaning]))).toEqual(ERRORS);
    expect(documented).toHaveLength(Object.keys(ERRORS).length);
  });

  it('reasons.md documents every reason, in the words of the catalogue, and no other', () => {
    const documented = reasons(4);
    const meanings = Object.fromEntries(documented.map(([reason, , meaning]) => [reason, meaning]));
    expect(meanings).toEqual(REASONS);
    expect(documented).toHaveLength(Object.keys(REASONS).length);
    const granting = documented.filter(([, verdict]) => verdict === 'grant').map(([reason]) => reason);
    expect(granting).toEqual(Object.keys(REASONS).filter((reason) => reason.startsWith('GRANTED_')));
  });

  it('reasons.md says in two languages what the person at the door is told', () => {
    const told = Object.entries(REASON_PROMPTS).map(([reason, prompt]) => {
      const { en, zh } = PROMPTS[prompt];
      return [reason, en, zh];
    });
    const byReason = (rows: string[][]) => rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    expect(byReason(reasons(3))).toEqual(byReason(told));
  });

  it('reasons.md names settings that exist', () => {
    const known = JSON.stringify(configJsonSchema());
    const settings = rows('docs/reference/reasons.md', /^[A-Z_]+$/).flatMap((row) =>
      [...(row[3] ?? '').matchAll(/`(?:[a-z]+(?:\[\])?\.)*([a-zA-Z]+)`/g)].map((match) => match[1] ?? ''),
    );
    expect(settings.length).toBeGreaterThan(15);
    expect(settings.filter((key) => !known.includes(`"${key}":`))).toEqual([]);
  });
});

describe('every page', () => {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path));

  it('links to files that exist', () => {
    const broken = pages.flatMap((path) =>
      [...page(path).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(root, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(pages.length).toBeGreaterThan(8);
    expect(broken).toEqual([]);
  });

  it('can be reached from docs/README.md', () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path) || !path.endsWith('.md') || !existsSync(join(root, path))) return;
      reached.add(path);
      for (const match of page(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
        visit(join(dirname(path), match[1] ?? ''));
    };
    visit('docs/README.md');
    expect(pages.filter((path) => !reached.has(path))).toEqual([]);
  });
});
