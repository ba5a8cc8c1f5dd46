import type { KeyObject } from 'node:crypto';
import type { CommandsConfig } from '../config/index.ts';
import type { IncomingMessage } from '../mqtt/index.ts';
import { type CommandName, definitionOf, isCommand } from './catalogue.ts';
import { type Order, openEnvelope, type SignedOrder } from './envelope.ts';
import { readPublicKey } from './keys.ts';
import { Refusal } from './refusal.ts';
import { ReplayGuard } from './replay-guard.ts';
import type { Role } from './roles.ts';

/** Orders of one key at once, and a second in the long run. */
const BURST = 30;
const PER_SECOND = 2;

/** A command that may be carried out, once, now. */
export interface Admitted {
  readonly key: string;
  readonly role: Role;
  readonly command: CommandName;
  /** As the schema of the command has them, defaults filled in. */
  readonly params: unknown;
  readonly order: Order;
}

/** What became of a message. `sender` is null unless the signature holds: to nobody else an answer is due. */
export type Verdict =
  | { readonly ok: true; readonly admitted: Admitted }
  | { readonly ok: false; readonly refusal: Refusal; readonly sender: SignedOrder | null };

export interface GatekeeperOptions {
  /** `gate.id` of the configuration. */
  readonly gate: string;
  readonly config: CommandsConfig;
  readonly dataDir: string;
}

/**
 * Decides what becomes of a message on the gate's command topic, whoever sent it: the broker is not believed. A
 * command is carried out only if a key of the configuration signed it, for this gate, just now, for the first time,
 * in a role that may, with parameters of the right form, and if it was not retained.
 */
export class Gatekeeper {
  readonly #gate: string;
  readonly #config: CommandsConfig;
  readonly #keys = new Map<string, KeyObject>();
  readonly #roles = new Map<string, Role>();
  readonly #allowance = new Map<string, { tokens: number; at: number }>();
  readonly #guard: ReplayGuard;

  /** @throws MenshenError COMMAND_KEY_INVALID */
  constructor({ gate, config, dataDir }: GatekeeperOptions) {
    this.#gate = gate;
    this.#config = config;
    for (const { id, role, publicKey } of config.keys) {
      this.#keys.set(id, readPublicKey(publicKey));
      this.#roles.set(id, role);
    }
    this.#guard = new ReplayGuard(dataDir, config.maxClockSkewS * 1000);
  }

  /** @param now milliseconds since 1970 */
  judge(message: Pick<IncomingMessage, 'payload' | 'retained'>, now: number): Verdict {
    let sender: SignedOrder | null = null;
    try {
      if (message.retained) {
        throw new Refusal('COMMAND_RETAINED', 'it was published as retained');
      }
      sender = openEnvelope(message.payload, this.#keys);
      return { ok: true, admitted: this.#admit(sender, now) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, refusal: error, sender };
    }
  }

  close(): void {
    this.#guard.close();
  }

  #admit({ key, order }: SignedOrder, now: number): Admitted {
    if (order.gate !== this.#gate) {
      throw new Refusal('COMMAND_WRONG_GATE', 'it is for another gate');
    }
    const [issuedAt, expiresAt] = this.#timely(order, now);
    const { command } = order;
    const role = this.#roles.get(key);
    if (!isCommand(command)) {
      throw new Refusal('COMMAND_UNKNOWN', 'there is no such command');
    }
    const definition = definitionOf(command);
    if (role === undefined || !definition.roles.includes(role)) {
      throw new Refusal('COMMAND_FORBIDDEN', `${command} is not for the role of this key`);
    }
    const params = definition.params.safeParse(order.params);
    if (!params.success) {
      const where = params.error.issues.map(({ path }) => path.join('.') || 'params').slice(0, 5);
      throw new Refusal('COMMAND_PARAMS_INVALID', `not as the command wants it: ${where.join(', ')}`);
    }
    this.#spend(key, now);
    this.#once({ key, nonce: order.nonce, issuedAt, expiresAt }, definition.harmless, now);
    return { key, role, command, params: params.data, order };
  }

  #timely(order: Order, now: number): [number, number] {
    const { maxAgeS, maxClockSkewS } = this.#config;
    const issuedAt = Date.parse(order.issuedAt);
    const expiresAt = Date.parse(order.expiresAt);
    if (now >= expiresAt) {
      throw new Refusal('COMMAND_STALE', 'it has expired; compare the clocks of sender and gate');
    }
    if (issuedAt > now + maxClockSkewS * 1000) {
      throw new Refusal(
        'COMMAND_STALE',
        'it was issued in the future; compare the clocks of sender and gate',
      );
    }
    if (!(expiresAt > issuedAt) || expiresAt - issuedAt > maxAgeS * 1000) {
      throw new Refusal('COMMAND_STALE', `it is valid for more than ${maxAgeS} s`);
    }
    return [issuedAt, expiresAt];
  }

  #spend(key: string, now: number): void {
    const last = this.#allowance.get(key) ?? { tokens: BURST, at: now };
    const gained = (Math.max(0, now - last.at) * PER_SECOND) / 1000;
    const tokens = Math.min(BURST, last.tokens + gained);
    this.#allowance.set(key, { tokens: Math.max(0, tokens - 1), at: now });
    if (tokens < 1) {
      throw new Refusal('COMMAND_BUSY', 'this key sends more commands than are taken');
    }
  }

  #once(ticket: Parameters<ReplayGuard['admit']>[0], harmless: boolean, now: number): void {
    switch (this.#guard.admit(ticket, now)) {
      case 'new':
        return;
      case 'repeated':
        throw new Refusal('COMMAND_REPEATED', 'it was sent before');
      case 'too-old':
        throw new Refusal(
          'COMMAND_STALE',
          'it is older than what this gate remembers; send it anew in some seconds',
        );
      case 'full':
        throw new Refusal('COMMAND_BUSY', 'too many commands are remembered at present');
      case 'unwritable':
        if (!harmless) {
          throw new Refusal(
            'COMMAND_UNGUARDED',
            'the gate cannot write down that it carries this out (disk full or read-only)',
          );
        }
    }
  }
}
