import type { Logger } from '../../common/index.ts';
import type { Records } from '../records.ts';
import { commandHandlers } from './handlers.ts';
import type { CommandParts } from './parts.ts';
import type { AcceptedCommand } from './protocol.ts';
import { CommandRunner } from './runner.ts';

/** How the command that had the gate started again ended. */
export type Continuation = { readonly command: AcceptedCommand; readonly begun: number } & (
  | { readonly result: unknown }
  | { readonly error: unknown }
);

/** Takes the commands of one gate from its beginning to its end. */
export class CommandService {
  readonly #runner: CommandRunner;

  constructor(
    parts: Omit<CommandParts, 'records'> & {
      readonly records: Pick<Records, 'record' | 'answer' | 'range' | 'level' | 'condition'>;
      readonly log: Logger;
    },
  ) {
    const { records, log, loaded } = parts;
    const handlers = commandHandlers(parts);
    this.#runner = new CommandRunner({ gate: loaded.config.gate.id, records, log, handlers });
  }

  take(command: AcceptedCommand): void {
    void this.#runner.run(command);
  }

  /** Answers the command that had the gate started again. */
  conclude(end: Continuation): void {
    if ('error' in end) this.#runner.failed(end.command, end.error, end.begun);
    else this.#runner.done(end.command, end.result, end.begun);
  }
}
