import { describe, expect, it } from 'vitest';
import { Places } from '../../src/access/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { Site } from '../../src/gate/site.ts';
import type { IncomingMessage, OutgoingMessage } from '../../src/mqtt/index.ts';

const log = createLogger('test', 'silent');
const TOPIC = 'menshen/sites/hq';

/** A broker that keeps the last message of each topic. */
class Bus {
  readonly retained = new Map<string, OutgoingMessage>();
  readonly #listeners: ((message: IncomingMessage) => void)[] = [];

  publish(message: OutgoingMessage): void {
    this.retained.set(message.topic, message);
    for (const listener of this.#listeners) this.deliver(message, listener);
  }

  deliver(message: OutgoingMessage, listener: (message: IncomingMessage) => void): void {
    const payload = Buffer.from(message.payload);
    listener({
      topic: message.topic,
      payload,
      qos: 1,
      retained: true,
      responseTopic: null,
      correlationData: null,
    });
  }

  gate(gate: string, key = 'the key of the site') {
    const places = new Places();
    const records = {
      publish: (message: OutgoingMessage) => this.publish(message),
      subscribe: (_: unknown, listener: (message: IncomingMessage) => void) => {
        this.#listeners.push(listener);
        for (const message of this.retained.values()) this.deliver(message, listener);
      },
    };
    const site = new Site({ gate, topic: TOPIC, key, places, records, log });
    site.link(true);
    const go = (person: string, zone: string, at: number) => {
      places.go(person, zone, at, `${gate}-${at}`);
      site.tell(person);
    };
    return { places, site, go };
  }
}

const NOW = Date.now();

describe('the gates of a site', () => {
  it('know who entered at another one, those that come later too; the newest counts', () => {
    const bus = new Bus();
    const [north, south] = [bus.gate('north'), bus.gate('south')];
    north.go('ann', 'lab', NOW);
    expect(south.places.get('ann')?.zone).toBe('lab');
    south.go('ann', 'outside', NOW + 1);
    north.go('bo', 'lab', NOW);
    expect(north.places.get('ann')?.zone).toBe('outside');
    expect(bus.gate('west').places.people('lab')).toBe(1);
    north.places.set('bo', null);
    north.site.tell('bo');
    expect(south.places.get('bo')).toBeNull();
  });

  it('believe nobody without the key, no message in another place, and no time to come', () => {
    const bus = new Bus();
    const [north, thief] = [bus.gate('north'), bus.gate('thief', 'another key')];
    thief.go('ann', 'lab', NOW);
    expect(north.places.get('ann')).toBeNull();
    const south = bus.gate('south');
    south.go('ann', 'lab', NOW);
    expect(north.places.get('ann')?.zone).toBe('lab');
    const stolen = bus.retained.get(`${TOPIC}/places/ann`);
    if (stolen === undefined) throw new Error('nothing was told');
    bus.publish({ ...stolen, topic: `${TOPIC}/places/bo` });
    expect(north.places.get('bo')).toBeNull();
    south.go('cy', 'lab', NOW + 3_600_000);
    expect(north.places.get('cy')).toBeNull();
    for (const payload of [
      '',
      '{',
      '{"body":"{}","mac":"00"}',
      JSON.stringify({ body: 'x', mac: '0'.repeat(64) }),
    ]) {
      expect(() => bus.publish({ topic: `${TOPIC}/places/x`, payload })).not.toThrow();
    }
  });

  it('a gate alone says so, and tells what it kept to itself when the broker is back', () => {
    const bus = new Bus();
    const [north, south] = [bus.gate('north'), bus.gate('south')];
    north.site.link(false);
    expect([north.site.alone, south.site.alone]).toEqual([true, false]);
    north.go('ann', 'lab', NOW);
    expect(south.places.get('ann')).toBeNull();
    north.site.link(true);
    expect(south.places.get('ann')?.zone).toBe('lab');
  });
});
