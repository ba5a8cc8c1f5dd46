import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian installs it in a folder that is not in an ordinary user's PATH. */
const PROGRAM = existsSync('/usr/sbin/mosquitto') ? '/usr/sbin/mosquitto' : 'mosquitto';
const READY_MS = 10_000;
const STOP_MS = 3000;

export interface MosquittoOptions {
  /** TCP port on loopback; by default a free one. */
  readonly port?: number;
  readonly tls?: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly requireClientCertificate?: boolean;
  };
  /** User names and passwords; without them anybody may connect. */
  readonly users?: Readonly<Record<string, string>>;
  /** Content of mosquitto's ACL file. */
  readonly acl?: string;
  /** Further lines of mosquitto.conf. */
  readonly extra?: readonly string[];
}

export interface Mosquitto {
  /** mqtt:// or mqtts:// with port, without user and password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What the broker has logged. */
  log(): string;
  /** Ends it in good order (SIGTERM); resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>;
}

/** Whether the broker is installed; tests that need it are skipped where it is not. */
export function mosquittoInstalled(): boolean {
  try {
    // With -h it prints its version and ends with 3.
    execFileSync(PROGRAM, ['-h'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}

/** A TCP port on loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Starts a real mosquitto on loopback with a configuration of its own; resolves when it takes connections. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const port = options.port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'menshen-mosquitto-'));
  const config = join(dir, 'mosquitto.conf');
  writeFileSync(config, configuration(dir, port, options), { mode: 0o600 });
  const child = launch(config);
  const lines: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(late);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await ready(child, port);
  } catch (error) {
    await end('SIGKILL');
    throw new Error(
      `mosquitto did not start: ${error instanceof Error ? error.message : String(error)}\n${lines.join('')}`,
    );
  }
  return {
    url: `${options.tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    log: () => lines.join(''),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function configuration(dir: string, port: number, options: MosquittoOptions): string {
  const lines = [
    'persistence false',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type notice',
    // A subscriber is sent all it is due before the publisher gets its PUBACK.
    'max_inflight_messages 0',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    ...(options.tls === undefined
      ? []
      : [
          `cafile ${options.tls.caFile}`,
          `certfile ${options.tls.certFile}`,
          `keyfile ${options.tls.keyFile}`,
          `require_certificate ${options.tls.requireClientCertificate === true}`,
        ]),
    `allow_anonymous ${options.users === undefined}`,
  ];
  if (options.users !== undefined) {
    const file = join(dir, 'passwords');
    const plain = Object.entries(options.users).map(([user, password]) => `${user}:${password}\n`);
    writeFileSync(file, plain.join(''), { mode: 0o600 });
    // Hashes the file in place: no password in the list of processes.
    execFileSync('mosquitto_passwd', ['-U', file], { stdio: 'pipe' });
    lines.push(`password_file ${file}`);
  }
  if (options.acl !== undefined) {
    const file = join(dir, 'acl');
    writeFileSync(file, options.acl, { mode: 0o600 });
    lines.push(`acl_file ${file}`);
  }
  return [...lines, ...(options.extra ?? []), ''].join('\n');
}

/** Under setpriv the broker dies with the process that started it, even when that is killed. */
function launch(config: string): ChildProcess {
  const guard = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const [program = PROGRAM, ...args] = [...guard, PROGRAM, '-c', config];
  return spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    if (failure !== undefined) {
      throw failure;
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    }
    if (await accepts(port)) {
      return;
    }
    await sleep(20);
  }
  throw new Error(`no answer on port ${port} within ${READY_MS} ms`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
