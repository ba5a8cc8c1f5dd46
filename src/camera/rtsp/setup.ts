import { MenshenError } from '../../common/index.ts';
import type { Connection } from './connection.ts';
import type { RtspMessage } from './message.ts';
import { readSdp, type VideoMedia } from './sdp.ts';

/** A session as the camera granted it. */
export interface RtspSession {
  /** The header that names it in each request. */
  readonly header: string;
  readonly rtpChannel: number;
  readonly rtcpChannel: number;
  /** How often to show the camera that we are there, milliseconds. */
  readonly keepAliveMs: number;
  readonly keepAliveMethod: 'GET_PARAMETER' | 'OPTIONS';
}

/** RFC 2326, 12.37. */
const DEFAULT_TIMEOUT_S = 60;
const LONGEST_KEEP_ALIVE_MS = 30_000;
const SHORTEST_KEEP_ALIVE_MS = 500;

/** Asks for the description and sets the first video up. Throws MenshenError or UnsupportedStream. */
export async function openStream(
  connection: Connection,
  url: string,
): Promise<{ media: VideoMedia; session: RtspSession }> {
  const options = await connection.request('OPTIONS', url);
  const described = await connection.request('DESCRIBE', url, ['Accept: application/sdp']);
  const media = readSdp(described.body, baseOf(described, url));
  const granted = await connection.request('SETUP', media.setupUrl, [
    'Transport: RTP/AVP/TCP;unicast;interleaved=0-1',
  ]);
  return { media, session: readSession(granted, options) };
}

function baseOf({ headers }: RtspMessage, url: string): string {
  const told = headers.get('content-base')?.[0] ?? headers.get('content-location')?.[0] ?? '';
  return /^rtsps?:\/\//i.test(told) ? told : url;
}

/** Reads what the camera granted. Throws CAMERA_NO_FRAMES where it is no session over TCP. */
export function readSession(granted: RtspMessage, options: RtspMessage): RtspSession {
  const [id = '', ...parameters] = (granted.headers.get('session')?.[0] ?? '')
    .split(';')
    .map((part) => part.trim());
  // Any visible characters: cameras do not keep to the RFC's alphabet.
  if (!/^[\x21-\x7e]{1,256}$/.test(id))
    throw new MenshenError('CAMERA_NO_FRAMES', 'the camera granted no session');
  const transport = granted.headers.get('transport')?.[0] ?? '';
  const channels = /interleaved=(\d{1,3})(?:-(\d{1,3}))?/i.exec(transport);
  if (/RTP\/AVP(\/UDP)?(;|$)/i.test(transport) || channels === null)
    throw new MenshenError('CAMERA_NO_FRAMES', 'the camera does not stream over TCP; allow it in the camera');
  const rtpChannel = Number(channels[1]);
  const seconds = Number(/^timeout=(\d{1,6})$/i.exec(parameters[0] ?? '')?.[1] ?? DEFAULT_TIMEOUT_S);
  const knowsGetParameter = /\bGET_PARAMETER\b/.test(options.headers.get('public')?.[0] ?? '');
  return {
    header: `Session: ${id}`,
    rtpChannel,
    rtcpChannel: Number(channels[2] ?? rtpChannel + 1),
    keepAliveMs: Math.min(LONGEST_KEEP_ALIVE_MS, Math.max(SHORTEST_KEEP_ALIVE_MS, seconds * 400)),
    keepAliveMethod: knowsGetParameter ? 'GET_PARAMETER' : 'OPTIONS',
  };
}
