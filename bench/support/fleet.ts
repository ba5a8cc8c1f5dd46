/** What the processes of bench/fleet.ts say to one another. */
export const SITE = 'bench';
export const MODEL = { id: 'embedding', version: '1' };

export type FleetOrder =
  | {
      readonly kind: 'make';
      readonly folder: string;
      readonly url: string;
      readonly first: number;
      readonly count: number;
      readonly publicKey: string;
    }
  | { readonly kind: 'start' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'stop' };

export type FleetWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'made'; readonly gate: string; readonly device: string; readonly encryptionKey: string }
  /** `at`: milliseconds since 1970, with fractions. */
  | {
      readonly kind: 'complete';
      readonly gate: string;
      readonly version: number;
      readonly people: number;
      readonly at: number;
    }
  | { readonly kind: 'refused'; readonly gate: string; readonly code: string }
  /** Bytes, after a collection of garbage; CPU time of the process so far. */
  | { readonly kind: 'memory'; readonly rss: number; readonly heap: number; readonly cpuMs: number };
