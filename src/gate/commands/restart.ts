import type { StagedChange } from './config-change.ts';
import type { AcceptedCommand } from './protocol.ts';

/** The gate is to end and start again, and to answer the command when it is up. */
export type RestartRequest =
  | { readonly kind: 'restart'; readonly command: AcceptedCommand }
  | {
      readonly kind: 'trial';
      readonly command: AcceptedCommand;
      readonly staged: StagedChange;
      /** Seconds in which the gate must be sound. */
      readonly trialS: number;
    };
