import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayGuard, type Ticket } from '../../src/commands/index.ts';
import { temporaryDir } from './support.ts';

/** Far enough behind the first start for orders to be taken. */
const START = Date.now() + 3_600_000;

const ticket = (nonce: string, issuedAt: number, lifetime = 30_000): Ticket => ({
  key: 'k',
  nonce,
  issuedAt,
  expiresAt: issuedAt + lifetime,
});

it('admits an order once, over restarts', () => {
  const dir = temporaryDir();
  for (const expected of ['new', 'repeated', 'repeated']) {
    const guard = new ReplayGuard(dir, 0);
    expect(guard.admit(ticket('a', START), START + 10)).toBe(expected);
    expect(guard.admit(ticket('a', START), START + 20)).toBe('repeated');
    guard.close();
  }
});

it('tells keys apart', () => {
  const guard = new ReplayGuard(temporaryDir(), 0);
  expect(guard.admit(ticket('a', START), START)).toBe('new');
  expect(guard.admit({ ...ticket('a', START), key: 'other' }, START)).toBe('new');
  guard.close();
});

it('keeps an order out that expired and was forgotten, when the clock jumps back', () => {
  const dir = temporaryDir();
  const guard = new ReplayGuard(dir, 0);
  expect(guard.admit(ticket('old', START), START)).toBe('new');
  // A day later it is forgotten; the next write does that.
  const later = START + 86_400_000;
  expect(guard.admit(ticket('later', later), later)).toBe('new');
  guard.close();
  const again = new ReplayGuard(dir, 0);
  expect(again.admit(ticket('old', START), START + 5)).toBe('too-old');
  expect(again.admit(ticket('later', later), later + 5)).toBe('repeated');
  again.close();
});

it('begins with nothing from before its first start, also when its file was lost or is no database', () => {
  const dir = temporaryDir();
  const now = Date.now();
  const guard = new ReplayGuard(dir, 5000);
  expect(guard.admit(ticket('before', now - 1000), now)).toBe('too-old');
  expect(guard.admit(ticket('ahead', now + 4000), now)).toBe('too-old');
  expect(guard.admit(ticket('after', now + 6000), now + 6000)).toBe('new');
  guard.close();
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  const lost = new ReplayGuard(dir, 5000);
  expect(lost.admit(ticket('after', now + 3000), now + 3000)).toBe('too-old');
  lost.close();
  writeFileSync(join(dir, 'commands.sqlite'), 'this is no database, and long enough to be noticed as none');
  const damaged = new ReplayGuard(dir, 5000);
  expect(damaged.problem).toBe('');
  expect(damaged.admit(ticket('again', now + 3000), now + 3000)).toBe('too-old');
  expect(damaged.admit(ticket('fresh', now + 60_000), now + 60_000)).toBe('new');
  damaged.close();
});

it('says when it cannot write, and does not forget meanwhile', () => {
  const guard = new ReplayGuard('/proc/nowhere', 0);
  expect(guard.admit(ticket('a', START), START)).toBe('unwritable');
  expect(guard.admit(ticket('a', START), START)).toBe('repeated');
  expect(guard.problem).not.toBe('');
  guard.close();
});

it('remembers no more than it can, and then takes nothing new', () => {
  const guard = new ReplayGuard('/proc/nowhere', 0);
  const answers = new Set<string>();
  for (let n = 0; n < 10_001; n++) answers.add(guard.admit(ticket(`n${n}`, START), START));
  expect([...answers]).toEqual(['unwritable', 'full']);
  guard.close();
});

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('send' as const),
      nonce: fc.integer({ min: 0, max: 6 }),
      issued: fc.integer({ min: 0, max: 20 }),
    }),
    fc.record({ kind: fc.constant('clock' as const), to: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ kind: fc.constant('restart' as const) }),
    fc.record({ kind: fc.constant('power cut' as const) }),
  );

  it('no order is admitted twice: not over restarts, power cuts, and clocks that jump both ways', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const dirs = [temporaryDir()];
        let guard = new ReplayGuard(dirs[0] ?? '', 0);
        let now = START;
        const admitted = new Set<string>();
        for (const next of steps) {
          if (next.kind === 'clock') now = START + next.to * 10_000;
          else if (next.kind === 'restart') {
            guard.close();
            guard = new ReplayGuard(dirs.at(-1) ?? '', 0);
          } else if (next.kind === 'power cut') {
            // What is in the files at this moment is what the next start finds.
            const copy = temporaryDir();
            for (const name of ['commands.sqlite', 'commands.sqlite-wal']) {
              const file = join(dirs.at(-1) ?? '', name);
              if (existsSync(file)) copyFileSync(file, join(copy, name));
            }
            guard.close();
            dirs.push(copy);
            guard = new ReplayGuard(copy, 0);
          } else {
            const order = ticket(`${next.nonce}-${next.issued}`, START + next.issued * 10_000);
            // The gatekeeper looks at the clock first.
            if (now >= order.expiresAt) continue;
            if (guard.admit(order, now) === 'new') {
              expect(admitted.has(order.nonce)).toBe(false);
              admitted.add(order.nonce);
            }
          }
        }
        guard.close();
      }),
      { numRuns: 60 },
    );
  });

  it('every fresh order is admitted while the clock goes forwards', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.boolean(), (times, restarts) => {
        const dir = temporaryDir();
        let guard = new ReplayGuard(dir, 0);
        let now = START;
        for (const [n, gap] of times.entries()) {
          now += gap;
          // Sent up to its lifetime ago: it may expire before those that were forgotten already.
          expect(guard.admit(ticket(`n${n}`, now - 1, 30_000), now)).toBe('new');
          if (restarts && n % 5 === 0) {
            guard.close();
            guard = new ReplayGuard(dir, 0);
          }
        }
        guard.close();
      }),
      { numRuns: 30 },
    );
  });
});
