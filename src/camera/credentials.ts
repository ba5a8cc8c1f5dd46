import { MenshenError, redactUrl } from '../common/index.ts';

/** User and password of a camera, in clear. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** ffmpeg keeps `user:password`, percent-encoded, in 128 bytes and cuts the rest off without a word. */
const MAX_USER_INFO = 127;

/** User and password as configured. Throws CONFIG_INVALID where ffmpeg could not use them. */
export function credentialsOf(camera: string, username?: string, password?: string): Credentials | null {
  if (username === undefined) {
    if (password === undefined) return null;
    throw unusable(camera, 'there is a password but no "username"');
  }
  if (username.includes(':')) throw unusable(camera, 'the user name holds a colon, which RTSP cannot carry');
  const credentials = { username, password: password ?? '' };
  if (userInfo(credentials).length > MAX_USER_INFO) {
    throw unusable(
      camera,
      `user and password, percent-encoded, are longer than the ${MAX_USER_INFO} bytes ffmpeg can hold`,
    );
  }
  return credentials;
}

/** The URL with user and password, each percent-encoded in full: ffmpeg decodes them again. */
export function withCredentials(url: string, credentials: Credentials | null): string {
  if (credentials === null) return url;
  return url.replace(/^\w+:\/\//, (scheme) => `${scheme}${userInfo(credentials)}@`);
}

/** A shorter path is too common a text to be a secret, and to be taken out wherever it stands. */
const MIN_SECRET_PATH = 4;

/**
 * A function that takes secrets out of a text: user and password, in clear and percent-encoded; of every URL all
 * but scheme, host and port, because cheap cameras want the password in path or query; path and query of `url`
 * also where they stand alone.
 */
export function redactor(credentials: Credentials | null, url?: string): (text: string) => string {
  const secrets = [...secretsOf(credentials), ...secretsIn(url)];
  return (text) => {
    let clean = text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s']+?(?=:?(?:[\s']|$))/gi, redactUrl);
    for (const [secret, instead] of secrets) clean = clean.replaceAll(secret, instead);
    return clean;
  };
}

function secretsOf(credentials: Credentials | null): [secret: string, instead: string][] {
  const password = credentials?.password ?? '';
  return password === ''
    ? []
    : [
        [encode(password), '***'],
        [password, '***'],
      ];
}

function secretsIn(url: string | undefined): [secret: string, instead: string][] {
  const path = url === undefined ? '' : url.replace(/^\w+:\/\/[^/?#]*/, '');
  return [path, decoded(path)]
    .filter((secret) => secret.length >= MIN_SECRET_PATH)
    .map((secret) => [secret, '/…']);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function userInfo(credentials: Credentials): string {
  return `${encode(credentials.username)}:${encode(credentials.password)}`;
}

/** Percent-encodes also what encodeURIComponent leaves: a single quote would end the string in ffmpeg's script. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function unusable(camera: string, what: string): MenshenError {
  return new MenshenError('CONFIG_INVALID', `Camera ${camera}: ${what}.`);
}
