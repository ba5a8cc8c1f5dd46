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

/** A PIN as it is kept: salted and hashed by scrypt (r = 8, p = 1). */
export interface PinHash {
  /** 16 bytes, base64. */
  readonly salt: string;
  /** 32 bytes, base64. */
  readonly hash: string;
  /** scrypt's N. */
  readonly cost: number;
}

/** What a person may use to come in, and when; the doors' policies say where. */
export interface Entitlement {
  /** Names of the groups the person belongs to, for the policies of the doors. */
  readonly groups: readonly string[];
  /** UTC, ISO 8601; null is without limit. Before the first and from the second on nothing opens for the person. */
  readonly validFrom: string | null;
  readonly validUntil: string | null;
  /** Card numbers in normal form: decimal, without leading zeros. */
  readonly cards: readonly string[];
  readonly pin: PinHash | null;
  /** Opens like the PIN and raises a silent alarm. */
  readonly duressPin: PinHash | null;
  readonly antiPassbackExempt: boolean;
  /** Needs more time to pass: the door stays unlocked for the extended time. */
  readonly extendedTime: boolean;
}

export interface Person extends Entitlement {
  /** Stable id, a UUID. */
  readonly id: string;
  readonly name: string;
  readonly consent: Consent;
  /** Keyed hash of the ID number that real-name authentication found to be the person's, base64; null without. */
  readonly idNumberHash: string | null;
  /** The site that the person is of, whose administrator alone changes them; null for somebody enrolled here. */
  readonly site: string | null;
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

/** An embedding and the weights that made it: only embeddings of the same weights can be compared. */
export interface Embedding {
  /** 512 numbers, Euclidean norm 1. */
  readonly vector: Float32Array;
  readonly model: ModelRef;
}

/** What is stored with a new reference. */
export interface NewReference {
  readonly embedding: Embedding;
  /** 0..1, larger is better. */
  readonly qualityScore: number;
  /** JPEG of the face with some surroundings, kept so that the person can be enrolled again under another model; null keeps none. */
  readonly picture: Uint8Array | null;
}

/** People whose record, references or consent changed in the database file since the last look, whoever changed them. */
export interface GalleryChange {
  readonly added: readonly string[];
  readonly updated: readonly string[];
  readonly removed: readonly string[];
}

/** A row that cannot be used: altered, damaged, or not sealed under this gallery's key. The rest of the gallery is not affected. */
export interface GalleryFault {
  readonly table: 'people' | 'refs' | 'pictures' | 'passes';
  readonly id: string;
  readonly message: string;
}

/** A one-time pass of a visitor, shown as a QR code. The gallery knows only the hash of its token. */
export interface Pass {
  /** Stable id, a UUID. */
  readonly id: string;
  /** Of the visitor. */
  readonly name: string;
  /** SHA-256 of the token, base64. */
  readonly tokenHash: string;
  /** Doors it opens, once in all. */
  readonly doors: readonly string[];
  readonly groups: readonly string[];
  /** UTC, ISO 8601. */
  readonly validFrom: string;
  readonly validUntil: string;
  readonly createdAt: string;
}
