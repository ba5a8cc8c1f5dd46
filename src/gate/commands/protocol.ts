import type { CommandName, Reply, ReplyAddress, Role } from '../../commands/index.ts';

/** What the thread of the doors carries out: all but what the desk does itself. */
export type CarriedOut = Exclude<CommandName, 'people.photoPart'>;

/** A command that the desk found good, on its way to the thread of the doors. */
export interface AcceptedCommand {
  /** Id of its event command.accepted, which all it leads to names as its cause. */
  readonly id: string;
  readonly key: string;
  readonly role: Role;
  readonly command: CarriedOut;
  readonly params: unknown;
  readonly nonce: string;
  /** When it was signed, by the clock of the sender; milliseconds since 1970. */
  readonly issuedAt: number;
  /** Milliseconds since 1970; not carried out afterwards. */
  readonly expiresAt: number;
  readonly reply: ReplyAddress;
  /** The photo that was sent before in parts, where the command names one: its parts, in their order. */
  readonly photo?: readonly Uint8Array<ArrayBuffer>[] | undefined;
}

/** An answer on its way to the broker, not signed yet. */
export type CommandAnswer = Reply;
