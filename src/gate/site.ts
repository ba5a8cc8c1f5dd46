import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Place, PlaceSchema, type Places } from '../access/index.ts';
import { type Logger, parseJson } from '../common/index.ts';
import type { IncomingMessage } from '../mqtt/index.ts';
import type { Records } from './records.ts';

/** What went before a loss of the broker by less than this is told again: it may have been lost with it. */
const AGAIN_MS = 600_000;
/** A clock that is this far ahead of ours would make its gate right for ever. */
const AHEAD_MS = 120_000;

/** What the gates of a site tell each other. */
export const PlaceMessageSchema = z.object({
  body: z.string().max(4096).describe('JSON, exactly as it was signed'),
  mac: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('HMAC-SHA256 of it under the key of the site'),
});
const BodySchema = z.object({
  gate: z.string(),
  person: z.string(),
  at: z.number(),
  place: PlaceSchema.nullable(),
});

export interface SiteParts {
  readonly gate: string;
  /** Topic of the site, such as `menshen/sites/hq`. */
  readonly topic: string;
  /** Shared by the gates of the site. */
  readonly key: string;
  readonly places: Places;
  readonly records: Pick<Records, 'publish' | 'subscribe'>;
  readonly log: Logger;
}

/**
 * Who is where, shared by the gates of a site: each tells the others every change over the broker, retained, so that a gate
 * that comes back hears the last of each person. The newest counts. A message that is not authenticated by the site's key
 * (HMAC-SHA256) counts for nothing, nor does one about a time to come.
 */
export class Site {
  readonly #parts: SiteParts;
  readonly #unsent = new Set<string>();
  readonly #sentAt = new Map<string, number>();
  #up = false;

  constructor(parts: SiteParts) {
    this.#parts = parts;
    const subscription = { filter: `${parts.topic}/places/+`, qos: 1, retained: 'wanted' } as const;
    parts.records.subscribe(subscription, (message) => this.heard(message));
  }

  /** The broker cannot be reached: the others cannot be heard. */
  get alone(): boolean {
    return !this.#up;
  }

  /** The link to the broker is up, or down. */
  link(up: boolean): void {
    this.#up = up;
    if (!up) return;
    const since = Date.now() - AGAIN_MS;
    const recent = [...this.#sentAt].flatMap(([person, at]) => (at >= since ? [person] : []));
    this.#sentAt.clear();
    const people = new Set([...this.#unsent, ...recent]);
    this.#unsent.clear();
    for (const person of people) this.tell(person);
  }

  /** The place of a person has changed at this gate. */
  tell(person: string): void {
    if (!this.#up) {
      this.#unsent.add(person);
      return;
    }
    const { gate, topic, key, places, records } = this.#parts;
    const place = places.get(person);
    const body = JSON.stringify({ gate, person, at: place?.at ?? Date.now(), place });
    const payload = JSON.stringify({ body, mac: macOf(body, key) });
    this.#sentAt.set(person, Date.now());
    records.publish({ topic: `${topic}/places/${person}`, payload, retain: true, qos: 1 });
  }

  /** What another gate tells. */
  heard({ topic, payload }: IncomingMessage): void {
    const { gate, key, places, log } = this.#parts;
    const body = opened(payload, key);
    if (body === null || topic !== `${this.#parts.topic}/places/${body.person}`) {
      log.warn({ topic }, 'a message about who is where is not authentic, and was not used');
      return;
    }
    if (body.gate === gate || body.at > Date.now() + AHEAD_MS) return;
    if (body.place !== null) places.merge(body.person, body.place);
    else if ((places.get(body.person)?.at ?? Number.POSITIVE_INFINITY) < body.at)
      places.set(body.person, null);
  }
}

function macOf(body: string, key: string): string {
  return createHmac('sha256', key).update(body, 'utf8').digest('hex');
}

function opened(
  payload: Uint8Array,
  key: string,
): { gate: string; person: string; at: number; place: Place | null } | null {
  const message = PlaceMessageSchema.safeParse(parseJson(payload)).data;
  if (message === undefined) return null;
  const { body, mac } = message;
  if (!timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(macOf(body, key), 'hex'))) return null;
  return BodySchema.safeParse(parseJson(body)).data ?? null;
}
