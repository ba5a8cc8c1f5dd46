import type { Holder, Presentation, Reason } from '../access/index.ts';
import { type Gallery, isPin, type Pass, type Person } from '../gallery/index.ts';
import { type CredentialRead, maskedNumber } from '../readers/index.ts';

type Resolved = Pick<Presentation, 'kind' | 'person' | 'fault' | 'duress'>;

/** What a person of the gallery is to the rules of entry. */
export function holderOf(person: Person): Holder {
  const { id, name, groups, validFrom, validUntil, antiPassbackExempt, extendedTime } = person;
  return { id, name, groups: [...groups], validFrom, validUntil, antiPassbackExempt, extendedTime };
}

/** A card, by its number in normal form. One that an import gave to two people is nobody's. */
export function resolveCard(gallery: Gallery, number: string): Resolved {
  const [person, ...others] = gallery.byCard(number);
  return person === undefined || others.length > 0
    ? refused('card', 'CARD_UNKNOWN')
    : { kind: 'card', person: holderOf(person), fault: null, duress: false };
}

/** A QR code at a door; null when it is no pass at all but some other code that a camera happened to see. */
export function resolvePass(gallery: Gallery, text: string, door: string): Resolved | null {
  if (!text.startsWith('MENSHEN-PASS:')) return null;
  const pass = gallery.passOf(text);
  if (pass === null) return refused('qr', 'PASS_UNKNOWN');
  const fault = pass.doors.includes(door) ? null : 'PASS_OTHER_DOOR';
  return { kind: 'qr', person: visitorOf(pass), fault, duress: false };
}

/**
 * A PIN, by the people who have shown a face or a card at the door and are waited for: hashing takes its time in
 * other threads. A wrong one counts against who came last.
 */
export async function resolvePin(
  gallery: Gallery,
  digits: string,
  waiting: readonly Holder[],
): Promise<Resolved> {
  const [last] = waiting;
  if (last === undefined) return refused('pin', 'PIN_UNEXPECTED');
  for (const holder of waiting) {
    const person = gallery.get(holder.id);
    const [isOwn, isDuress] = await Promise.all(
      [person?.pin, person?.duressPin].map((pin) => (pin ? isPin(digits, pin) : false)),
    );
    if (isOwn || isDuress) {
      return { kind: 'pin', person: holder, fault: null, duress: isDuress === true && isOwn !== true };
    }
  }
  return { kind: 'pin', person: last, fault: 'PIN_WRONG', duress: false };
}

/** What of a credential may stand in a record. */
export function shownOf(read: CredentialRead): string | null {
  return read.kind === 'card' ? maskedNumber(read.number) : null;
}

function refused(kind: Resolved['kind'], fault: Reason): Resolved {
  return { kind, person: null, fault, duress: false };
}

function visitorOf({ id, name, groups, validFrom, validUntil }: Pass): Holder {
  return {
    id,
    name,
    groups: [...groups],
    validFrom,
    validUntil,
    antiPassbackExempt: false,
    extendedTime: false,
  };
}
