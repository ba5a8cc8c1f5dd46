import type { Curve } from '../../src/calibration/index.ts';
import { halfOf, type Person, peopleOf, shuffled } from './people.ts';
import type { AnalysedSet, SetName } from './sets.ts';
import { type Draw, type TrialResult, trial } from './trial.ts';

const SIZES = [0, 5, 10, 15, 20, 30, 50, 100, 200] as const;
const MIXED_SIZES = [10, 20, 40] as const;
const STRANGERS = 30;
const NAMES: readonly SetName[] = ['lfw', 'casia', 'afdb'];

/** Somebody has to be compared with, even where the gate knows nobody. */
const FEWEST = 5;

/** Fits a curve on some sets. */
export type Fit = (of: (name: SetName) => AnalysedSet | undefined) => Curve;

type Sets = ReadonlyMap<SetName, AnalysedSet>;

const HEADER =
  'strangers of | enrolled | cosine for FMR 1e-3 | FMR over that asked for, at 1e-2, 1e-3, 1e-4: before | after | bounds over people (95 %) at 1e-2, 1e-3 | comparisons | FNMR at 1e-3: before | after | FPIR after, over 1e-2';

/** The tables of docs/explanation/calibration.md. */
export function simulate(curve: Curve, refit: Fit, sets: Sets, print: (line: string) => void): void {
  const people = new Map([...sets].map(([name, set]) => [name, peopleOf(set)]));
  const before = locationOf(curve, 'lfw') ?? curve.location;
  print(`\nEach population by itself\n${HEADER}`);
  for (const [name, all] of people) {
    for (const size of SIZES) {
      if (size + FEWEST > all.length) continue;
      const options = { curve, before, draw: among(all, size), unknown: size === 0 };
      print(row(name, String(size), trial(options, size + 1)));
    }
  }
  print(`\nGalleries of all populations alike, strangers of one\n${HEADER}`);
  for (const name of NAMES) {
    for (const size of MIXED_SIZES) {
      const draw = mixed(people, name, size);
      if (draw === null) continue;
      for (const atOnce of [true, false]) {
        const how = atOnce ? 'followed at once' : 'by parts';
        print(row(name, `${size}, ${how}`, trial({ curve, before, draw, atOnce }, size + 1)));
      }
    }
  }
  heldOut(refit, sets, print);
}

/** Curves that were fitted without the people they are judged by. */
function heldOut(refit: Fit, sets: Sets, print: (line: string) => void): void {
  print(`\nHeld out: the curve was fitted on the other populations\n${HEADER}`);
  for (const [name, set] of sets) {
    const curve = refit((other) => (other === name ? undefined : sets.get(other)));
    judge(name, curve, peopleOf(set), print);
  }
  print(
    `\nHeld out: the curve was fitted on one half of the people of each population, judged by the other\n${HEADER}`,
  );
  const half = refit((name) => {
    const set = sets.get(name);
    return set === undefined ? undefined : halfOf(set, true);
  });
  for (const [name, set] of sets) judge(name, half, peopleOf(halfOf(set, false)), print);
}

function judge(name: string, curve: Curve, people: readonly Person[], print: (line: string) => void): void {
  const before = locationOf(curve, 'lfw') ?? curve.location;
  for (const size of SIZES) {
    if (size < FEWEST || size + FEWEST > people.length) continue;
    print(row(name, String(size), trial({ curve, before, draw: among(people, size) }, size + 1)));
  }
}

function locationOf(curve: Curve, population: string): number | undefined {
  return curve.fitted.find((one) => one.population.startsWith(population))?.location;
}

/** So many enrolled, others of the same people as strangers. */
function among(people: readonly Person[], size: number): Draw {
  return (random) => {
    const order = shuffled(people, random);
    const enrolled = order.slice(0, Math.max(size, FEWEST));
    return { enrolled, strangers: order.slice(enrolled.length, enrolled.length + STRANGERS) };
  };
}

/** As many of each population enrolled, strangers of one of them; null where it has too few people. */
function mixed(people: ReadonlyMap<SetName, readonly Person[]>, of: SetName, size: number): Draw | null {
  const each = Math.ceil(size / people.size);
  if ([...people.values()].some(({ length }) => length < each + FEWEST)) return null;
  return (random) => {
    const orders = new Map([...people].map(([name, all]) => [name, shuffled(all, random)]));
    return {
      enrolled: [...orders.values()].flatMap((order) => order.slice(0, each)).slice(0, size),
      strangers: (orders.get(of) ?? []).slice(each, each + STRANGERS),
    };
  };
}

function row(name: string, enrolled: string, result: TrialResult): string {
  const parts = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(', ');
  const bounds = result.bounds
    .slice(0, 2)
    .map(({ low, high }) => `${low.toFixed(2)} to ${high.toFixed(2)}`)
    .join(', ');
  const missed = (part: number) => `${(100 * part).toFixed(1)} %`;
  return [
    name,
    enrolled,
    result.threshold.toFixed(3),
    parts(result.before),
    parts(result.after),
    bounds,
    String(result.comparisons),
    missed(result.missedBefore),
    missed(result.missedAfter),
    result.positive.toFixed(2),
  ].join(' | ');
}
