const MAX_SAID = 200;

/**
 * Words of the endpoint, fit for an error: bounded, in one line, and with nothing in them that came from us. Services
 * like to repeat what they were sent, so the values in `secrets`, long runs of digits (ID numbers) and of base64
 * (pictures, signatures) are left out.
 */
export function redactSaid(said: string, secrets: readonly string[]): string {
  // More than is shown is looked at, so that a secret cut in two by the bound is not shown by half.
  let text = said.slice(0, MAX_SAID * 4);
  for (const secret of secrets) if (secret.length > 1) text = text.replaceAll(secret, '***');
  return text
    .replace(/[A-Za-z0-9+/_=-]{24,}/g, '***')
    .replace(/\d{6,}[Xx]?/g, '***')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_SAID);
}
