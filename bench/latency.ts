import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEMBERS } from '../scripts/demo/cast.ts';
import { makeFilm } from '../scripts/demo/film.ts';
import { Ledger, type Verdict } from '../scripts/demo/ledger.ts';
import { enrol, PASSWORD, startDaemon, startStage, USER } from '../scripts/demo/stage-hands.ts';
import { measureStreamDelay, type StreamDelay } from '../scripts/demo/timing.ts';
import { quantile } from '../scripts/support/quantile.ts';
import { atMost, type BenchRow, told } from './row.ts';

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
    const relay = ledger.verdicts.flatMap(({ relayMs }) => (relayMs === null ? [] : [relayMs]));
    return [...rows(relay, delay.delivered), ...parts(ledger.verdicts, delay)];
  } finally {
    for (const step of cleanUp.reverse()) {
      await step();
    }
  }
}

function rows(relay: readonly number[], streamMs: number): BenchRow[] {
  const [p50, p99] = [quantile(relay, 0.5), quantile(relay, 0.99)];
  const what = `1280x720 at 15 fps over RTSP, ${relay.length} grants; the stream alone takes ${streamMs.toFixed(0)} ms`;
  return [
    atMost('latency.p50', p50, 'ms', 80, `camera to relay, median; ${what}`),
    atMost('latency.p99', p99, 'ms', 200, `camera to relay, 99th percentile; ${what}`),
    atMost('latency.own.p50', p50 - streamMs, 'ms', 60, `the same less the stream's own delay, median`),
    atMost(
      'latency.own.p99',
      p99 - streamMs,
      'ms',
      120,
      `the same less the stream's own delay, 99th percentile`,
    ),
  ];
}

const NETWORKS = ['detect', 'mask', 'landmarks', 'quality', 'embedding', 'liveness'];

/** Where the time of a grant goes, medians: the steps that its record tells, and what is left between them. */
function parts(verdicts: readonly Verdict[], delay: StreamDelay): BenchRow[] {
  const granted = verdicts.flatMap(({ record: { timings }, relayMs }) => {
    const decided = timings.captureToDecision;
    if (relayMs === null || decided === undefined) return [];
    const step = (name: string): number => timings[name] ?? 0;
    const networks = NETWORKS.reduce((sum, name) => sum + step(name), 0);
    const decode = delay.delivered - delay.capture;
    const rules = step('search') + step('rules');
    const queue = decided - decode - networks - rules;
    return [{ decode, queue, networks, rules, line: relayMs - delay.capture - decided }];
  });
  const row = (part: keyof (typeof granted)[number], what: string): BenchRow =>
    told(
      `latency.part.${part}`,
      quantile(
        granted.map((each) => each[part]),
        0.5,
      ),
      'ms',
      what,
    );
  return [
    told(
      'latency.part.network',
      delay.capture,
      'ms',
      'from the camera sending a picture to its first packet here',
    ),
    row('decode', 'the rest of its packets, ffmpeg and the pipes to and from it'),
    row('queue', 'waiting for the frame before it, and the way to the gate process'),
    row('networks', 'detection, mask, landmarks, quality, embedding, liveness and their pictures'),
    row('rules', 'search in the gallery and rules'),
    row('line', 'the event on disk and the line (GPIO, simulated)'),
  ];
}
