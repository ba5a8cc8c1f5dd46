import type { ModelRef } from '../vision/types.ts';

/** What a person agreed to, when, and to which text. `cloud` is separate from `local`: without it no picture leaves the device. */
export interface Consent {
  readonly local: boolean;
  readonly cloud: boolean;
  /** UTC, ISO 8601. */
  readonly at: string;
  /** Version of the text that was agreed to. */
  readonly version: string;
}

export interface Person {
  /** Stable id, a UUID. */
  readonly id: string;
  readonly name: string;
  readonly consent: Consent;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An enrolled template (ISO/IEC 2382-37 "reference"): one embedding and where it came from. */
export interface Reference {
  readonly id: string;
  readonly personId: string;
  readonly model: ModelRef;
  readonly qualityScore: number;
  readonly createdAt: string;
}

/** A person the probe was compared with. `score` is the cosine of the best of that person's references, -1..1. */
export interface Candidate {
  readonly personId: string;
  readonly name: string;
  readonly referenceId: string;
  readonly score: number;
}
