import { expect, it, onTestFinished } from 'vitest';
import { VisionSchema } from '../../../src/config/index.ts';
import { MqttSchema } from '../../../src/config/schema/mqtt.ts';
import { SiteFollowing } from '../../../src/gate/site-people/index.ts';
import type { FromSite, SiteProgress } from '../../../src/gate/site-people/protocol.ts';
import { log } from '../../gallery/helpers.ts';

const ID = '8f14e45f-ceea-467f-a9cf-1b2c3d4e5f60';

/** A thread that tells these, and ends when it is asked to. */
function telling(messages: readonly FromSite[]): URL {
  const code = `
    import { parentPort } from 'node:worker_threads';
    for (const message of ${JSON.stringify(messages)}) parentPort.postMessage(message);
    parentPort.on('message', () => parentPort.close());`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

function follow(messages: readonly FromSite[]) {
  const seen: string[] = [];
  const following = new SiteFollowing({
    settings: {
      dataDir: '/nowhere',
      key: undefined,
      gate: 'north',
      site: { id: 'hq', publicKeys: [], holdS: 60, offlineHours: 1 },
      mqtt: { ...MqttSchema.parse({ url: 'mqtt://127.0.0.1' }), password: undefined },
      vision: VisionSchema.parse({}),
      logLevel: 'silent',
    },
    record: ({ type }) => void seen.push(type),
    refreshGallery: async () => {
      seen.push('refresh');
      return true;
    },
    log,
    thread: telling(messages),
  });
  following.start();
  onTestFinished(() => following.stop(5000));
  return { seen, following };
}

const PROGRESS: SiteProgress = {
  ...{ site: 'hq', state: 'complete' as const, version: 2, count: 1, pending: 0 },
  ...{ root: 'root', problem: null, faultCount: 0 },
};

const changed = (change: Partial<Extract<FromSite, { kind: 'changed' }>['change']>): FromSite => ({
  kind: 'changed',
  change: { version: 2, added: [], updated: [], removed: [], ...change },
});

it('takes the gallery over at once when somebody was taken away, and before anybody is let in on the word of the site', async () => {
  const { seen, following } = follow([
    changed({ added: [ID] }),
    changed({ removed: [ID] }),
    { kind: 'progress', progress: PROGRESS },
    { kind: 'confirmed', at: Date.now() },
  ]);
  expect(following.admits({ site: 'hq' })).toBe(false);
  expect(following.condition).toBeNull();
  await expect.poll(() => following.admits({ site: 'hq' }), { timeout: 10_000 }).toBe(true);
  expect(seen).toEqual(['site.changed', 'site.changed', 'refresh', 'refresh']);
  expect(following.condition).toEqual({ ...PROGRESS, confirmedAt: expect.stringMatching(/Z$/) });
  expect(following.admits({ site: 'other' })).toBe(false);
  expect(following.admits({ site: null })).toBe(true);
});
