import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Sm2Order } from '../../../src/cloud/index.ts';

/** Where Debian's libbcprov-java puts it. */
const JAR = process.env.BCPROV_JAR ?? '/usr/share/java/bcprov.jar';
const PROGRAM = new URL('./Peer.java', import.meta.url).pathname;

/** Why BouncyCastle cannot be asked on this machine, or null. */
export function missing(): string | null {
  const compiler = spawnSync('javac', ['-version']).status === 0;
  if (compiler && existsSync(JAR)) return null;
  return `needs a JDK and BouncyCastle (${JAR}): node scripts/setup.mjs --long`;
}

export type Question = 'keys' | 'encrypt' | 'decrypt' | 'hmac' | 'sm4' | 'seal' | 'open';

export interface Peer {
  /** Asks BouncyCastle one thing; throws what it throws. One at a time. */
  ask(what: Question, order: Sm2Order, ...data: readonly (Uint8Array | string)[]): Promise<Buffer[]>;
  stop(): Promise<void>;
}

/** Starts Peer.java, compiled on the way. */
export function startPeer(): Peer {
  const child = spawn('java', ['-cp', JAR, PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(what, order, ...data) {
      const words = data.map((item) => Buffer.from(item).toString('base64'));
      child.stdin.write(`${[what, order, ...words].join(' ')}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error('Peer.java ended');
      if (value.startsWith('!')) throw new Error(value.slice(2));
      return value.split(' ').map((word) => Buffer.from(word, 'base64'));
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
