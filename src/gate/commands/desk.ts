import { randomUUID } from 'node:crypto';
import {
  type Admitted,
  COMMANDS,
  definitionOf,
  Gatekeeper,
  type GatekeeperOptions,
  kept,
  type RefusalCode,
  type ReplyAddress,
  replyAddress,
  type Verdict,
} from '../../commands/index.ts';
import { isoNow, type Logger, MenshenError, monotonicMs } from '../../common/index.ts';
import type { EventInput } from '../../journal/index.ts';
import type { IncomingMessage } from '../../mqtt/index.ts';
import { PhotoTransfers } from './photo-transfers.ts';
import type { AcceptedCommand, CarriedOut, CommandAnswer } from './protocol.ts';

/** A kind of refusal is recorded this often at most: the journal must not be filled by whoever can reach the topic. */
const REFUSAL_EVERY_MS = 60_000;
const MAX_KINDS = 200;
const LOOK_AT_PHOTOS_MS = 5000;
const PART = 'people.photoPart';

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
 * accepted command is in the journal before anything is done. Parts of photos are collected here, until a command asks
 * for the whole.
 */
export class CommandDesk {
  readonly #parts: DeskParts;
  readonly #gatekeeper: Gatekeeper;
  readonly #refused = new Map<string, { at: number; times: number }>();
  readonly #photos = new PhotoTransfers();
  readonly #timer = setInterval(() => this.#expirePhotos(), LOOK_AT_PHOTOS_MS);

  /** @throws MenshenError COMMAND_KEY_INVALID */
  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#gatekeeper = new Gatekeeper(parts);
    this.#timer.unref();
  }

  take(message: IncomingMessage): void {
    const verdict = this.#gatekeeper.judge(message, Date.now());
    if (!verdict.ok) {
      this.#refuse(message, verdict);
      return;
    }
    const { admitted } = verdict;
    const { command } = admitted;
    const reply = replyAddress(this.#parts.replies, message, admitted);
    if (command === PART) this.#photoPart(admitted, reply);
    else this.#accept(command, admitted, reply);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#gatekeeper.close();
  }

  #accept(command: CarriedOut, admitted: Admitted, reply: ReplyAddress): void {
    const { key, role, params, order } = admitted;
    const id = randomUUID();
    const begun = monotonicMs();
    this.#recordAccepted(id, admitted);
    try {
      const photo = this.#photoOf(admitted);
      const { nonce } = order;
      const [issuedAt, expiresAt] = [Date.parse(order.issuedAt), Date.parse(order.expiresAt)];
      this.#parts.accept({ id, key, role, command, params, nonce, issuedAt, expiresAt, reply, photo });
    } catch (error) {
      this.#fail(admitted, reply, id, error, begun);
    }
  }

  /** The photo that a command names, sent before. @throws MenshenError COMMAND_PHOTO_INCOMPLETE */
  #photoOf({ key, command, params }: Admitted): AcceptedCommand['photo'] {
    if (command !== 'people.photo') return undefined;
    const { sha256 } = COMMANDS[command].params.parse(params);
    return sha256 === undefined ? undefined : this.#photos.claim(key, sha256);
  }

  /** All parts of a photo are one command to the journal: taken up with the first, and ended with the last or by what goes wrong. */
  #photoPart(admitted: Admitted, reply: ReplyAddress): void {
    const { key } = admitted;
    const part = COMMANDS[PART].params.parse(admitted.params);
    const now = monotonicMs();
    const under = this.#photos.find(key, part.sha256);
    const { event, begun } = under ?? { event: randomUUID(), begun: now };
    if (under === null) this.#recordAccepted(event, admitted);
    try {
      const { missing, isNew } = this.#photos.take(key, part, event, now);
      if (isNew && missing === 0) {
        const tookMs = Math.round(now - begun);
        const data = { command: PART, key, result: { missing }, tookMs };
        this.#parts.record({ id: randomUUID(), type: 'command.done', cause: event, data });
      }
      this.#parts.answer(reply, { ...this.#head(admitted), state: 'done', event, result: { missing } });
    } catch (error) {
      this.#fail(admitted, reply, event, error, begun);
    }
  }

  #expirePhotos(): void {
    const now = monotonicMs();
    for (const { key, event, begun } of this.#photos.expire(now)) {
      const message = 'parts of the photo did not come in time; it was forgotten';
      this.#recordFailed({ command: PART, key }, event, { code: 'COMMAND_TIMED_OUT', message }, now - begun);
    }
  }

  #fail(admitted: Admitted, reply: ReplyAddress, event: string, error: unknown, begun: number): void {
    if (!(error instanceof MenshenError)) throw error;
    const { code, message } = error;
    this.#recordFailed(admitted, event, error, monotonicMs() - begun);
    this.#parts.answer(reply, { ...this.#head(admitted), state: 'failed', event, error: { code, message } });
  }

  #head({ order, command }: Pick<Admitted, 'order' | 'command'>) {
    return { nonce: order.nonce, gate: this.#parts.gate, command, at: isoNow() };
  }

  #recordAccepted(id: string, { key, role, command, params, order }: Admitted): void {
    const { nonce, issuedAt } = order;
    const data = {
      command,
      key,
      role,
      nonce,
      issuedAt,
      params: kept(params, definitionOf(command).keeps.params),
    };
    this.#parts.record({ id, type: 'command.accepted', data });
  }

  #recordFailed(
    { command, key }: Pick<Admitted, 'command' | 'key'>,
    cause: string,
    { code, message }: Pick<MenshenError, 'code' | 'message'>,
    ms: number,
  ): void {
    const data = { command, key, code, message, tookMs: Math.round(ms) };
    this.#parts.record({ id: randomUUID(), type: 'command.failed', cause, data });
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
