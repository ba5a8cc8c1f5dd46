import type { Readable } from 'node:stream';

/** Why a body was not read. */
export class BodyRefused extends Error {
  readonly why: 'large' | 'busy';

  constructor(why: 'large' | 'busy') {
    super(why);
    this.why = why;
  }
}

/** Bytes of bodies that all calls together may hold. */
export class BodyBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /**
   * Reads a body of at most `limit` bytes. Throws BodyRefused `large`, or `busy` when all calls together hold too
   * much; what still comes is then left to the HTTP parser, which throws it away. The bytes count until `free`.
   */
  async read(stream: Readable, limit: number): Promise<{ readonly body: Buffer; readonly free: () => void }> {
    const chunks: Buffer[] = [];
    let received = 0;
    const free = () => {
      this.#held -= received;
      received = 0;
    };
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        received += chunk.length;
        this.#held += chunk.length;
        if (received > limit) throw new BodyRefused('large');
        if (this.#held > this.#limit) throw new BodyRefused('busy');
        chunks.push(chunk);
      }
      return { body: Buffer.concat(chunks, received), free };
    } catch (error) {
      free();
      throw error;
    }
  }
}
