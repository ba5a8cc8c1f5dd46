/**
 * The encrypted interface of 6.2.4 (`decrypted: true`), both directions. The client takes a RequestEnvelope from an
 * EnvelopeKeyPool, seals the request and opens the answer with it; the service opens a request and seals its answer.
 */
export { EnvelopeKeyPool, type EnvelopeKeyPoolOptions } from './key-pool.ts';
export { type EnvelopeRefusal, type OpenedRequest, openEncryptedRequest } from './open-request.ts';
export { type OpenedAnswer, RequestEnvelope } from './request-envelope.ts';
export { SM2_ORDERS, type Sm2Order } from './sm2-order.ts';
export { type EncryptedAnswer, type EncryptedRequest, encryptedAnswer, encryptedRequest } from './wire.ts';
