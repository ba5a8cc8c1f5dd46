import type { CloudConfig } from '../config/index.ts';
import { signRequest } from './signing.ts';
import type { SignRequest } from './wire.ts';

/** Signs with the keys, in the time zone and spelling of the configuration. */
export function signerFor(
  config: CloudConfig,
  keys: { readonly accessKey: string; readonly secretKey: string },
): SignRequest {
  return ({ requestId, headers, body }) => {
    const extra = config.signedHeaders.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return signRequest({
      accessKey: keys.accessKey,
      secretKey: keys.secretKey,
      body,
      headers: Object.fromEntries(extra),
      now: new Date(),
      requestId,
      zone: config.timezone,
      headersSpelling: config.headersSpelling,
    }).headers;
  };
}
