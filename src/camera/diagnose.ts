import type { ErrorCode } from '../common/index.ts';

/** What is known of a stream that ended. */
export interface Symptoms {
  readonly kind: 'rtsp' | 'file';
  /** Why we ended it, or `exit` if ffmpeg went by itself. */
  readonly end: 'exit' | 'connect-timeout' | 'stall' | 'size-changed' | 'out-of-step';
  /** ffmpeg's exit, e.g. `exit code 1` or `SIGKILL`. */
  readonly exit: string;
  /** TCP connection made. */
  readonly connected: boolean;
  /** Pictures decoded, whether fresh or old. */
  readonly pictures: number;
  /** Age of the newest picture when it came, milliseconds. */
  readonly lastAgeMs: number;
  readonly decodeErrors: number;
  /** Last errors of ffmpeg, redacted. */
  readonly complaints: readonly string[];
  /** Time-out that ended it, milliseconds. */
  readonly limitMs: number;
}

export interface Diagnosis {
  readonly code: ErrorCode;
  /** What happened, without camera and URL. */
  readonly what: string;
}

const ANSWERS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /\b401 Unauthorized|\b403 Forbidden|authorization failed/i,
    'CAMERA_AUTH_FAILED',
    'the camera refused user or password; check "username" and "password"',
  ],
  [
    /\b404 Not Found|\b400 Bad Request/i,
    'CAMERA_NOT_FOUND',
    'the camera has no stream under this path; check the path of the URL',
  ],
  [
    /Failed to resolve hostname/i,
    'CAMERA_UNREACHABLE',
    'the host name cannot be resolved; check the URL and the DNS',
  ],
  [/No such file or directory/i, 'CAMERA_SOURCE_INVALID', 'the file is gone'],
  [
    /matches no streams|Could not find codec parameters|Decoder .*not found|Invalid data found when processing input/i,
    'CAMERA_UNDECODABLE',
    'what arrives is no video that ffmpeg can decode; check the codec set in the camera',
  ],
];

/** Says what went wrong and under which code of the catalogue. */
export function diagnose(s: Symptoms): Diagnosis {
  const seconds = `${s.limitMs / 1000} s`;
  if (s.end === 'size-changed')
    return { code: 'CAMERA_RESOLUTION_CHANGED', what: 'the picture size changed' };
  if (s.end === 'out-of-step')
    return { code: 'CAMERA_UNDECODABLE', what: "ffmpeg's output could not be read" };
  if (s.end === 'stall' || (s.end === 'connect-timeout' && s.pictures > 0)) return stalled(s, seconds);
  if (s.pictures > 0) return { code: 'CAMERA_ENDED', what: `the stream ended (ffmpeg: ${s.exit})` };
  if (s.kind === 'rtsp' && !s.connected && !s.complaints.some((line) => /resolve/.test(line))) {
    return { code: 'CAMERA_UNREACHABLE', what: 'no connection; check address, port and network' };
  }
  return beforeFirstPicture(s, seconds);
}

function stalled(s: Symptoms, seconds: string): Diagnosis {
  if (s.decodeErrors > 0)
    return { code: 'CAMERA_UNDECODABLE', what: `pictures arrive but could not be decoded for ${seconds}` };
  if (s.lastAgeMs > 1000) {
    const age = (s.lastAgeMs / 1000).toFixed(1);
    return {
      code: 'CAMERA_STALLED',
      what: `no fresh picture for ${seconds}; the newest was ${age} s old when it came`,
    };
  }
  return { code: 'CAMERA_STALLED', what: `no picture for ${seconds}` };
}

function beforeFirstPicture(s: Symptoms, seconds: string): Diagnosis {
  if (s.decodeErrors > 0)
    return {
      code: 'CAMERA_UNDECODABLE',
      what: 'pictures arrive but cannot be decoded; check the codec set in the camera',
    };
  if (s.end === 'exit') {
    for (const [pattern, code, what] of ANSWERS) {
      if (code === 'CAMERA_UNDECODABLE' && isBareProtocolError(s)) continue;
      if (s.complaints.some((line) => pattern.test(line))) return { code, what };
    }
    return { code: 'CAMERA_NO_FRAMES', what: `the camera answered but sent no picture (ffmpeg: ${s.exit})` };
  }
  return { code: 'CAMERA_NO_FRAMES', what: `connected, but no picture came within ${seconds}` };
}

/** "Invalid data" of the RTSP handshake itself is about the answer, not about video. */
function isBareProtocolError(s: Symptoms): boolean {
  return s.kind === 'rtsp' && s.complaints.some((line) => /Impossible to open/.test(line));
}
