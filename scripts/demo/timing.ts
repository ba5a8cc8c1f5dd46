import { existsSync, readFileSync } from 'node:fs';
import { openCamera } from '../../src/camera/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { readTimecode } from '../rtsp/timecode.ts';
import { quantile } from '../support/quantile.ts';

/** One access unit as the camera sent it: its index in the film, and when (CLOCK_MONOTONIC, ms). */
interface Sent {
  readonly unit: number;
  readonly sent: number;
}

/** What the camera server wrote into its log. A last line cut short is left out. */
export function sentUnits(logFile: string): Sent[] {
  if (!existsSync(logFile)) {
    return [];
  }
  const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Sent);
}

/** The unit sent nearest to a moment; null before the first. */
export function unitSentAt(units: readonly Sent[], at: number): Sent | null {
  let [low, high] = [0, units.length - 1];
  if (high < 0) {
    return null;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (units[middle].sent < at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const before = units[Math.max(0, low - 1)];
  return Math.abs(before.sent - at) < Math.abs(units[low].sent - at) ? before : units[low];
}

export interface StreamDelay {
  /** Median time from sending a picture to the capture time the camera room gives it, ms. */
  readonly capture: number;
  /** Median time from sending a picture to its delivery as a decoded frame, ms. */
  readonly delivered: number;
}

/**
 * Watches the stream as the daemon does, reads the timecode in each picture and compares with the server's own
 * log: the delay of encoder, network and decoder that no daemon can get below.
 */
export async function measureStreamDelay(
  source: { url: string; username: string; password: string },
  logFile: string,
  frames = 60,
): Promise<StreamDelay> {
  const camera = openCamera(
    {
      id: 'measure',
      source: source.url,
      username: source.username,
      password: source.password,
      stallMs: 5000,
      connectTimeoutMs: 10_000,
      fps: 15,
      loop: true,
    },
    () => {},
    createLogger('demo', 'error'),
  );
  camera.start();
  const seen: { unit: number; capturedAt: number; at: number }[] = [];
  while (seen.length < frames) {
    const frame = await camera.next();
    if (frame === null) {
      break;
    }
    const at = Number(process.hrtime.bigint()) / 1e6;
    const unit = readTimecode(frame.picture);
    frame.release();
    if (unit !== null) {
      seen.push({ unit, capturedAt: frame.capturedAt, at });
    }
  }
  await camera.stop();
  const units = sentUnits(logFile);
  const capture: number[] = [];
  const delivered: number[] = [];
  for (const { unit, capturedAt, at } of seen) {
    const sent = units.findLast((one) => one.unit === unit && one.sent <= at)?.sent;
    if (sent !== undefined) {
      capture.push(capturedAt - sent);
      delivered.push(at - sent);
    }
  }
  return { capture: median(capture), delivered: median(delivered) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
