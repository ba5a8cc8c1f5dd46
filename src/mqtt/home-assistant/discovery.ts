import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Logger, messageOf } from '../../common/index.ts';
import type { HomeAssistantConfig } from '../../config/index.ts';
import type { IncomingMessage, Subscription } from '../subscription.ts';
import { configTopic, deviceOf, type GateParts } from './device.ts';
import type { Device } from './schema.ts';

/** Home Assistant starts: the gates of a site do not all answer at once. */
const BIRTH_SPREAD_MS = 3000;

const ToldSchema = z.object({
  topic: z.string(),
  components: z.record(z.string(), z.enum(['binary_sensor', 'sensor', 'update'])),
});
type Told = z.infer<typeof ToldSchema>;

/** Publishes a retained message; calls back when the broker has it, or refuses it. */
export type Publish = (topic: string, payload: string, answer: (refusal: Error | null) => void) => void;

export interface DiscoveryOptions {
  readonly config: HomeAssistantConfig;
  readonly parts: GateParts;
  readonly dataDir: string;
  readonly log: Logger;
  readonly spreadMs?: number;
}

/**
 * Tells Home Assistant of the gate, at each connection and whenever it starts. A file remembers what was told, so that
 * what is no more (a door, or all of it when it is switched off) is taken away there, after a restart as well.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #file: string;
  #publish: Publish | null = null;
  #timer: NodeJS.Timeout | null = null;
  #refused = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#file = join(options.dataDir, 'home-assistant.json');
  }

  /** Where Home Assistant says that it has started; null where it is not told of the gate. */
  get birth(): Subscription | null {
    const { discovery, prefix } = this.#options.config;
    return discovery ? { filter: `${prefix}/status`, qos: 1, retained: 'unwanted' } : null;
  }

  /** The broker is reached. */
  up(publish: Publish): void {
    this.#publish = publish;
    this.#tell();
  }

  /** The broker is lost. */
  down(): void {
    this.#publish = null;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }

  /** A message where Home Assistant says that it has started. */
  heard({ payload }: Pick<IncomingMessage, 'payload'>): void {
    if (Buffer.from(payload).toString('utf8') !== 'online') return;
    const { spreadMs = BIRTH_SPREAD_MS } = this.#options;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, Math.random() * spreadMs);
  }

  #tell(): void {
    const { config, parts } = this.#options;
    const told = this.#read();
    const topic = configTopic(config.prefix, parts);
    if (told !== null && (!config.discovery || told.topic !== topic)) {
      this.#send(told.topic, '', () => {
        if (!config.discovery) rmSync(this.#file, { force: true });
      });
    }
    if (!config.discovery) return;
    const device = deviceOf(parts, config.lastPerson);
    const gone = told?.topic === topic ? goneFrom(told, device) : {};
    const all = { ...device, components: { ...device.components, ...gone } };
    this.#write({ topic, components: platforms(all) });
    this.#send(topic, JSON.stringify(all), () => {
      if (Object.keys(gone).length === 0) return;
      // Taken away by now: the message that stays is without them.
      this.#write({ topic, components: platforms(device) });
      this.#send(topic, JSON.stringify(device), () => {});
    });
  }

  #send(topic: string, payload: string, done: () => void): void {
    this.#publish?.(topic, payload, (refusal) => {
      if (refusal === null) return done();
      if (this.#refused) return;
      this.#refused = true;
      this.#options.log.error(
        `The broker refuses what Home Assistant is told (${topic}): ${refusal.message}. Check its access list.`,
      );
    });
  }

  #read(): Told | null {
    try {
      return ToldSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return null;
    }
  }

  #write(told: Told): void {
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify(told));
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#options.log.warn(
        { err: messageOf(error) },
        'it cannot be noted what Home Assistant was told; what is no more may stay there',
      );
    }
  }
}

/** What was told of and is no more: with its platform alone Home Assistant takes it away. */
function goneFrom(told: Told, { components }: Device): Device['components'] {
  const gone = Object.entries(told.components).filter(([id]) => !Object.hasOwn(components, id));
  return Object.fromEntries(gone.map(([id, platform]) => [id, { platform }]));
}

function platforms({ components }: Device): Told['components'] {
  return Object.fromEntries(Object.entries(components).map(([id, { platform }]) => [id, platform]));
}
