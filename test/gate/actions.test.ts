import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionInquiry, ActionReport } from '../../src/access/index.ts';
import type { CloudAnswer } from '../../src/cloud/index.ts';
import { createLogger, monotonicMs } from '../../src/common/index.ts';
import type { PromptCode } from '../../src/console/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { Actions } from '../../src/gate/actions.ts';
import type { ChallengeOrder, ChallengeResult } from '../../src/vision/client.ts';
import { MODEL, policy, vector } from '../access/support.ts';

const log = createLogger('test', 'silent');
const CLIP = new Uint8Array(5000);
type Verdict = { live: boolean; detected: boolean };

let folder: string;
let gallery: Gallery;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-actions-'));
  gallery = Gallery.open({ dataDir: folder, log });
});
afterEach(() => {
  gallery.close();
  rmSync(folder, { recursive: true });
});

/** What the client says of a clip; it is tried against a real server in test/long/action-liveness.test.ts. */
const answerOf = (said: Verdict | string): CloudAnswer<never> =>
  (typeof said === 'string'
    ? { ok: false, ms: 3, attempts: 1, error: { code: said, requestId: null } }
    : { ok: true, ms: 3, attempts: 1, requestId: 'r', value: said }) as unknown as CloudAnswer<never>;

function build(
  cloud: 'never' | 'whenUnsure' | 'always' = 'never',
  { consent = true, said = { live: true, detected: true } as Verdict | string } = {},
) {
  const at = new Date().toISOString();
  const { id } = gallery.addPerson(
    { name: 'Alice', consent: { local: true, cloud: consent, at, version: '1' } },
    [{ embedding: { vector: vector(0), model: MODEL }, qualityScore: 0.9, picture: null }],
  );
  const seen = {
    prompts: [] as PromptCode[],
    orders: [] as ChallengeOrder[],
    cancelled: [] as string[],
    reports: [] as ActionReport[],
    clips: [] as Uint8Array[],
  };
  const actions = new Actions({
    ...{ door: 'front', gallery, log },
    policy: { ...policy().actionLiveness, cloud },
    cloud: {
      actionLiveness: async ({ clip }, options) => {
        if (options?.permit !== undefined && !(await options.permit())) return answerOf('NOT_PERMITTED');
        seen.clips.push(clip);
        return answerOf(said);
      },
    },
    prompts: { show: (_door, code) => void seen.prompts.push(code) },
    challenge: (_camera, order) => void seen.orders.push(order),
    cancel: (_camera, challenge) => void seen.cancelled.push(challenge),
    answer: (_inquiry, report) => void seen.reports.push(report),
  });
  const inquiry: ActionInquiry = {
    ...{ kind: 'action', id: randomUUID(), camera: 'gate', track: 't1', action: 'nod' },
    candidate: { personId: id, name: 'Alice', referenceId: 'r', score: 0.8 },
    ...{ timeLimitMs: 6000, closing: 3, until: monotonicMs() + 60_000 },
  };
  return { actions, inquiry, seen, about: { camera: 'gate', challenge: inquiry.id } };
}

const resultOf = (
  { id, action }: ActionInquiry,
  changes: Partial<ChallengeResult> = {},
): ChallengeResult => ({
  ...{ camera: 'gate', challenge: id, track: 't1', action, outcome: 'seen', tookMs: 2000 },
  seen: { blink: false, openMouth: false, turnLeft: false, turnRight: false, nod: true },
  ...{ actionAfterMs: 1000, liveness: { mean: 0.9, lowest: 0.5, frames: 20 }, likeness: null },
  ...{ unverifiedMs: 60, samples: [], clip: true },
  ...changes,
});

