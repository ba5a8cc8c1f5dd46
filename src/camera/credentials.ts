import { MenshenError } from '../common/index.ts';

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

/** A function that takes user and password out of a text, in clear and percent-encoded. */
export function redactor(credentials: Credentials | null): (text: string) => string {
  const password = credentials?.password ?? '';
  const secrets = password === '' ? [] : [encode(password), password];
  return (text) => {
    let clean = text.replace(/(\w:\/\/)[^/\s@]*@/g, '$1***@');
    for (const secret of secrets) clean = clean.replaceAll(secret, '***');
    return clean;
  };
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
