import { MenshenError } from '../common/index.ts';
import { normaliseCard, normaliseGroups } from './names.ts';
import type { Entitlement } from './types.ts';

/** Somebody about whom nothing is said: in no group, with no credential but the face. */
export const NOT_ENTITLED: Entitlement = {
  groups: [],
  validFrom: null,
  validUntil: null,
  cards: [],
  pin: null,
  duressPin: null,
  antiPassbackExempt: false,
  extendedTime: false,
};

/** Those keys of an entitlement that are given, in the form in which they are kept. Throws CREDENTIAL_INVALID. */
export function checkEntitlement(given: Partial<Entitlement>): Partial<Entitlement> {
  const { groups, validFrom, validUntil, cards, pin, duressPin, antiPassbackExempt, extendedTime } = given;
  if (validFrom && validUntil && validFrom >= validUntil) {
    throw new MenshenError('CREDENTIAL_INVALID', 'The validity ends before it begins.');
  }
  return withoutGaps({
    groups: groups === undefined ? undefined : normaliseGroups(groups),
    validFrom: validFrom ? instant(validFrom) : validFrom,
    validUntil: validUntil ? instant(validUntil) : validUntil,
    cards: cards === undefined ? undefined : [...new Set(cards.map(normaliseCard))],
    pin,
    duressPin,
    antiPassbackExempt,
    extendedTime,
  });
}

/** A moment as it is kept: UTC with milliseconds. Throws CREDENTIAL_INVALID. */
export function instant(text: string): string {
  const at = Date.parse(text);
  if (!Number.isFinite(at) || !/(Z|[+-]\d{2}:?\d{2})$/.test(text)) {
    throw new MenshenError(
      'CREDENTIAL_INVALID',
      `"${text}" is no moment; write 2026-03-01T08:00:00+08:00, with the zone.`,
    );
  }
  return new Date(at).toISOString();
}

function withoutGaps<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const [key, entry] of Object.entries(value)) {
    if (entry !== undefined) Object.assign(kept, { [key]: entry });
  }
  return kept;
}
