import type { Analysed } from '../analyse.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { some } from '../dataset/fault.ts';
import { type Report, rateText, type Table } from '../report/report.ts';
import { type Rate, rateOf } from '../statistics/binomial.ts';

/** Pictures and what was made of each, in step. */
export interface Judged {
  readonly items: Dataset;
  readonly analysed: readonly Analysed[];
}

/** Whom the pictures that gave a template show. */
export function referencesOf({ items, analysed }: Judged): { person: string; vector: Float32Array }[] {
  return items.flatMap(({ label }, index) => {
    const vector = analysed[index]?.reference ?? null;
    return vector === null ? [] : [{ person: label, vector }];
  });
}

/** Rows of the table of failures at most. */
const MOST_REASONS = 12;

/**
 * The pictures without those whose file is the same as another's: a comparison of a picture with itself says nothing. Of
 * copies with one label the first stays; of copies with different ones none, because one of the labels is wrong.
 */
export function withoutCopies({ items, analysed }: Judged): Judged & { readonly notes: readonly string[] } {
  const same = new Map<string, number[]>();
  for (const [index, { digest, unreadable }] of analysed.entries()) {
    if (digest === null || unreadable) continue;
    const before = same.get(digest);
    if (before === undefined) same.set(digest, [index]);
    else before.push(index);
  }
  const groups = [...same.values()].filter(({ length }) => length > 1);
  const isContrary = (group: readonly number[]) =>
    new Set(group.map((index) => items[index]?.label)).size > 1;
  const contrary = groups.filter(isContrary).flat();
  const copies = groups.filter((group) => !isContrary(group)).flatMap((group) => group.slice(1));
  const out = new Set([...contrary, ...copies]);
  const names = (indexes: readonly number[]) => some(indexes.map((index) => items[index]?.path ?? ''));
  return {
    items: items.filter((_, index) => !out.has(index)),
    analysed: analysed.filter((_, index) => !out.has(index)),
    notes: [
      ...(copies.length === 0
        ? []
        : [`${copies.length} pictures are left out, because each is a copy of another: ${names(copies)}.`]),
      ...(contrary.length === 0
        ? []
        : [
            `${contrary.length} pictures are left out, because the same picture has different labels, so that one of them is wrong: ${names(contrary)}.`,
          ]),
    ],
  };
}

/** What every report tells of the pictures: how many, how many failed to be acquired and why, how many show several faces. */
export interface Acquisition {
  readonly facts: Report['facts'];
  readonly tables: readonly Table[];
  readonly figures: {
    readonly failureToAcquire: Rate;
    readonly noFace: number;
    readonly unreadable: number;
    readonly severalFaces: number;
  };
}

export function acquisitionOf(analysed: readonly Analysed[]): Acquisition {
  const failed = analysed.filter(({ probe }) => probe === null);
  const unreadable = failed.filter((one) => one.unreadable).length;
  const severalFaces = analysed.filter(({ faces }) => faces > 1).length;
  const failureToAcquire = rateOf(failed.length, analysed.length);
  return {
    facts: [
      ['pictures', String(analysed.length)],
      ['failure to acquire', rateText(failureToAcquire)],
      ...(unreadable === 0 ? [] : [['of these, files that could not be read', String(unreadable)] as const]),
      ...(severalFaces === 0
        ? []
        : [
            [
              'pictures with several faces, of which the large one near the middle counts',
              String(severalFaces),
            ] as const,
          ]),
    ],
    tables: failed.length === 0 ? [] : [reasonsOf(failed)],
    figures: { failureToAcquire, noFace: failed.length - unreadable, unreadable, severalFaces },
  };
}

function reasonsOf(failed: readonly Analysed[]): Table {
  const reasons = new Map<string, string[]>();
  for (const { fault, path } of failed) {
    const why = (fault ?? 'no template').replace(`${path}: `, '').replace(`, open '${path}'`, '');
    reasons.set(why, [...(reasons.get(why) ?? []), path]);
  }
  const rows = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  const rest = rows.slice(MOST_REASONS).reduce((sum, [, paths]) => sum + paths.length, 0);
  return {
    title: 'Pictures that gave no template',
    header: ['why', 'pictures', 'which'],
    rows: [
      ...rows.slice(0, MOST_REASONS).map(([why, paths]) => [why, String(paths.length), some(paths, 3)]),
      ...(rest === 0 ? [] : [['other reasons', String(rest), '']]),
    ],
  };
}
