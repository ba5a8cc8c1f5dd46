import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import { instant } from './entitlement.ts';
import { normaliseGroups, normaliseName } from './names.ts';
import type { Pass } from './types.ts';

/** 144 bits: nobody guesses one, so that a plain hash keeps it. */
const TOKEN_BYTES = 18;
/** Passes are kept for a while after their end, so that a late visitor is told why the door stays locked. */
const KEPT_MS = 3_600_000;

/** What a QR code of ours says before the token. */
const MARK = 'MENSHEN-PASS:';

export interface PassRequest {
  readonly name: string;
  readonly doors: readonly string[];
  readonly groups: readonly string[];
  /** Moments with zone. */
  readonly validFrom: string;
  readonly validUntil: string;
}

/** The request as it is kept. `now`: UTC, ISO 8601. Throws CREDENTIAL_INVALID, PERSON_NAME_INVALID. */
export function checkPass(request: PassRequest, now: string): PassRequest {
  const validFrom = instant(request.validFrom);
  const validUntil = instant(request.validUntil);
  if (request.doors.length === 0) {
    throw new MenshenError('CREDENTIAL_INVALID', 'A pass must name at least one door.');
  }
  if (validFrom >= validUntil || validUntil <= now) {
    throw new MenshenError('CREDENTIAL_INVALID', 'The pass ends before it begins, or has ended already.');
  }
  return {
    name: normaliseName(request.name),
    doors: [...new Set(request.doors)],
    groups: normaliseGroups(request.groups),
    validFrom,
    validUntil,
  };
}

/** A new pass, and the text for its QR code. `now`: UTC, ISO 8601. */
export function newPass(request: PassRequest, now: string): { pass: Pass; token: string } {
  const checked = checkPass(request, now);
  const token = `${MARK}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  return { pass: { id: randomUUID(), ...checked, tokenHash: hashToken(token), createdAt: now }, token };
}

/** What is kept of a token. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('base64');
}

/** Passes that ended so long ago that nobody asks for them any more. */
export function overdue(passes: readonly Pass[], now: string): Pass[] {
  return passes.filter(({ validUntil }) => Date.parse(validUntil) + KEPT_MS < Date.parse(now));
}
