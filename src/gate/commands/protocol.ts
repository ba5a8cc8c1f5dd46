import type { CommandName, Reply, ReplyAddress, Role } from '../../commands/index.ts';

/** A command that the desk found good, on its way to the thread of the doors. */
export interface AcceptedCommand {
  /** Id of its event command.accepted, which all it leads to names as its cause. */
  readonly id: string;
  readonly key: string;
  readonly role: Role;
  readonly command: CommandName;
  readonly params: unknown;
  readonly nonce: string;
  /** Milliseconds since 1970; not carried out afterwards. */
  readonly expiresAt: number;
  readonly reply: ReplyAddress;
}

/** An answer on its way to the broker, not signed yet. */
export type CommandAnswer = Reply;
