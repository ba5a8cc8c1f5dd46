import type { KeyObject } from 'node:crypto';
import type { Arrival, Looked, ModelName } from './faces.ts';
import type { SiteWire } from './fetching.ts';
import type { SiteFault, SiteReport } from './report.ts';
import type { SiteRefusal } from './signed.ts';
import type { Entry } from './tree.ts';

/** What a gate keeps of its site; every call is on disk when it returns. */
export interface SiteRoster {
  /** Newest manifest that was believed: none older is. */
  readonly believed: { readonly version: number; readonly root: string };
  entries(): Iterable<Entry>;
  believe(version: number, root: string): void;
  /** Gives those who were there. */
  remove(ids: readonly string[]): readonly string[];
  apply(arrivals: readonly Arrival[]): { readonly added: string[]; readonly updated: string[] };
  faults(): readonly SiteFault[];
}

export interface FollowerParts {
  readonly prefix: string;
  readonly site: string;
  readonly gate: string;
  /** Public keys of the administrators. */
  readonly authorities: readonly KeyObject[];
  /** The gate's X25519 key. */
  readonly encryptionKey: KeyObject;
  readonly model: ModelName;
  readonly wire: SiteWire;
  readonly roster: SiteRoster;
  /** Makes templates of photos by the gate's own networks, in their order. */
  readonly look: (jpegs: readonly Uint8Array[]) => Promise<readonly Looked[]>;
  readonly onChange: (change: SiteChange) => void;
  /** Something is not believed; told at most every ten minutes for each code. */
  readonly onRefusal: (code: SiteRefusal['code'], message: string) => void;
}

export interface SiteChange {
  /** Of the manifest. */
  readonly version: number;
  readonly added: readonly string[];
  readonly updated: readonly string[];
  readonly removed: readonly string[];
}

export type Progress = Pick<
  SiteReport,
  'state' | 'version' | 'count' | 'pending' | 'root' | 'problem' | 'faults' | 'faultCount'
>;
