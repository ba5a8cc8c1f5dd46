import { z } from 'zod';

/** 6.2.4, 2.5: the body of an encrypted request. Each field is base64. */
export const encryptedRequest = z.object({
  ciphertextBlob: z.string(),
  encryptedBody: z.string(),
  encryptedHashKey: z.string(),
  ciphertextBlobHash: z.string(),
  encryptedBodyHash: z.string(),
});
export type EncryptedRequest = z.infer<typeof encryptedRequest>;

/** 6.2.4, 2.6: the body of an encrypted answer. Each field is base64. */
export const encryptedAnswer = z.object({ encryptedResultHash: z.string(), encryptedResult: z.string() });
export type EncryptedAnswer = z.infer<typeof encryptedAnswer>;
