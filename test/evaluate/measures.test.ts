import { describe, expect, it } from 'vitest';
import type { OperatingPoint } from '../../src/calibration/index.ts';
import type { Analysed, GatePoint } from '../../src/evaluate/index.ts';
import {
  divide,
  htmlOf,
  type Item,
  identificationReport,
  livenessReport,
  markdownOf,
  maskReport,
  qualityReport,
  verificationReport,
} from '../../src/evaluate/index.ts';
import { near, unit } from '../gallery/helpers.ts';

const GOOD = {
  eyeDistance: 60,
  margin: 1,
  yaw: 0,
  pitch: 0,
  roll: 0,
  sharpness: 0.5,
  brightness: 0.5,
  contrast: 0.2,
  noise: 0.3,
  score: 0.9,
  failed: [],
};

const POINT: OperatingPoint = {
  source: 'fixed',
  fpir: null,
  references: 1,
  people: 0,
  location: 0.3,
  thresholds: { bare: 0.45, masked: 0.45, dark: 0.45 },
  darkBelow: 0.2,
};

const FIXED: GatePoint = {
  point: POINT,
  worth: (score) => ({
    falseMatchRate: 0.001,
    falsePositiveRate: 0.001,
    logLikelihoodRatio: 10 * (score - 0.45),
  }),
};

const NOTHING = {
  fault: null,
  unreadable: false,
  digest: null,
  faces: 1,
  quality: null,
  mask: null,
  liveness: null,
  probe: null,
  reference: null,
};

const PEOPLE = 12;
const EACH = 5;

/** Pictures of people whose every picture is this near to the person's own direction. */
function crowd(likeness: (person: number, picture: number) => number): {
  items: Item[];
  analysed: Analysed[];
} {
  const items: Item[] = [];
  const analysed: Analysed[] = [];
  for (let person = 0; person < PEOPLE; person++) {
    for (let picture = 0; picture < EACH; picture++) {
      const path = `/faces/${person}/${picture}.jpg`;
      const score = likeness(person, picture);
      const vector = score === 0 ? null : near(unit(person + 1), score, 1000 + person * EACH + picture);
      items.push({ path, label: `p${person}` });
      const quality = vector === null ? null : { ...GOOD, score };
      const fault = vector === null ? 'no face was found' : null;
      analysed.push({ ...NOTHING, path, fault, quality, probe: vector, reference: vector });
    }
  }
  return { items, analysed };
}

const figures = (report: { figures: Readonly<Record<string, unknown>> }) =>
  report.figures as Record<string, never>;

describe('verification', () => {
  it('has no errors where people are far apart, and counts a face not found as a false reject in each genuine comparison', () => {
    const { items, analysed } = crowd((person, picture) => (person === 0 && picture === 0 ? 0 : 0.95));
    const { eer, failedToAcquire, points } = figures(
      verificationReport({ items, analysed }, { pairs: null, threshold: () => FIXED }),
    );
    const genuine = (PEOPLE * EACH * (EACH - 1)) / 2;
    expect(failedToAcquire).toBe(1);
    expect(eer).toBe(0);
    expect((points as { falseMatch: unknown; falseNonMatch: unknown }[]).at(-1)).toMatchObject({
      falseMatch: { events: 0 },
      falseNonMatch: { events: 0, trials: genuine - (EACH - 1) },
      falseReject: { events: EACH - 1, trials: genuine },
    });
  });

  it('compares the pairs given and no others', () => {
    const { items, analysed } = crowd(() => 0.95);
    const pairs = [0, 1].flatMap((fold) => [
      { one: '/faces/0/0.jpg', other: `/faces/0/${fold + 1}.jpg`, same: true, fold },
      { one: '/faces/0/0.jpg', other: `/faces/${fold + 1}/1.jpg`, same: false, fold },
    ]);
    const report = verificationReport({ items, analysed }, { pairs, threshold: () => FIXED });
    expect(Object.fromEntries(report.facts)).toMatchObject({
      'genuine comparisons': '2',
      'impostor comparisons': '2',
      'accuracy of each fold': '100.00 %, 100.00 %',
    });
  });
});

