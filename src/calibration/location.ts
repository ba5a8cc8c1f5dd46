/** Where the tail of a site's impostor scores begins, and how sure that is. */
export interface Location {
  /** People whose comparisons with one another it rests on, and how many those are. */
  readonly people: number;
  readonly pairs: number;
  /** Cosine: mean of the scores and `deviations` standard deviations. */
  readonly value: number;
  /** Its standard error, by leaving out each person in turn (jackknife). */
  readonly error: number;
}

/**
 * A pair that scores higher is rather one person enrolled twice than two people: it counts as this much, so that a slip
 * at enrolment does not close the door.
 */
const ONE_PERSON = 0.65;

/** Fewer people than this say nothing about others like them. */
const FEWEST = 3;

/** Sums over the comparisons of different people, from which the location comes. */
export class ImpostorSums {
  readonly #sum: Float64Array;
  readonly #square: Float64Array;
  readonly #count: Float64Array;

  /** `people`: how many there are at most; they are numbered from 0. */
  constructor(people: number) {
    this.#sum = new Float64Array(people);
    this.#square = new Float64Array(people);
    this.#count = new Float64Array(people);
  }

  /** Takes a comparison of two different people in. */
  add(one: number, other: number, score: number): void {
    const value = Math.min(score, ONE_PERSON);
    for (const person of [one, other]) {
      this.#sum[person] += value;
      this.#square[person] += value * value;
      this.#count[person] += 1;
    }
  }

  /** Null for fewer than three people. */
  location(deviations: number): Location | null {
    const taken = Array.from(this.#count.keys()).filter((person) => this.#count[person] > 0);
    if (taken.length < FEWEST) return null;
    // Every comparison was counted for both of its people.
    const total = { sum: 0, square: 0, count: 0 };
    for (const person of taken) {
      total.sum += this.#sum[person] / 2;
      total.square += this.#square[person] / 2;
      total.count += this.#count[person] / 2;
    }
    const value = locationOf(total.sum, total.square, total.count, deviations);
    const without = taken.map((person) =>
      locationOf(
        total.sum - this.#sum[person],
        total.square - this.#square[person],
        total.count - this.#count[person],
        deviations,
      ),
    );
    const mean = without.reduce((sum, each) => sum + each, 0) / without.length;
    const spread = without.reduce((sum, each) => sum + (each - mean) ** 2, 0);
    const error = Math.sqrt((spread * (taken.length - 1)) / taken.length);
    return { people: taken.length, pairs: total.count, value, error };
  }
}

function locationOf(sum: number, square: number, count: number, deviations: number): number {
  const mean = sum / count;
  return mean + deviations * Math.sqrt(Math.max(0, square / count - mean * mean));
}
