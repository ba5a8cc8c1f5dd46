import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEMBERS } from '../scripts/demo/cast.ts';
import { makeFilm } from '../scripts/demo/film.ts';
import { Ledger } from '../scripts/demo/ledger.ts';
import { enrol, PASSWORD, startDaemon, startStage, USER } from '../scripts/demo/stage-hands.ts';
import { measureStreamDelay } from '../scripts/demo/timing.ts';
import { quantile } from '../scripts/support/quantile.ts';
import type { BenchRow } from './main.ts';

const SECONDS = 70;

/** One grant after the other while the person stands there, instead of one a visit: more figures in a minute. */
const MANY_GRANTS = `decision:
  regrant: true
  recognitionIntervalMs: 0
vision:
  recognise: { intervalMs: 100 }
`;

/**
 * From the camera sending a picture (its number is burnt into it, the server's log has the time) to the relay,
 * through the whole daemon: RTSP over TCP, ffmpeg, the networks, the rules, the journal on disk, the line.
 */
export async function benchLatency(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-bench-'));
  const cleanUp: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const film = await makeFilm();
    const stage = await startStage(folder, film.file, cleanUp, MANY_GRANTS);
    for (const member of MEMBERS) {
      await enrol(folder, member);
    }
    const delay = await measureStreamDelay(
      { url: stage.camera.url, username: USER, password: PASSWORD },
      stage.cameraLog,
    );
    const ledger = new Ledger(stage.cameraLog, delay.capture);
    stage.subscriber.on('message', (topic, payload) => {
      if (topic.includes('/events/')) {
        ledger.take(payload.toString());
      }
    });
    const daemon = await startDaemon(folder);
    cleanUp.push(() => daemon.stop());
    await sleep(SECONDS * 1000);
    return rows(
      ledger.verdicts.flatMap(({ relayMs }) => (relayMs === null ? [] : [relayMs])),
      delay.delivered,
    );
  } finally {
    for (const step of cleanUp.reverse()) {
      await step();
    }
  }
}

function rows(relay: readonly number[], streamMs: number): BenchRow[] {
  const [p50, p99] = [quantile(relay, 0.5), quantile(relay, 0.99)];
  const what = `1280x720 at 15 fps over RTSP, ${relay.length} grants; the stream alone takes ${streamMs.toFixed(0)} ms`;
  const row = (id: string, value: number, bound: number, text: string): BenchRow => ({
    id,
    value,
    unit: 'ms',
    bound,
    holds: value <= bound,
    what: `${text}; ${what}`,
  });
  return [
    row('latency.p50', p50, 80, 'camera to relay, median'),
    row('latency.p99', p99, 200, 'camera to relay, 99th percentile'),
    row('latency.own.p50', p50 - streamMs, 60, "camera to relay less the stream's own delay, median"),
    row(
      'latency.own.p99',
      p99 - streamMs,
      120,
      "camera to relay less the stream's own delay, 99th percentile",
    ),
  ];
}
