import { type Logger, pino } from 'pino';

export type { Logger };

/** Log levels a site can ask for; the daemon's default is `info`. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The process's logger: one JSON object a line on stderr, so that stdout stays free for a command's answer.
 * Secrets never reach it: configuration is logged only through `redactConfig`, URLs only through `redactUrl`.
 */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  return pino({ name, level, base: { name, pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
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
