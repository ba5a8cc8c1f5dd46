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

/** The URL with user and password replaced by `***`; anything that is no URL comes back as `<unparseable url>`. */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.username !== '' || parsed.password !== '') {
      parsed.username = '***';
      parsed.password = parsed.password === '' ? '' : '***';
    }
    return parsed.href;
  } catch {
    return '<unparseable url>';
  }
}
