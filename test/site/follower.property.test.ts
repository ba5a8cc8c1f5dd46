import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Follower, type SitePerson } from '../../src/site/index.ts';
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

/** Few people, some of one bucket, so that changes meet. */
const IDS = Array.from({ length: 12 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);

const Step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      who: fc.uniqueArray(fc.nat(IDS.length - 1), { minLength: 1, maxLength: 5 }),
      what: fc.nat(3),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('double' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'restart' as const, 'tick' as const) }),
  },
);

class World {
  readonly admin = new Administrator();
  readonly broker = new WildBroker();
  readonly roster = new MemoryRoster();
  /** Ids of each manifest by version: what a gate that is current may hold at most. */
  readonly truths = new Map<number, Set<string>>();
  now = 0;
  follower = this.#make();

  constructor() {
    this.broker.publish([this.admin.keysFor(GATE, gateKey)]);
    this.publish(new Map());
    this.follower.up(this.now);
  }

  #make(): Follower {
    return new Follower({
      prefix: PREFIX,
      site: SITE,
      gate: GATE,
      authorities: [this.admin.publicKey],
      encryptionKey: gateKey,
      model: MODEL,
      wire: this.broker,
      roster: this.roster,
      look: async () => [],
      onChange: () => {},
      onRefusal: (code) => {
        if (code !== 'SITE_ROLLED_BACK') throw new Error(code);
      },
    });
  }

  publish(changes: ReadonlyMap<string, SitePerson | null>): void {
    this.broker.publish(this.admin.publish(changes));
    this.truths.set(this.admin.version, this.admin.ids);
  }

  step(step: typeof Step extends fc.Arbitrary<infer T> ? T : never): void {
    this.now += 1;
    const { onWay } = this.broker;
    if (step.kind === 'publish') {
      const name = `Name ${step.what}`;
      const changes = step.who
        .map((at) => IDS[at] ?? '')
        .map((id) => [id, step.what === 0 ? null : person(id, { name })] as const);
      this.publish(new Map(changes));
    } else if (step.kind === 'cut' || step.kind === 'restart') {
      this.broker.cut();
      if (step.kind === 'restart') this.follower = this.#make();
      else this.follower.down();
      this.follower.up(this.now);
    } else if (step.kind === 'tick') {
      this.now += 15_000;
      this.follower.tick(this.now);
    } else if ('at' in step && onWay.length > 0) {
      const at = step.at % onWay.length;
      const [message] = step.kind === 'double' ? [onWay[at]] : onWay.splice(at, 1);
      if (step.kind !== 'lose' && message !== undefined) this.follower.take(...message, this.now);
    }
    this.check();
  }

  /** What holds at any time. */
  check(): void {
    if (!this.follower.isCurrent) return;
    const truth = this.truths.get(this.roster.believed.version);
    expect([...this.roster.people.keys()].filter((id) => truth?.has(id) !== true)).toEqual([]);
  }

  /** Nothing is lost any more. */
  calm(): void {
    for (let round = 0; round < 12; round += 1) {
      this.now += 400_000;
      this.follower.tick(this.now);
      for (const { onWay } = this.broker; onWay.length > 0; ) {
        const [message] = onWay.splice(0, 1);
        if (message !== undefined) this.follower.take(...message, this.now);
        this.check();
      }
      if (this.follower.state === 'waiting') {
        this.follower.down();
        this.broker.cut();
        this.follower.up(this.now);
      }
    }
  }
}

describe('a gate that follows a site', () => {
  it('comes to hold what the manifest says, whatever is lost, doubled, out of order or restarted on the way', () => {
    fc.assert(
      fc.property(fc.array(Step, { maxLength: 80 }), (steps) => {
        const world = new World();
        for (const step of steps) world.step(step);
        world.broker.publish([[`${PREFIX}/sites/${SITE}/manifest`, world.admin.manifest()]]);
        world.calm();
        expect(world.follower.progress).toMatchObject({
          state: 'complete',
          version: world.admin.version,
          root: world.admin.root,
          pending: 0,
        });
        expect(new Set(world.roster.people.keys())).toEqual(world.admin.ids);
        const names = [...world.roster.people.values()].map(({ person: { id }, digest }) => [id, digest]);
        const truth = world.admin.entries.map(({ id, digest }) => [id, digest]);
        expect(Object.fromEntries(names)).toEqual(Object.fromEntries(truth));
      }),
      { numRuns: 60 },
    );
  });
});
