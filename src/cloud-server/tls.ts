import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, chmod } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MenshenError, messageOf } from '../common/index.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

const DAYS = 825;

/** Certificate and key as PEM. Throws CLOUD_SERVER_UNUSABLE. */
export function readTls(files: TlsFiles): { readonly cert: Buffer; readonly key: Buffer } {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new MenshenError('CLOUD_SERVER_UNUSABLE', `${path} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  return { cert: read(files.cert), key: read(files.key) };
}

/**
 * The self-signed certificate of a data directory, made at the first start for this machine's names and addresses.
 * Callers must be given the certificate (`cloud.caFile`). Throws CLOUD_SERVER_UNUSABLE.
 */
export async function selfSigned(dataDir: string, names: readonly string[]): Promise<TlsFiles> {
  const files = { cert: join(dataDir, 'tls.crt'), key: join(dataDir, 'tls.key') };
  const made = await Promise.all(
    [files.cert, files.key].map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (made.every(Boolean)) return files;
  const all = [...new Set([...names, hostname(), 'localhost', '127.0.0.1', ...addresses()])];
  const alternatives = all.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',');
  try {
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'],
      ...[
        '-days',
        String(DAYS),
        '-subj',
        '/CN=Menshen cloud server',
        '-addext',
        `subjectAltName=${alternatives}`,
      ],
      ...['-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', files.key, '-out', files.cert],
    ]);
    await chmod(files.key, 0o600);
    return files;
  } catch (error) {
    throw new MenshenError(
      'CLOUD_SERVER_UNUSABLE',
      `No certificate could be made with openssl (${messageOf(error).split('\n')[0]}). Install openssl, or give a certificate with --cert and --key.`,
      { cause: error },
    );
  }
}

function addresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
