import type { Door } from './controller.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Releases the relays of `doors` (read when it happens, so doors may be added later) however the process
 * ends, as far as it has a say: an uncaught exception, an unhandled rejection, `process.exit`, and the
 * signals SIGTERM, SIGINT and SIGHUP. A signal that nobody else listens to still ends the process.
 * SIGKILL and a power cut leave no say: see `menshen door release`. Returns a function that takes the guard away.
 */
export function installReleaseGuard(doors: readonly Pick<Door, 'release' | 'releaseNow'>[]): () => void {
  const releaseNow = () => {
    for (const door of doors) door.releaseNow();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    for (const door of doors) door.release();
    if (process.listenerCount(signal) > 1) return;
    remove();
    process.kill(process.pid, signal);
  };
  const remove = () => {
    process.off('exit', releaseNow);
    process.off('uncaughtExceptionMonitor', releaseNow);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', releaseNow);
  // The monitor sees exceptions and rejections before anyone else and leaves the crash as it is.
  process.on('uncaughtExceptionMonitor', releaseNow);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return remove;
}
