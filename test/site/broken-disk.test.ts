import { describe, expect, it } from 'vitest';
import { Follower, type SiteRoster } from '../../src/site/index.ts';
import {
  Administrator,
  GATE,
  gateKey,
  MemoryRoster,
  MODEL,
  PREFIX,
  person,
  SITE,
  WildBroker,
} from './support.ts';

const [ALICE, BOB, EVE] = [
  '8f14e45f-ceea-467f-a9cf-1b2c3d4e5f60',
  '1c383cd3-0b7c-498a-b1d5-2b3c4d5e6f70',
  '2d383cd3-0b7c-498a-b1d5-2b3c4d5e6f71',
];

/** A disk that refuses once. */
class BrokenRoster extends MemoryRoster {
  breaks: 'remove' | 'apply' | 'believe' | null = null;

  override believe(...given: Parameters<SiteRoster['believe']>): void {
    this.#orBreak('believe');
    super.believe(...given);
  }

  override remove(...given: Parameters<SiteRoster['remove']>) {
    this.#orBreak('remove');
    return super.remove(...given);
  }

  override apply(...given: Parameters<SiteRoster['apply']>) {
    this.#orBreak('apply');
    return super.apply(...given);
  }

  #orBreak(call: 'remove' | 'apply' | 'believe'): void {
    if (this.breaks !== call) return;
    this.breaks = null;
    throw new Error('the disk is full');
  }
}

function setUp() {
  const admin = new Administrator();
  const broker = new WildBroker();
  const roster = new BrokenRoster();
  const follower = new Follower({
    prefix: PREFIX,
    site: SITE,
    gate: GATE,
    authorities: [admin.publicKey],
    encryptionKey: gateKey,
    model: MODEL,
    wire: broker,
    roster,
    look: async () => [],
    onChange: () => {},
    onRefusal: (code) => expect.unreachable(code),
  });
  const errors: unknown[] = [];
  const safely = (work: () => void) => {
    try {
      work();
    } catch (error) {
      errors.push(error);
    }
  };
  const deliver = (now: number) => {
    for (const { onWay } = broker; onWay.length > 0; ) {
      const [message] = onWay.splice(0, 1);
      if (message !== undefined) safely(() => follower.take(...message, now));
      // At no time does the gate say that it holds nobody whom the site has taken away, and yet hold them.
      if (follower.isCurrent && roster.believed.version === admin.version) {
        expect([...roster.people.keys()].filter((id) => !admin.ids.has(id))).toEqual([]);
      }
    }
  };
  broker.publish([admin.keysFor(GATE, gateKey)]);
  broker.publish(admin.publish(new Map([ALICE, BOB].map((id) => [id, person(id)]))));
  follower.up(0);
  deliver(0);
  const publish = () =>
    broker.publish(
      admin.publish(
        new Map([
          [ALICE, null],
          [BOB, person(BOB, { name: 'Changed' })],
          [EVE, person(EVE)],
        ]),
      ),
    );
  return { admin, broker, roster, follower, deliver, errors, safely, publish };
}

describe('a disk that refuses once', () => {
  it.each(['remove', 'apply', 'believe'] as const)(
    'at %s leaves the gate unconfirmed until it has tried again, with success',
    (call) => {
      const { admin, roster, follower, deliver, errors, safely, publish } = setUp();
      expect(follower.progress).toMatchObject({ state: 'complete', root: admin.root });
      roster.breaks = call;
      publish();
      deliver(1000);
      expect(errors).toHaveLength(1);
      expect(follower.isCurrent).toBe(false);
      expect(follower.state).toBe('waiting');
      safely(() => follower.tick(5000));
      expect(follower.isCurrent).toBe(false);
      safely(() => follower.tick(12_000));
      deliver(12_000);
      expect(errors).toHaveLength(1);
      expect(follower.isCurrent).toBe(true);
      expect(follower.progress).toMatchObject({
        state: 'complete',
        version: 2,
        root: admin.root,
        pending: 0,
      });
      expect([...roster.people.keys()].sort()).toEqual([...admin.ids].sort());
    },
  );
});
