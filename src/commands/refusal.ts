import type { ErrorCode } from '../common/index.ts';

/** Why a command is not carried out, before anything was done. */
export type RefusalCode = Extract<ErrorCode, `COMMAND_${string}`>;

export class Refusal extends Error {
  readonly code: RefusalCode;

  /** `message` goes to the log, the journal and, when the signature holds, to the sender: no content of the message is in it. */
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}
