import { Writable } from 'node:stream';
import { pino } from 'pino';
import sharp from 'sharp';
import { type CloudApi, CloudClient, type CloudClientOptions, type Ticket } from '../../src/cloud/index.ts';
import { type CloudConfig, CloudSchema } from '../../src/config/index.ts';
import { KEYS } from './strict-server.ts';

/** The example of GB 11643-1999. */
export const ID_NUMBER = '11010519491231002X';

/** Keys of the section `cloud`; those of `apis` are laid over the fast ones. */
export interface ConfigOverrides {
  readonly apis?: Readonly<Partial<Record<CloudApi, object>>>;
  readonly [key: string]: unknown;
}

/** A configuration for a test's endpoint; calls are not slowed down unless `apis` says so. */
export function cloudConfig(endpoint: string, overrides: ConfigOverrides = {}): CloudConfig {
  const fast = { callsPerSecond: 1000 };
  const apis = {
    detect: fast,
    attributes: fast,
    compare: fast,
    silentLiveness: fast,
    realName: { ...fast, deadlineMs: 1500 },
    actionLiveness: { ...fast, deadlineMs: 1500 },
  };
  const keys = {
    appKey: { value: KEYS.appKey },
    accessKey: { value: KEYS.accessKey },
    secretKey: { value: KEYS.secretKey },
  };
  return CloudSchema.parse({ endpoint, ...keys, ...overrides, apis: { ...apis, ...overrides.apis } });
}

/** Counts in memory. */
export class Counter {
  counted = 0;
  released = 0;
  #next = 0;

  count(api: CloudApi, dailyCap: number): Ticket | null {
    if (this.counted - this.released >= dailyCap) return null;
    this.counted += 1;
    this.#next += 1;
    return { id: this.#next, api };
  }

  release(): void {
    this.released += 1;
  }

  get charged(): number {
    return this.counted - this.released;
  }
}

/** A client with everything it logs kept as text. */
export function makeClient(config: CloudConfig, options: Partial<CloudClientOptions> = {}) {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const counter = new Counter();
  const log = pino({ level: 'trace' }, sink);
  const client = new CloudClient({ config, keys: KEYS, counter, log, ...options });
  return { client, counter, logged: () => lines.join('') };
}

/** A JPEG of about `kilobytes`, no picture of anybody. */
export async function jpeg(width = 240, height = 320): Promise<Uint8Array> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 30 };
  return sharp({ create: { width, height, channels: 3, background: '#888', noise } })
    .jpeg({ quality: 70 })
    .toBuffer();
}
