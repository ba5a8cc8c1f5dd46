import { randomUUID } from 'node:crypto';
import {
  definitionOf,
  Gatekeeper,
  type GatekeeperOptions,
  kept,
  type RefusalCode,
  type ReplyAddress,
  replyAddress,
  type Verdict,
} from '../../commands/index.ts';
import { isoNow, type Logger } from '../../common/index.ts';
import type { EventInput } from '../../journal/index.ts';
import type { IncomingMessage } from '../../mqtt/index.ts';
import type { AcceptedCommand, CommandAnswer } from './protocol.ts';

/** A kind of refusal is recorded this often at most: the journal must not be filled by whoever can reach the topic. */
const REFUSAL_EVERY_MS = 60_000;
const MAX_KINDS = 200;

export interface DeskParts extends GatekeeperOptions {
  /** Topic below which is answered. */
  readonly replies: string;
  readonly log: Logger;
  /** Writes an event to the journal now. */
  readonly record: (event: EventInput & { readonly id: string }) => void;
  readonly accept: (command: AcceptedCommand) => void;
  readonly answer: (to: ReplyAddress, answer: CommandAnswer) => void;
}

/**
 * Where commands come in, in the thread of the broker: the thread of the doors hears of none that is not good. An
 * accepted command is in the journal before anything is done.
 */
export class CommandDesk {
  readonly #parts: DeskParts;
  readonly #gatekeeper: Gatekeeper;
  readonly #refused = new Map<string, { at: number; times: number }>();

  /** @throws MenshenError COMMAND_KEY_INVALID */
  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#gatekeeper = new Gatekeeper(parts);
  }

  take(message: IncomingMessage): void {
    const verdict = this.#gatekeeper.judge(message, Date.now());
    if (!verdict.ok) {
      this.#refuse(message, verdict);
      return;
    }
    const { key, role, command, params, order } = verdict.admitted;
    const id = randomUUID();
    const { nonce, issuedAt, expiresAt } = order;
    this.#parts.record({
      id,
      type: 'command.accepted',
      data: {
        command,
        key,
        role,
        nonce,
        issuedAt,
        params: kept(params, definitionOf(command).keeps.params),
      },
    });
    const reply = replyAddress(this.#parts.replies, message, { key, order });
    this.#parts.accept({ id, key, role, command, params, nonce, expiresAt: Date.parse(expiresAt), reply });
  }

  close(): void {
    this.#gatekeeper.close();
  }

  #refuse(message: IncomingMessage, { refusal, sender }: Extract<Verdict, { ok: false }>): void {
    const { code, message: why } = refusal;
    const { log, gate } = this.#parts;
    const about = sender === null ? {} : { key: sender.key, command: sender.order.command };
    log.warn({ code, ...about }, `a command was refused: ${why}`);
    this.#recordRefusal(code, about);
    // What is for another gate is that one's to answer, whoever has no key is told nothing, and a copy must not be
    // answered before the order that it is a copy of.
    if (sender === null || code === 'COMMAND_WRONG_GATE' || code === 'COMMAND_REPEATED') return;
    this.#parts.answer(replyAddress(this.#parts.replies, message, sender), {
      nonce: sender.order.nonce,
      gate,
      command: sender.order.command,
      at: isoNow(),
      state: 'refused',
      error: { code, message: why },
    });
  }

  #recordRefusal(code: RefusalCode, about: { key?: string; command?: string }): void {
    const kind = `${code} ${about.key ?? ''}`;
    const now = performance.now();
    const known = this.#refused.get(kind);
    const times = (known?.times ?? 0) + 1;
    if (known !== undefined && now - known.at < REFUSAL_EVERY_MS) {
      known.times = times;
      return;
    }
    if (this.#refused.size >= MAX_KINDS) this.#refused.clear();
    this.#refused.set(kind, { at: now, times: 0 });
    this.#parts.record({ id: randomUUID(), type: 'command.refused', data: { code, times, ...about } });
  }
}
