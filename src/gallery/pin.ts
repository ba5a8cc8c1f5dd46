import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { MenshenError } from '../common/index.ts';
import type { PinHash } from './types.ts';

/** 16 MiB and some 40 ms a guess on a small board; a PIN of four digits stands only as long as the gallery's key does. */
const COST = 2 ** 14;
const BLOCK = 8;
const BYTES = 32;
const PIN = /^\d{4,12}$/;

/** Salts and hashes a PIN of 4 to 12 digits, away from the calling thread. Throws CREDENTIAL_INVALID. */
export async function hashPin(pin: string): Promise<PinHash> {
  if (!PIN.test(pin)) {
    throw new MenshenError('CREDENTIAL_INVALID', 'A PIN has 4 to 12 digits.');
  }
  if (/^(\d)\1*$/.test(pin)) {
    throw new MenshenError('CREDENTIAL_INVALID', 'A PIN of one digit repeated is the first that is guessed.');
  }
  const salt = randomBytes(16);
  const hash = await derive(pin, salt, COST);
  return { salt: salt.toString('base64'), hash: hash.toString('base64'), cost: COST };
}

/** Whether these digits are the PIN; takes as long for a wrong one, away from the calling thread. */
export async function isPin(digits: string, { salt, hash, cost }: PinHash): Promise<boolean> {
  const derived = await derive(digits, Buffer.from(salt, 'base64'), cost);
  return timingSafeEqual(derived, Buffer.from(hash, 'base64'));
}

function derive(pin: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  const options: ScryptOptions = { N: cost, r: BLOCK, p: 1, maxmem: 256 * cost * BLOCK };
  return new Promise((resolve, reject) => {
    scrypt(pin, salt, BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
