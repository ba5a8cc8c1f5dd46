import type { ErrorCode } from '../common/index.ts';
import type { StreamStats } from './types.ts';

/** How one attempt to read a source ended. */
export type SessionEnd =
  | { readonly kind: 'finished' }
  /** Our own RTSP reader cannot read this stream, and ffmpeg's may. */
  | { readonly kind: 'unsupported'; readonly why: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What a session tells while it runs. */
export interface SessionListener {
  /** Fresh pictures of this size come; told again when the size changes. */
  onStreaming(width: number, height: number): void;
}

/** One attempt to read a source, from opening it to its end. */
export interface Session {
  /** Runs until the source ends, fails or is ended; resolves when no child process is left. Never rejects. */
  run(): Promise<SessionEnd>;
  /** Ends it at once. */
  end(): void;
  /** Whose time stamps the capture times follow. */
  readonly timestamps: 'stream' | 'arrival';
  /** See `CameraStats.stream`. */
  readonly stream: StreamStats | null;
}
