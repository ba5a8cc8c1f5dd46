/**
 * Card readers and keypads: what somebody presents becomes a `CredentialRead`, not yet resolved to a person.
 *
 * A reader that appears as a keyboard: device.ts -> input-events.ts -> keys.ts -> bursts.ts (card or person?).
 * A converter on a serial line: device.ts -> frame.ts -> wiegand.ts. Both meet in card-number.ts, which gives a card
 * the same number at every reader, and in entry.ts, which gathers the digits of a PIN. reader.ts keeps one reader
 * open. Digits of a PIN go to the listener and nowhere else; docs/reference/readers.md has frames, formats and wiring.
 */
export { maskedNumber, typedNumber } from './card-number.ts';
export { Reader, type ReaderOptions } from './reader.ts';
export type { Credential, CredentialRead, ReaderState } from './types.ts';
