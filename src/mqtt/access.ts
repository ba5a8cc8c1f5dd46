import { readFileSync } from 'node:fs';
import type { IClientOptions } from 'mqtt';
import { messageOf } from '../common/index.ts';

/** Without CONNACK in this time the attempt has failed. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Where a broker is and as whom it is spoken to. */
export interface BrokerAccess {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Throws a `Failure`-worthy error when a certificate file cannot be read. */
export function accessOptions(access: BrokerAccess): IClientOptions {
  const { url, username, password, caFile, certFile, keyFile } = access;
  return {
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(url.startsWith('mqtts:') ? { rejectUnauthorized: true, minVersion: 'TLSv1.2' } : {}),
    ...(caFile === undefined ? {} : { ca: certificate(caFile) }),
    ...(certFile === undefined ? {} : { cert: certificate(certFile) }),
    ...(keyFile === undefined ? {} : { key: certificate(keyFile) }),
  };
}

/** A file of certificates that cannot be read is a fault of TLS: the code says so to `failureOf`. */
class CertificateError extends Error {
  readonly code = 'ERR_TLS_FILE';
}

function certificate(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CertificateError(`${file} cannot be read (${messageOf(error)})`, { cause: error });
  }
}
