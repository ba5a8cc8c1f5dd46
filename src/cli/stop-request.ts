/** Should an orderly stop take longer than this, the process ends anyway: the relays are released first of all. */
const LIMIT_MS = 2800;

/** The wish of SIGTERM or SIGINT that a daemon ends. */
export interface StopRequest {
  /** The signal, once it came. */
  readonly signal: NodeJS.Signals | null;
  /** Resolves when it comes. From then on the process has 2.8 s, then it ends with code 0 where it stands. */
  readonly asked: Promise<NodeJS.Signals>;
}

let heard: StopRequest | null = null;

/**
 * Listens from the first call on. A daemon calls it before it loads anything: a signal in the middle of the start
 * must not tear the process away with children and files open, but end it in order like any other.
 */
export function stopRequest(): StopRequest {
  heard ??= listen();
  return heard;
}

function listen(): StopRequest {
  let signal: NodeJS.Signals | null = null;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (signal === null) {
          signal = name;
          setTimeout(() => process.exit(0), LIMIT_MS).unref();
          resolve(name);
        }
      });
    }
  });
  return {
    get signal() {
      return signal;
    },
    asked,
  };
}
