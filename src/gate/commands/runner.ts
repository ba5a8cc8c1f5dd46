import type { z } from 'zod';
import { type CommandDefinition, definitionOf, kept, ReplySchema } from '../../commands/index.ts';
import { type ErrorCode, isoNow, type Logger, MenshenError, messageOf } from '../../common/index.ts';
import type { PromptCode } from '../../console/index.ts';
import type { Records } from '../records.ts';
import type { AcceptedCommand, CarriedOut } from './protocol.ts';

/** Commands carried out at a time; most take milliseconds, some wait for a person. */
const MAX_RUNNING = 8;

/** What a handler may do beside its work. */
export interface Context {
  readonly command: AcceptedCommand;
  /** Tells the sender what is being waited for or done, and what the person at the door is to be told. */
  progress(message: string, prompt?: PromptCode | null): void;
}

/** A handler tied to the schemas of its command. */
export interface Bound {
  run(params: unknown, context: Context): Promise<unknown>;
}

/** Ties a handler to its command: it gets the parameters in the command's own form, and its result is checked. */
export function bind<P extends z.ZodType, R extends z.ZodType>(
  definition: CommandDefinition<P, R>,
  handler: (params: z.output<P>, context: Context) => z.input<R> | Promise<z.input<R>>,
): Bound {
  return {
    run: async (params, context) =>
      definition.result.parse(await handler(definition.params.parse(params), context)),
  };
}

export type Handlers = Readonly<Record<CarriedOut, Bound>>;

/** Thrown by a handler whose answer comes later, from the gate that is started next. */
export class AnswerLater extends Error {}

export interface RunnerParts {
  readonly gate: string;
  readonly records: Pick<Records, 'record' | 'answer'>;
  readonly log: Logger;
  readonly handlers: Handlers;
}

/** Carries out accepted commands, answers, and records what came of each. */
export class CommandRunner {
  readonly #parts: RunnerParts;
  #running = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async run(command: AcceptedCommand): Promise<void> {
    const begun = performance.now();
    this.#running += 1;
    try {
      if (this.#running > MAX_RUNNING) {
        throw new MenshenError('COMMAND_BUSY', 'too many commands are being carried out');
      }
      if (Date.now() >= command.expiresAt) {
        throw new MenshenError('COMMAND_STALE', 'it expired before its turn came');
      }
      const context: Context = {
        command,
        progress: (message, prompt) => this.#progress(command, message, prompt ?? null),
      };
      const result = await this.#parts.handlers[command.command].run(command.params, context);
      this.done(command, result, begun);
    } catch (error) {
      if (!(error instanceof AnswerLater)) this.failed(command, error, begun);
    } finally {
      this.#running -= 1;
    }
  }

  /** @param begun monotonic milliseconds */
  done(command: AcceptedCommand, result: unknown, begun: number): void {
    const { records } = this.#parts;
    const { keeps } = definitionOf(command.command);
    records.record({
      type: 'command.done',
      cause: command.id,
      data: { ...about(command), result: kept(result, keeps.result), tookMs: tookMs(begun) },
    });
    const reply = { ...this.#head(command), state: 'done', event: command.id, result };
    records.answer(command.reply, ReplySchema.parse(reply));
  }

  failed(command: AcceptedCommand, error: unknown, begun: number): void {
    const code: ErrorCode = error instanceof MenshenError ? error.code : 'INTERNAL';
    const { records, log } = this.#parts;
    if (code === 'INTERNAL') {
      log.error(
        { command: command.command, err: messageOf(error) },
        'a command failed by a fault of the gate',
      );
    }
    // The message of an unforeseen error may hold anything.
    const message = code === 'INTERNAL' ? 'a fault in the gate; its log says more' : messageOf(error);
    records.record({
      type: 'command.failed',
      cause: command.id,
      data: { ...about(command), code, message, tookMs: tookMs(begun) },
    });
    records.answer(command.reply, {
      ...this.#head(command),
      state: 'failed',
      event: command.id,
      error: { code, message },
    });
  }

  #progress(command: AcceptedCommand, message: string, prompt: PromptCode | null): void {
    this.#parts.records.answer(command.reply, {
      ...this.#head(command),
      ...{ state: 'progress', message },
      ...(prompt === null ? {} : { prompt }),
    });
  }

  #head({ nonce, command }: AcceptedCommand) {
    return { nonce, gate: this.#parts.gate, command, at: isoNow() };
  }
}

function about({ command, key }: AcceptedCommand) {
  return { command, key };
}

function tookMs(begun: number): number {
  return Math.round(performance.now() - begun);
}
