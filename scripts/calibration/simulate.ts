import {
  type Curve,
  comparisonRate,
  cosineAt,
  ImpostorSums,
  operatingPoint,
} from '../../src/calibration/index.ts';
import { cosine } from '../../src/evaluate/measures/comparisons.ts';
import { mulberry32 } from '../../src/evaluate/statistics/bootstrap.ts';
import type { AnalysedSet, SetName } from './sets.ts';

const SIZES = [0, 5, 10, 15, 20, 50] as const;
const RATES = [1e-2, 1e-3, 1e-4] as const;
const DRAWS = 60;
const STRANGERS = 30;

interface Person {
  readonly references: readonly Float32Array[];
  readonly probes: readonly Float32Array[];
}

/**
 * What a threshold for a false match rate lets through in each population: fixed as it was fitted on LFW (before), and as
 * the gate finds it with so many people enrolled, strangers being others of the same population. People are drawn sixty times.
 */
export function simulate(
  curve: Curve,
  of: (name: SetName) => AnalysedSet | undefined,
  print: (line: string) => void,
): void {
  const lfw = curve.fitted.find(({ population }) => population.startsWith('lfw'))?.location ?? curve.location;
  print(
    'set | enrolled | threshold for 1e-3 | FMR over that asked for, at 1e-2, 1e-3, 1e-4: before | after | FNMR at 1e-3: before | after | FPIR over 1e-2 asked for',
  );
  for (const name of ['lfw', 'casia', 'afdb'] as const) {
    const set = of(name);
    if (set === undefined) continue;
    const people = peopleOf(set);
    for (const size of SIZES) {
      if (size + 5 > people.length) continue;
      print(`${name} | ${size} | ${trial(curve, lfw, people, size)}`);
    }
  }
}

function trial(curve: Curve, lfw: number, people: readonly Person[], size: number): string {
  const random = mulberry32(size + 1);
  const before = RATES.map(() => 0);
  const after = RATES.map(() => 0);
  const missed = { before: 0, after: 0, trials: 0 };
  const searches = { positive: 0, trials: 0 };
  let comparisons = 0;
  let threshold = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    const order = people.map((person) => ({ person, at: random() })).sort((a, b) => a.at - b.at);
    // With nobody enrolled the threshold is the network's own; somebody has to be compared with all the same.
    const enrolled = order.slice(0, Math.max(size, 5)).map(({ person }) => person);
    const strangers = order.slice(enrolled.length, enrolled.length + STRANGERS).map(({ person }) => person);
    const references = enrolled.map((person) => person.references[0]);
    const at = (rate: number, count: number) => {
      // One reference, at the rate asked for: the rate of a comparison.
      const wanted = { fpir: rate, fixed: null, references: count, site: null };
      const gallery = size === 0 ? null : locationOf(references, curve.deviations);
      return operatingPoint(curve, { ...wanted, gallery }).thresholds.bare;
    };
    const now = RATES.map((rate) => at(rate, 1));
    const then = RATES.map((rate) => cosineAt(curve, lfw, rate));
    const searched = at(1e-2, references.length);
    threshold += now[1] / DRAWS;
    for (const stranger of strangers) {
      for (const probe of stranger.probes) {
        const scores = references.map((reference) => cosine(reference, probe));
        comparisons += scores.length;
        for (const score of scores) {
          for (const i of RATES.keys()) {
            if (score >= then[i]) before[i] += 1;
            if (score >= now[i]) after[i] += 1;
          }
        }
        searches.trials += 1;
        if (Math.max(...scores) >= searched) searches.positive += 1;
      }
    }
    for (const {
      references: [reference],
      probes,
    } of enrolled) {
      for (const probe of probes.slice(1)) {
        const score = cosine(reference, probe);
        missed.trials += 1;
        if (score < then[1]) missed.before += 1;
        if (score < now[1]) missed.after += 1;
      }
    }
  }
  const factors = (counts: readonly number[]) =>
    RATES.map((rate, i) => (counts[i] / comparisons / rate).toFixed(2)).join(', ');
  const part = (count: number) => `${((100 * count) / missed.trials).toFixed(1)} %`;
  const fpir = (searches.positive / searches.trials / 1e-2).toFixed(2);
  return `${threshold.toFixed(3)} | ${factors(before)} | ${factors(after)} | ${part(missed.before)} | ${part(missed.after)} | ${fpir} (${comparisonRate(1e-2, Math.max(size, 5)).toExponential(1)} each)`;
}

function locationOf(references: readonly Float32Array[], deviations: number) {
  const sums = new ImpostorSums(references.length);
  for (const [one, reference] of references.entries()) {
    for (let other = one + 1; other < references.length; other++)
      sums.add(one, other, cosine(reference, references[other]));
  }
  return sums.location(deviations);
}

function peopleOf({ items, analysed }: AnalysedSet): Person[] {
  const people = new Map<string, { references: Float32Array[]; probes: Float32Array[] }>();
  for (const [index, { label }] of items.entries()) {
    const { reference, probe } = analysed[index] ?? { reference: null, probe: null };
    if (reference === null || probe === null) continue;
    const person = people.get(label) ?? { references: [], probes: [] };
    person.references.push(reference);
    person.probes.push(probe);
    people.set(label, person);
  }
  return [...people.values()];
}
