import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Debian's own interpreter: python3-gi is built for it and for no other. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./server.py', import.meta.url));
const START_TIMEOUT_MS = 15_000;

const ReadySchema = z.object({ listening: z.number().int(), url: z.string() });

export interface RtspServerOptions {
  /** H.264 in Annex B with access unit delimiters, see `encodeH264`. */
  readonly file: string;
  /** Pictures a second; 15 by default. */
  readonly fps?: number;
  /** Begin again at the end (default) or end the stream. */
  readonly loop?: boolean;
  /** How fast the time stamps run, in parts of the true speed; 1 by default. */
  readonly clock?: number;
  /** Ask for this user and password (Digest). */
  readonly user?: string;
  readonly password?: string;
  /** 0 (default) takes any free port. */
  readonly port?: number;
  /** File for one JSON line an access unit sent: `{n, unit, sent}`; `unit` is its index in the file, `sent` CLOCK_MONOTONIC in ms. */
  readonly log?: string;
}

export interface RtspServer {
  /** Without user and password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server; resolves when it is gone. */
  stop(): Promise<void>;
  /** Sends a signal; SIGUSR1 silences the stream while connections stand, SIGUSR2 goes on. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts a live RTSP camera on 127.0.0.1; it dies with this process. Throws when it is not ready within 15 s. */
export async function startRtspServer(options: RtspServerOptions): Promise<RtspServer> {
  const args = [
    SCRIPT,
    options.file,
    '--port',
    String(options.port ?? 0),
    '--fps',
    String(options.fps ?? 15),
  ];
  if (options.loop === false) args.push('--once');
  if (options.clock !== undefined) args.push('--clock', String(options.clock));
  if (options.user !== undefined) args.push('--user', options.user);
  if (options.log !== undefined) args.push('--log', options.log);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', PYTHON, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RTSP_PASSWORD: options.password ?? '' },
  });
  const exited = once(child, 'close');
  const ready = await firstLine(child);
  return {
    url: ready.url,
    port: ready.listening,
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<z.infer<typeof ReadySchema>> {
  if (child.stdout === null) throw new Error('the RTSP server has no stdout');
  const lines = createInterface({ input: child.stdout });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  try {
    for await (const line of lines) return ReadySchema.parse(JSON.parse(line));
    throw new Error(
      'the RTSP server ended before it was ready; are gir1.2-gst-rtsp-server-1.0 and python3-gi installed?',
    );
  } finally {
    clearTimeout(timer);
  }
}
