/** Bytes out of base64 of either alphabet, padded or not; null for anything else, line breaks and data: prefixes included. */
export function decodeBase64(text: string): Buffer | null {
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (end === 0 || end % 4 === 1) return null;
  const bytes = Buffer.from(text, 'base64');
  // Node leaves out what is no base64; then bytes are missing.
  return bytes.length === Math.floor((end * 3) / 4) ? bytes : null;
}

/** Bytes that this much base64 stands for, without decoding it. */
export function decodedLength(text: string): number {
  return Math.floor((text.length * 3) / 4) - 2;
}
