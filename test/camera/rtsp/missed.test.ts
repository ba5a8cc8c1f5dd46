import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { IntegrityWatch } from '../../../src/camera/integrity/index.ts';
import { type PictureTime, RtspReader } from '../../../src/camera/rtsp/index.ts';
import { monotonicMs } from '../../../src/common/index.ts';
import { makeTestVideo } from '../../support/rtsp.ts';
import { eventually } from '../support.ts';
import { fakeCamera } from './fake-camera.ts';

const GOP = 5;

it('tells the times of whole pictures before the first key picture, and of none after it', async () => {
  let sent = 0;
  const camera = await fakeCamera(await makeTestVideo({ gop: GOP }), {
    onSent: (n) => {
      sent = n;
    },
    // We come after the key picture; of the last before the next key picture a part is missing on the way.
    packets: (packets, n) => (n === 0 ? [] : n === 2 * GOP - 1 ? packets.slice(0, -1) : packets),
  });
  let written = 0;
  const sink = new Writable({
    write: (_chunk, _encoding, done) => {
      written += 1;
      done();
    },
  });
  const reader = new RtspReader({
    url: camera.url,
    credentials: null,
    integrity: new IntegrityWatch(() => {}),
  });
  const missed: PictureTime[] = [];
  try {
    await reader.open();
    reader.play(sink, (time) => missed.push(time));
    await eventually(() => sent > 3 * GOP, 20_000);
    expect(missed).toHaveLength(GOP - 1);
    expect(written).toBeGreaterThan(GOP);
    for (const [at, { streamMs, arrival }] of missed.entries()) {
      expect(arrival).toBeLessThanOrEqual(monotonicMs());
      expect(streamMs).toBeGreaterThan(missed[at - 1]?.streamMs ?? 0);
    }
  } finally {
    reader.close();
    camera.stop();
  }
});