describe('identification', () => {
  const options = { references: 2, strangers: 0.5, seed: 7, threshold: () => FIXED, margin: 0.05 };

  it('names the enrolled and no stranger', () => {
    const { items, analysed } = crowd(() => 0.95);
    const report = identificationReport({ items, analysed }, divide(items, options), options);
    expect(figures(report)).toMatchObject({ people: PEOPLE / 2, references: PEOPLE });
    expect((figures(report).points as { falsePositive: unknown }[]).at(-1)).toMatchObject({
      falsePositive: { events: 0, trials: (PEOPLE / 2) * EACH },
      falseNegative: { events: 0, trials: (PEOPLE / 2) * (EACH - 2) },
    });
    expect(identificationReport({ items, analysed }, divide(items, options), options)).toEqual(report);
  });

  it('counts a probe without a face, or below the threshold, as not identified', () => {
    const { items, analysed } = crowd((_, picture) => [0.95, 0.95, 0.95, 0, 0.2][picture] ?? 0);
    const { points } = figures(identificationReport({ items, analysed }, divide(items, options), options));
    expect((points as { falseNegative: { events: number } }[]).at(-1)?.falseNegative.events).toBe(PEOPLE);
  });
});

describe('liveness', () => {
  it('tells each kind of attack apart, the worst of them, and what gave no score', () => {
    const make = (label: string, scores: (number | null)[]) =>
      scores.map((liveness, n) => ({
        item: { path: `/${label}/${n}.jpg`, label },
        result: { ...NOTHING, path: '', liveness },
      }));
    const all = [
      ...make('live', [0.9, 0.8, 0.95, 0.3, null]),
      ...make('print', [0.1, 0.2, 0.05, 0.1]),
      ...make('screen', [0.1, 0.85, null, 0.9]),
    ];
    const report = livenessReport(
      { items: all.map(({ item }) => item), analysed: all.map(({ result }) => result) },
      { granted: 0.7 },
    );
    expect((figures(report).points as unknown[])[0]).toMatchObject({
      apcer: [
        { name: 'print', rate: { events: 0, trials: 4 } },
        { name: 'screen', rate: { events: 2, trials: 3 } },
      ],
      worst: { name: 'screen', rate: { events: 2, trials: 3 } },
      bpcer: { events: 1, trials: 4 },
      acer: (2 / 3 + 1 / 4) / 2,
    });
    expect(figures(report).nonResponses).toMatchObject([
      { name: 'live', rate: { events: 1, trials: 5 } },
      { name: 'print', rate: { events: 0 } },
      { name: 'screen', rate: { events: 1, trials: 4 } },
    ]);
  });
});

describe('mask', () => {
  it('tells what each state was read as, and a face not found apart', () => {
    const picture = (label: string, state: 'bare' | 'worn' | 'incorrect' | null) => ({
      item: { path: '', label },
      result: {
        ...NOTHING,
        path: '',
        mask: state === null ? null : { state, score: 0.9 },
      },
    });
    const all = [
      picture('worn', 'worn'),
      picture('worn', 'worn'),
      picture('worn', 'incorrect'),
      picture('worn', null),
      picture('bare', 'bare'),
      picture('bare', 'worn'),
      picture('incorrect', 'bare'),
    ];
    const report = maskReport({
      items: all.map(({ item }) => item),
      analysed: all.map(({ result }) => result),
    });
    expect(figures(report).balanced).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 9);
    expect(figures(report).twoWay).toBeCloseTo((1 + 1 / 2 + 0) / 3, 9);
    expect(figures(report).states).toMatchObject([
      { state: 'bare', right: { events: 1, trials: 2 } },
      { state: 'worn', pictures: 4, missing: { events: 1, trials: 4 }, right: { events: 2, trials: 3 } },
      { state: 'incorrect', right: { events: 0, trials: 1 } },
    ]);
  });
});

describe('quality', () => {
  it('shows fewer errors with the worst left out, where quality foretells them', () => {
    const { items, analysed } = crowd((_, picture) => (picture === 4 ? 0.05 : 0.95));
    const { points } = figures(qualityReport({ items, analysed }, { threshold: () => FIXED })) as unknown as {
      points: { rejected: number; errors: { rate: { value: number } }[] }[];
    };
    const rates = points.map(({ errors }) => errors[0]?.rate.value ?? 0);
    expect(rates[0]).toBeGreaterThan(0.05);
    expect(rates.at(-1)).toBeLessThan(rates[0] ?? 0);
  });
});

describe('a report', () => {
  it('is the same in Markdown and HTML, with names made harmless', () => {
    const { items, analysed } = crowd(() => 0.95);
    const report = verificationReport({ items, analysed }, { pairs: null, threshold: () => FIXED });
    const hostile = { ...report, title: '<script>alert(1)</script>' };
    expect(htmlOf(hostile)).not.toContain('<script>');
    expect(htmlOf(report)).toMatch(/<svg[^>]+>.*<\/svg>/s);
    expect(markdownOf(report)).toContain(
      '| at | cosine | log10 likelihood ratio | FMR | FMR, bounds over people | FNMR |',
    );
  });
});
