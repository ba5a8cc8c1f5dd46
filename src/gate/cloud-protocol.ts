import type { ApiUsage, BreakerState, CloudApi, CloudClient, QuotaWarning } from '../cloud/index.ts';
import type { ErrorCode, LogLevel } from '../common/index.ts';
import type { CloudConfig } from '../config/index.ts';

/** The calls a gate makes, by the methods of the client. */
export const GATE_CALLS = ['silentLiveness', 'compare', 'realName', 'actionLiveness'] as const;
export type GateCall = (typeof GATE_CALLS)[number];
export type CallInput<Call extends GateCall> = Parameters<CloudClient[Call]>[0];
export type CallAnswer<Call extends GateCall> = Awaited<ReturnType<CloudClient[Call]>>;

/** What the thread needs to begin. */
export interface CloudSettings {
  readonly dataDir: string;
  readonly config: CloudConfig;
  readonly logLevel: LogLevel;
}

/** A call of one API and what goes into it. */
export type Call = {
  readonly [Api in GateCall]: { readonly api: Api; readonly input: CallInput<Api> };
}[GateCall];

/** A call to be made; `asks` when leave to send it is to be asked for before each attempt. */
export type CallOrder = Call & {
  readonly kind: 'call';
  readonly id: number;
  /** Milliseconds; null for the API's own deadline. */
  readonly deadlineMs: number | null;
  readonly asks: boolean;
};

/** What came of a call. */
export type CallResult = {
  readonly [Api in GateCall]: { readonly api: Api; readonly answer: CallAnswer<Api> };
}[GateCall];

/** How the cloud stands. */
export interface CloudState {
  /** Code of why it cannot be asked; null when it can. */
  readonly problem: ErrorCode | null;
  /** This machine's clock less the cloud's in milliseconds; null before its first answer. */
  readonly clockSkewMs: number | null;
  /** Empty while the ledger cannot be read. */
  readonly apis: readonly (ApiUsage & { readonly breaker: BreakerState })[];
}

export type ToCloud =
  | CallOrder
  | { readonly kind: 'leave'; readonly id: number; readonly given: boolean }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'state' }
  | { readonly kind: 'stop' };

export type FromCloud =
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly result: CallResult }
  | { readonly kind: 'leave?'; readonly id: number }
  | { readonly kind: 'state'; readonly state: CloudState }
  | { readonly kind: 'quota'; readonly warning: QuotaWarning }
  | { readonly kind: 'cap'; readonly api: CloudApi; readonly cap: number }
  | { readonly kind: 'skew'; readonly skewMs: number; readonly drifted: boolean }
  | { readonly kind: 'stopped' };
