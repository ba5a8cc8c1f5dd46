import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../scripts/support/quantile.ts';
import { Access, type Decision, type Probe } from '../src/access/index.ts';
import type { FaceCalls } from '../src/cloud/index.ts';
import { createLogger, monotonicMs } from '../src/common/index.ts';
import { CloudSchema, type DecisionConfig } from '../src/config/index.ts';
import { DecisionSchema } from '../src/config/schema/decision.ts';
import { QualitySchema } from '../src/config/schema/vision.ts';
import { Gallery } from '../src/gallery/index.ts';
import { CloudCalls } from '../src/gate/cloud-calls.ts';
import { Inquiries } from '../src/gate/inquiries.ts';
import type { Sighting } from '../src/vision/client.ts';
import { GOOD } from '../test/access/support.ts';
import { type CloudHouse, portrait, startCloudServer } from './cloud-house.ts';
import type { BenchRow } from './row.ts';

const WARM_UP = 5;
const DECISIONS = 150;
const FRAME_MS = 66;
const MODEL = { id: 'bench', version: '1' };
const THREAD = new URL('../dist/gate/cloud-thread.js', import.meta.url);

/**
 * Decisions that ask a server of our own on loopback over HTTPS: two calls each, through the gate's rules, its cloud
 * thread and a quota ledger on disk. The pictures are of one woman, twice; the sightings are made up, so that each face
 * lies in the band of the score. Once in clear, once encrypted. The deadline is a long one, so that a busy machine is
 * measured and not cut off.
 */
export async function benchEscalation(): Promise<BenchRow[]> {
  if (!existsSync(THREAD))
    throw new Error('Run `npm run build` first: the cloud thread is started from dist.');
  const house = await startCloudServer('https');
  try {
    return [...(await measure(house, 'clear')), ...(await measure(house, 'encrypted'))];
  } finally {
    await house.stop();
  }
}

async function measure(house: CloudHouse, how: 'clear' | 'encrypted'): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-bench-escalation-'));
  const log = createLogger('bench', 'silent');
  const { policy, cloud } = configOf(house, how);
  const gallery = Gallery.open({ dataDir: folder, log });
  const consent = { local: true, cloud: true, at: new Date().toISOString(), version: '1' };
  const embedding = { vector: vectorOf(1), model: MODEL };
  gallery.addPerson({ name: 'Ann', consent }, [
    { embedding, qualityScore: 0.9, picture: await portrait('annTilted') },
  ]);
  const quiet = { up: () => {}, down: () => {}, quota: () => {}, cap: () => {}, skew: () => {} };
  const calls = new CloudCalls({ dataDir: folder, config: cloud, logLevel: 'silent' }, quiet, log, THREAD);
  calls.start();
  const door = new Doorway(policy, gallery, calls);
  const jpeg = await portrait('ann');
  const times: number[] = [];
  for (let n = -WARM_UP; n < DECISIONS; n++) {
    const ms = await door.decide(`track-${n}`, jpeg);
    if (n >= 0) times.push(ms);
  }
  await calls.stop(2000);
  gallery.close();
  rmSync(folder, { recursive: true, force: true });
  return rows(times, how);
}

/** The rules and what carries their questions out, as the gate puts them together. */
class Doorway {
  readonly #access: Access;
  readonly #inquiries: Inquiries;
  readonly #gallery: Gallery;
  #decided: (decision: Decision) => void = () => {};

  constructor(policy: DecisionConfig, gallery: Gallery, cloud: FaceCalls) {
    this.#gallery = gallery;
    this.#access = new Access('front', policy, {
      newId: randomUUID,
      software: 'bench',
      configVersion: 'bench',
      qualityLimits: QualitySchema.parse({}),
      cloud: true,
      pickAction: () => 'blink',
    });
    this.#inquiries = new Inquiries({
      gallery,
      cloud,
      policy,
      log: createLogger('bench', 'silent'),
      depict: () => {},
      answer: (inquiry, report) => this.#judge(this.#access.answer(inquiry, report, monotonicMs())),
    });
  }

  /** Somebody stands there until a decision is made; milliseconds from the question to the answer. */
  async decide(track: string, jpeg: Buffer): Promise<number> {
    const decided = new Promise<Decision>((resolve) => {
      this.#decided = resolve;
    });
    let seq = 0;
    const look = () => {
      seq += 1;
      this.#judge(this.#access.see(sightingOf(track, seq), monotonicMs()));
    };
    look();
    this.#inquiries.picture({ camera: 'camera', track, seq, qualityScore: 0.8, jpeg });
    const camera = setInterval(look, FRAME_MS);
    const { reason, detail, cloud } = (await decided).record;
    clearInterval(camera);
    if (reason !== 'GRANTED_CLOUD' || cloud.inquiry == null) throw new Error(`${reason}: ${detail}`);
    return cloud.inquiry.ms;
  }

  #judge(probe: Probe | null): void {
    if (probe === null) return;
    const embedding = { vector: probe.fusion.embedding, model: probe.model };
    const candidates = this.#gallery.search(embedding, 3);
    const frameScores = probe.frames.map(
      ({ embedding: one }) => this.#gallery.compare(candidates[0].personId, one) ?? -1,
    );
    const cloudConsent = candidates.map(({ personId }) => personId);
    const decision = this.#access.decide(probe, { candidates, frameScores, cloudConsent }, monotonicMs());
    if (decision !== null) {
      this.#decided(decision);
      return;
    }
    const inquiry = this.#access.inquiry(probe.track);
    if (inquiry?.kind === 'cloud') this.#inquiries.begin(inquiry);
  }
}

function configOf(house: CloudHouse, how: 'clear' | 'encrypted') {
  const { appKey, accessKey, secretKey, publicKey } = house.app;
  const often = { callsPerSecond: 1000, dailyCap: 1_000_000 };
  const cloud = CloudSchema.parse({
    endpoint: `https://localhost:${house.port}`,
    caFile: house.caFile,
    appKey: { value: appKey },
    accessKey: { value: accessKey },
    secretKey: { value: secretKey },
    apis: { silentLiveness: often, compare: often },
    ...(how === 'encrypted' && { envelope: { publicKey } }),
  });
  const policy = DecisionSchema.parse({
    recognitionIntervalMs: 0,
    escalation: { compareThreshold: 0.5, deadlineMs: 10_000 },
  });
  return { policy, cloud };
}

/** A vector whose cosine with the enrolled one is `cosine`. */
function vectorOf(cosine: number): Float32Array {
  const vector = new Float32Array(512);
  vector[0] = cosine;
  vector[1] = Math.sqrt(1 - cosine * cosine);
  return vector;
}

function sightingOf(track: string, seq: number): Sighting {
  return {
    camera: 'camera',
    track,
    frame: { seq, capturedAt: monotonicMs() - 40, width: 1280, height: 720 },
    box: { x: 500, y: 200, width: 200, height: 250 },
    quality: GOOD,
    mask: null,
    liveness: { score: 0.95, model: MODEL },
    enclosure: 0,
    embedding: { vector: vectorOf(0.41), model: MODEL },
    timings: {},
    facesInView: 0,
  };
}

function rows(times: readonly number[], how: string): BenchRow[] {
  const row = (id: string, share: number, text: string): BenchRow => ({
    id: `escalation.${how}.${id}`,
    value: quantile(times, share),
    unit: 'ms',
    bound: null,
    holds: true,
    what: `added to a decision by asking (${how}): silent liveness and compare, ${text} of ${times.length}`,
  });
  return [row('p50', 0.5, 'median'), row('p99', 0.99, '99th percentile')];
}
