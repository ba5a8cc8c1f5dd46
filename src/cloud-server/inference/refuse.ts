import type { Refusal } from './tasks.ts';

/** A picture (the first is 0) or clip that cannot be judged, and why. */
export class RefusedInput extends Error {
  readonly refusal: Refusal;
  readonly picture: 0 | 1;

  constructor(refusal: Refusal, picture: 0 | 1 = 0) {
    super(`${refusal} (picture ${picture})`);
    this.refusal = refusal;
    this.picture = picture;
  }
}
