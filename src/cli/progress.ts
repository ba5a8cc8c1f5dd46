const WIDTH = 30;
/** Not at every step: a terminal on a serial line is slow. */
const EVERY_MS = 200;

export interface ProgressBar {
  readonly update: (done: number, of: number) => void;
  readonly end: () => void;
}

/** A bar on stderr; where that is no terminal, a line for each tenth. */
export function progressBar(what: string): ProgressBar {
  const terminal = process.stderr.isTTY === true;
  let shownAt = Number.NEGATIVE_INFINITY;
  let tenth = 0;
  const begun = performance.now();
  return {
    update: (done, of) => {
      const now = performance.now();
      if (terminal && (now - shownAt > EVERY_MS || done === of)) {
        shownAt = now;
        const filled = Math.round((done / of) * WIDTH);
        const left =
          done === 0 ? '' : ` ${((((now - begun) / done) * (of - done)) / 1000).toFixed(0)} s left`;
        process.stderr.write(
          `\r[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${of} ${what}${left}   `,
        );
      } else if (!terminal && Math.floor((done / of) * 10) > tenth) {
        tenth = Math.floor((done / of) * 10);
        process.stderr.write(`${done} of ${of} ${what}\n`);
      }
    },
    end: () => {
      if (terminal) process.stderr.write('\n');
    },
  };
}
