import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  EnvelopeKeyPool,
  generateSm2KeyPair,
  openEncryptedRequest,
  readSm2PrivateKey,
  readSm2PublicKey,
  SM2_ORDERS,
} from '../../src/cloud/index.ts';

const pair = generateSm2KeyPair();
const publicKey = readSm2PublicKey(pair.publicKey);
const privateKey = readSm2PrivateKey(pair.privateKey);
const body = Buffer.from('{"ImageData":"_9j_"}');
const INTERNAL = expect.objectContaining({ code: 'INTERNAL' });

const pools: EnvelopeKeyPool[] = [];
const pool = (options: Partial<ConstructorParameters<typeof EnvelopeKeyPool>[0]> = {}): EnvelopeKeyPool => {
  const made = new EnvelopeKeyPool({ publicKey, ...options });
  pools.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(pools.splice(0).map((one) => one.close()));
});
const filled = (one: EnvelopeKeyPool, count: number): Promise<void> =>
  vi.waitFor(() => expect(one.ready).toBe(count), { timeout: 10_000, interval: 5 });

describe('the pool of envelopes', () => {
  it.each(SM2_ORDERS)(
    'wraps keys ahead of need in the order %s, and fills up what was taken',
    async (order) => {
      const one = pool({ size: 3, order });
      await filled(one, 3);
      const taken = await Promise.all([one.take(), one.take()]);
      expect(one.ready).toBe(1);
      for (const envelope of taken) {
        expect(openEncryptedRequest(envelope.seal(body), privateKey)).toMatchObject({
          ok: true,
          body,
          order,
        });
      }
      await filled(one, 3);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(one.ready).toBe(3);
    },
  );

  it('serves more at once than it keeps ready', async () => {
    const one = pool({ size: 1 });
    const taken = await Promise.all(Array.from({ length: 6 }, () => one.take()));
    expect(new Set(taken).size).toBe(6);
    const sent = taken.map((envelope) => envelope.seal(body).toString());
    expect(new Set(sent).size).toBe(6);
    await filled(one, 1);
  });

  it('lets who waits give up, and gives the envelope to the next', async () => {
    const one = pool({ size: 1 });
    const deadline = new AbortController();
    const [first, second, third] = [one.take(), one.take(deadline.signal), one.take()];
    deadline.abort(new Error('1500 ms are over'));
    await expect(second).rejects.toThrow('1500 ms are over');
    expect(await first).not.toBe(await third);
    await expect(one.take(deadline.signal)).rejects.toThrow('1500 ms are over');
  });

  it('tells who waits that the thread failed, and tries again', async () => {
    const beside = { point: `04${'11'.repeat(64)}` };
    const one = pool({ publicKey: beside });
    await expect(one.take()).rejects.toEqual(INTERNAL);
    await expect(one.take()).rejects.toEqual(INTERNAL);
  });

  it('ends', async () => {
    const one = pool();
    const waiting = one.take();
    await Promise.all([expect(waiting).rejects.toEqual(INTERNAL), one.close()]);
    expect(one.ready).toBe(0);
    await expect(one.take()).rejects.toEqual(INTERNAL);
  });

  it('leaves the thread that asks free', async () => {
    const gaps: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    }, 1);
    await filled(pool({ size: 12 }), 12);
    clearInterval(timer);
    // 24 SM2 encryptions of some 20 ms: on this thread most turns of the loop would last as long as one of them.
    const median = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? Number.POSITIVE_INFINITY;
    expect(median).toBeLessThan(10);
  });
});
