import { type Logger, pino } from 'pino';
import { LogSink } from './log-sink.ts';

export type { Logger };

/** Log levels a site can ask for; the daemon's default is `info`. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One for the process (or the thread): two would mix their lines when stderr is read slowly. */
const sink = new LogSink();

/**
 * A logger: one JSON object a line on stderr, so that stdout stays free for a command's answer. It never waits for
 * the reader of stderr: what that leaves for too long is dropped, and the number of lines told once it reads again.
 * Secrets never reach it: configuration is logged only through `redactConfig`, URLs only through `redactUrl`.
 */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  const logger = pino({ name, level, base: { name, pid: process.pid } }, sink);
  if (level !== 'silent') {
    sink.open();
    sink.onDropped = (lines) => logger.warn({ lines }, 'log lines were dropped: nobody took them');
  }
  return logger;
}

/**
 * Scheme, host and port of a URL, and `/…` for whatever follows: cheap cameras want user and password in path or
 * query. Anything that is no URL comes back as `<unparseable url>`.
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return '<unparseable url>';
  const { protocol, host, pathname, search, hash } = new URL(url);
  const rest = pathname + search + hash;
  return `${protocol}//${host}${rest === '' || rest === '/' ? rest : '/…'}`;
}