describe('an action carried out at a door', () => {
  it('is prompted, watched for, and answered once', () => {
    const { actions, inquiry, seen, about } = build();
    actions.begin(inquiry);
    expect(seen.orders).toEqual([
      { id: inquiry.id, track: 't1', action: 'nod', durationMs: 6000, closing: 3, record: false },
    ]);
    actions.progress({ ...about, track: 't1', step: 'begun' });
    actions.progress({ ...about, track: 't1', step: 'actionSeen' });
    expect(seen.prompts).toEqual(['NOD', 'LOOK_AHEAD']);
    const result = resultOf(inquiry, { clip: false });
    actions.result(result);
    actions.result(result);
    expect(seen.reports).toEqual([{ result, clip: null, cloud: null, failure: null }]);
    expect(seen.cancelled).toEqual([]);
  });

  it('is taken back when the attempt is over, and fails when nothing is told of it', async () => {
    const { actions, inquiry, seen } = build();
    actions.begin(inquiry);
    actions.drop('t1');
    expect(seen.cancelled).toEqual([inquiry.id]);
    actions.result(resultOf(inquiry));
    expect(seen.reports).toEqual([]);
    actions.begin({ ...inquiry, until: monotonicMs() + 20 });
    await expect.poll(() => seen.reports).toMatchObject([{ result: null, failure: expect.any(String) }]);
    expect(seen.cancelled).toHaveLength(2);
  });

  it('counts for nothing when the camera tells of something else', () => {
    const { actions, inquiry, seen } = build();
    actions.begin(inquiry);
    actions.result({ ...resultOf(inquiry), challenge: randomUUID() });
    expect(seen.reports).toEqual([]);
    actions.result(resultOf(inquiry, { action: 'blink' }));
    expect(seen.reports).toMatchObject([{ result: null }]);
  });
});

describe('the clip of an action', () => {
  it('goes to the cloud where that is configured, while the person is told to wait', async () => {
    for (const said of [{ live: true, detected: false }, 'DEADLINE'] as const) {
      const { actions, inquiry, seen, about } = build('always', { said });
      actions.begin(inquiry);
      expect(seen.orders[0]?.record).toBe(true);
      actions.result(resultOf(inquiry));
      expect(seen.prompts).toEqual(['NOD', 'WAIT']);
      actions.clip({ ...about, mp4: CLIP });
      await expect.poll(() => seen.reports.length).toBe(1);
      expect(seen.clips).toEqual([CLIP]);
      const cloud =
        typeof said === 'string'
          ? { code: said, live: null, detected: null }
          : { code: null, requestId: 'r', ...said };
      expect(seen.reports[0]).toMatchObject({ clip: { bytes: 5000 }, cloud, failure: null });
    }
  });

  it('goes nowhere without consent, when the device is sure, or when there is none', async () => {
    const refused = build('always', { consent: false });
    refused.actions.begin(refused.inquiry);
    refused.actions.result(resultOf(refused.inquiry));
    refused.actions.clip({ ...refused.about, mp4: CLIP });
    await expect.poll(() => refused.seen.reports.length).toBe(1);
    expect(refused.seen.clips).toEqual([]);
    expect(refused.seen.reports[0]?.failure).toContain('consented');
    const sure = build('whenUnsure');
    sure.actions.begin(sure.inquiry);
    sure.actions.result(resultOf(sure.inquiry));
    expect(sure.seen.reports).toMatchObject([{ cloud: null, failure: null }]);
    const none = build('always');
    none.actions.begin(none.inquiry);
    none.actions.result(resultOf(none.inquiry));
    none.actions.noClip({ ...none.about, fault: 'BYSTANDER' });
    expect(none.seen.reports).toMatchObject([{ clip: { fault: 'BYSTANDER' }, cloud: null }]);
    expect(none.seen.clips).toEqual([]);
  });

  it('is not sent when the track ended meanwhile', () => {
    const { actions, inquiry, seen, about } = build('always');
    actions.begin(inquiry);
    actions.result(resultOf(inquiry));
    actions.drop('t1');
    actions.clip({ ...about, mp4: CLIP });
    expect([seen.clips, seen.reports]).toEqual([[], []]);
  });
});
