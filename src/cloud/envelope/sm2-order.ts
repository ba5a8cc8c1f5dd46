/**
 * How the three parts of a ciphertext follow each other: C1 the ephemeral point, C2 the message, C3 its SM3.
 * The manual and GB/T 32918.4 say C1C3C2; BouncyCastle's `Cipher.getInstance("SM2")` writes C1C2C3.
 */
export const SM2_ORDERS = ['C1C3C2', 'C1C2C3'] as const;
export type Sm2Order = (typeof SM2_ORDERS)[number];
