/**
 * What happens when the reader of our output goes away (`menshen events tail | head -1`, a restarted journald):
 * a command ends quietly, a daemon (`stay`) works on without the output.
 */
export function outliveReader({ stay }: { stay: boolean }): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      if (!stay) process.exit(0);
    });
  }
}
