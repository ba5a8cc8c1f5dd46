import { statSync } from 'node:fs';
import { MenshenError, redactUrl } from '../common/index.ts';

/** What can stand for a camera. */
export type Source =
  | { readonly kind: 'rtsp'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string };

/** Tells what a configured source is. Throws CAMERA_SOURCE_INVALID, without ever repeating a password. */
export function parseSource(camera: string, source: string): Source {
  if (/^rtsps?:\/\//i.test(source)) return { kind: 'rtsp', url: checkUrl(camera, source) };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
    throw invalid(camera, `${redactUrl(source)} is not supported; use rtsp://, rtsps://, a file or a folder`);
  }
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return { kind: 'folder', path: source };
  if (stat?.isFile()) return { kind: 'file', path: source };
  throw invalid(camera, `there is no file and no folder ${source}`);
}

function checkUrl(camera: string, source: string): string {
  const url = URL.canParse(source) ? new URL(source) : null;
  if (url === null || url.hostname === '')
    throw invalid(camera, `${redactUrl(source)} is not a valid RTSP URL`);
  if (url.username !== '' || url.password !== '') {
    throw invalid(camera, 'the URL holds a user or a password; move them to "username" and "password"');
  }
  if (/['\s\\]/.test(source))
    throw invalid(camera, 'the URL holds a quote, a backslash or a space; percent-encode it');
  return source;
}

function invalid(camera: string, what: string): MenshenError {
  return new MenshenError('CAMERA_SOURCE_INVALID', `Camera ${camera}: ${what}.`);
}
