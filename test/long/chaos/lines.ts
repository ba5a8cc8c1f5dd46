import { connect, type Socket } from 'node:net';
import { z } from 'zod';

const ChangeSchema = z.object({
  line: z.number(),
  level: z.union([z.literal(0), z.literal(1)]),
  at: z.number(),
});
/** An output changed its level; `at` is CLOCK_MONOTONIC in milliseconds. */
export type Edge = z.infer<typeof ChangeSchema>;

/** The simulated lines of a daemon, through its control socket, from one start of it to its end. */
export class Lines {
  readonly #socket: Socket;
  #rest = '';

  /** Rejects while nobody listens there. Every change of an output is told to `onEdge`. */
  static connect(path: string, onEdge: (edge: Edge) => void): Promise<Lines> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Lines(socket, onEdge));
      });
    });
  }

  private constructor(socket: Socket, onEdge: (edge: Edge) => void) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const texts = (this.#rest + chunk.toString()).split('\n');
      this.#rest = texts.pop() ?? '';
      for (const text of texts) {
        const change = ChangeSchema.safeParse(JSON.parse(text)).data;
        if (change !== undefined) onEdge(change);
      }
    });
    socket.write('{"subscribe": true}\n');
  }

  drive(line: number, level: 0 | 1): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify({ line, level })}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}
