import type { ErrorCode } from '../common/index.ts';

/** A credential that somebody presented, not yet resolved to a person. */
export type CredentialRead = {
  /** Name of the reader, or of the camera that saw a QR code. */
  readonly reader: string;
  readonly door: string;
  readonly direction: 'in' | 'out';
  /** Milliseconds of CLOCK_MONOTONIC. */
  readonly at: number;
} & Credential;

/**
 * `number` is in normal form (card-number.ts). `digits` are those of one entry, 1 to 16 of 0-9; they and `text`,
 * which may be a token that opens the door, belong in no log and no event.
 */
export type Credential =
  | { readonly kind: 'card'; readonly number: string }
  | { readonly kind: 'keypad'; readonly digits: string }
  | { readonly kind: 'qr'; readonly text: string };

/** How a reader is. A failure is told once until it is up again or the cause is another. */
export type ReaderState =
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly code: ErrorCode; readonly message: string };

/** What the decoder of a kind of reader tells. */
export interface ReaderListener {
  /** A card was read: its number in normal form. */
  card(number: string): void;
  /** A key was pressed by a person. */
  key(key: Key): void;
  /** The reader gave a sign of life. */
  alive(): void;
  /** Something arrived that is nothing; a word on what, without any of it. */
  nonsense(what: string): void;
}

/** Keys of a keypad: a digit, the end of an entry (Enter, #), its deletion (Esc, Backspace, *). */
export type Key = { readonly digit: string } | 'enter' | 'clear';
