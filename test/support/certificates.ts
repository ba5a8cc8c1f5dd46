import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });

/** A certificate authority of its own, made by openssl in this folder. */
export function makeAuthority(dir: string, name: string): Certificate {
  const [certFile, keyFile] = files(dir, name);
  const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  return { certFile, keyFile };
}

/** A certificate signed by the authority, good for `names` such as `IP:127.0.0.1` or `DNS:localhost`. */
export function makeCertificate(
  dir: string,
  name: string,
  authority: Certificate,
  names: string,
): Certificate {
  const [certFile, keyFile] = files(dir, name);
  const request = join(dir, `${name}.csr`);
  const extensions = join(dir, `${name}.ext`);
  writeFileSync(extensions, `subjectAltName=${names}\n`);
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    keyFile,
    '-out',
    request,
  );
  const by = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...by, '-days', '2', '-extfile', extensions, '-out', certFile);
  return { certFile, keyFile };
}

function files(dir: string, name: string): [string, string] {
  return [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
}
