import { execFile } from 'node:child_process';
import type { Logger } from '../common/index.ts';

/**
 * Talks to systemd (sd_notify(3)) when it started us: ready, watchdog, stopping. Node has no datagram
 * sockets of the UNIX family, so `systemd-notify` does the sending; the unit needs NotifyAccess=all.
 */
export class ServiceManager {
  readonly #log: Logger;
  readonly #present = process.env.NOTIFY_SOCKET !== undefined;
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The gate is up. From now on the watchdog is fed at half its interval while `healthy` says so. */
  ready(healthy: () => boolean): void {
    this.#send('--ready', '--status=the gate is up');
    const interval = Number(process.env.WATCHDOG_USEC ?? 0) / 1000;
    if (this.#present && interval > 0) {
      this.#timer = setInterval(() => {
        if (healthy()) {
          this.#send('WATCHDOG=1');
        }
      }, interval / 2);
    }
  }

  stopping(): void {
    this.pause();
    this.#send('STOPPING=1');
  }

  /** Says nothing until another gate of this process is ready: well within the time the watchdog allows. */
  pause(): void {
    if (this.#timer !== null) {
      clearInterval(this.#timer);
    }
  }

  #send(...args: string[]): void {
    if (!this.#present) {
      return;
    }
    execFile('systemd-notify', args, { timeout: 5000 }, (error) => {
      if (error !== null) {
        this.#log.warn({ err: error.message }, 'systemd could not be told');
      }
    });
  }
}
