import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type DecisionRecord, DecisionRecordSchema } from '../../src/access/index.ts';
import { run } from '../../src/cli/program.ts';
import { createLogger } from '../../src/common/index.ts';
import { Journal } from '../../src/journal/index.ts';

const DECISION = '3f2b8a52-9f0e-4b5e-9c1d-0f6a7e1c2d3b';

const quality: DecisionRecord['frames'][number]['quality'] = {
  eyeDistance: 52.4,
  margin: 0.31,
  yaw: -12,
  pitch: 4,
  roll: 2,
  sharpness: 3.14,
  brightness: 0.45,
  contrast: 0.17,
  noise: 0.3,
  score: 0.8,
  failed: [],
};

const UNSURE: DecisionRecord = DecisionRecordSchema.parse({
  decision: DECISION,
  door: 'main',
  camera: 'front',
  track: 'front-7-3',
  outcome: 'deny',
  verdict: 'unsure',
  reason: 'UNSURE',
  rule: 'unsure',
  detail: 'score 0.412 is below 0.450',
  person: null,
  attempt: 2,
  frames: [
    { seq: 101, ageMs: 230.4, liveness: 0.981, score: 0.401, quality },
    {
      seq: 104,
      ageMs: 41.2,
      liveness: 0.932,
      score: 0.423,
      quality: { ...quality, yaw: 40, failed: ['POSE'] },
    },
  ],
  frameSize: { width: 1280, height: 720 },
  box: { x: 412, y: 120, width: 88, height: 110 },
  liveness: { fused: 0.957, lowest: 0.932 },
  candidates: {
    best: { personId: 'p1', name: 'Li Lei', referenceId: 'r1', score: 0.412 },
    second: { personId: 'p2', name: 'Han Meimei', referenceId: 'r2', score: 0.201 },
    lead: 0.211,
  },
  consistency: 0.823,
  mask: { state: 'worn', score: 0.964 },
  cloud: { asked: false, why: 'no cloud is configured' },
  thresholds: {
    match: 0.45,
    unsureBelowMatch: 0.08,
    margin: 0.05,
    liveness: 0.7,
    livenessUnsure: 0.4,
    livenessFloor: 0.2,
    minFrames: 2,
    maxFrames: 5,
    maxFrameAgeMs: 800,
    decideAfterMs: 1200,
    minConsistency: 0.3,
    maxAttempts: 5,
  },
  qualityLimits: {
    minEyeDistance: 40,
    minMargin: 0.02,
    maxYaw: 35,
    maxPitch: 30,
    maxRoll: 35,
    minSharpness: 0,
    minBrightness: 0.12,
    maxBrightness: 0.92,
    minContrast: 0.05,
    maxNoise: 1.4,
  },
  timings: { detect: 2.81, liveness: 5.5, embedding: 4.2, search: 0.1, captureToDecision: 47.3 },
  versions: { software: '0.1.0', config: '1a2b3c4d', models: [{ id: 'fr_feature', version: '1' }] },
});

/** A journal that is being written, in a folder of its own. */
function journalIn(): { dir: string; journal: Journal } {
  const dir = mkdtempSync(join(tmpdir(), 'menshen-events-'));
  const journal = Journal.open({ dataDir: dir, gate: 'north', log: createLogger('test', 'silent') });
  onTestFinished(() => {
    journal.close();
    rmSync(dir, { recursive: true });
  });
  return { dir, journal };
}

/** Runs the command in this process. */
async function menshen(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text) => void out.push(String(text))),
    vi.spyOn(console, 'error').mockImplementation((text) => void err.push(String(text))),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0),
  ];
  try {
    return { code: await run(args), out: out.join('\n'), err: err.join('\n') };
  } finally {
    for (const spy of spies) {
      spy.mockRestore();
    }
  }
}

describe('menshen events tail', () => {
  it('prints the newest events, oldest first, beside a running gate', async () => {
    const { dir, journal } = journalIn();
    journal.append({
      id: DECISION,
      type: 'access.denied',
      door: 'main',
      camera: 'front',
      data: { ...UNSURE },
    });
    journal.append({ type: 'door.held_open', door: 'main', data: { openForMs: 30_000 } });
    const { code, out } = await menshen('events', 'tail', '--data-dir', dir);
    const [first, second] = out.split('\n');
    expect(code).toBe(0);
    expect(first).toMatch(
      /^\d{4}-.*Z {2}#1 .* 3f2b8a52 {2}access\.denied +main\/front +UNSURE, score 0\.412, liveness 0\.957$/,
    );
    expect(second).toMatch(/#2 .* door\.held_open +main +\{"openForMs":30000\}$/);
    expect((await menshen('events', 'tail', '-n', '1', '--data-dir', dir)).out).toBe(second);
    expect((await menshen('events', 'tail', '-n', '0', '--data-dir', dir)).out).toBe('');
  });

  it('prints whole events as JSON lines, and finds the folder in the configuration', async () => {
    const { dir, journal } = journalIn();
    const event = journal.append({ type: 'door.rex', door: 'main', data: {} });
    const config = join(dir, 'menshen.yaml');
    const relay = '{line: {driver: simulated, line: 1}}';
    writeFileSync(
      config,
      `gate: {id: north}\ndataDir: .\naccess: {faceOnly: accepted}\ncameras: [{id: front, source: /tmp, door: main}]\ndoors: [{id: main, relay: ${relay}}]\n`,
    );
    const { code, out, err } = await menshen('events', 'tail', '--json', '--config', config);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual(event);
  });

  it('follows new events, also into a new journal when the old one was replaced', async () => {
    const { dir, journal } = journalIn();
    journal.append({ type: 'door.rex', data: { n: 1 } });
    const args = ['dist/cli/main.js', 'events', 'tail', '--follow', '--json', '--data-dir', dir];
    const child = spawn(process.execPath, args, { cwd: new URL('../../', import.meta.url).pathname });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const lines = () => out.split('\n').length - 1;
    await vi.waitFor(() => expect(lines()).toBe(1), 20_000);
    journal.append({ type: 'door.rex', data: { n: 2 } });
    journal.append({ type: 'door.rex', data: { n: 3 } });
    await vi.waitFor(() => expect(lines()).toBe(3), 5000);
    journal.close();
    rmSync(join(dir, 'journal.sqlite'));
    const fresh = Journal.open({ dataDir: dir, gate: 'north', log: createLogger('test', 'silent') });
    fresh.append({ type: 'door.rex', data: { n: 4 } });
    await vi.waitFor(() => expect(lines()).toBe(4), 5000);
    fresh.close();
    const numbers = out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).data.n);
    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('says what is wrong', async () => {
    const { dir } = journalIn();
    const absent = await menshen('events', 'tail', '--data-dir', join(dir, 'absent'));
    expect(absent).toMatchObject({ code: 1, err: expect.stringContaining('JOURNAL_UNREADABLE') });
    expect(await menshen('events', 'tail', '-n', 'many', '--data-dir', dir)).toMatchObject({ code: 2 });
    expect(await menshen('events', 'tail', '--data-dir', dir, '--config', 'x')).toMatchObject({ code: 2 });
  });
});

describe('menshen events export', () => {
  it('prints what is wanted as JSON lines and as a table that a spreadsheet takes for text', async () => {
    const { dir, journal } = journalIn();
    const rex = journal.append({ type: 'door.rex', door: 'main', data: {} });
    journal.append({ type: 'door.locked', door: 'main', data: {} });
    const grant = journal.append({
      type: 'access.granted',
      door: 'main',
      data: { reason: 'GRANTED_FACE', person: { id: 'p', name: '=HYPERLINK("x"),\nLi' } },
    });
    const from = ['events', 'export', '--data-dir', dir] as const;
    const exported = async (...args: string[]) => {
      const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      await menshen(...from, ...args);
      const out = write.mock.calls.map(([text]) => String(text)).join('');
      write.mockRestore();
      return out;
    };
    const out = await exported('--type', 'access', 'door.rex');
    expect(
      out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([rex, grant]);
    const table = await exported('--format', 'csv', '--after', '2');
    expect(table.split('\r\n')).toEqual([
      'seq,id,at,gate,type,door,camera,cause,reason,person,data',
      `3,${grant.id},${grant.at},north,access.granted,main,,,GRANTED_FACE,"'=HYPERLINK(""x""),\nLi","${JSON.stringify(
        grant.data,
      ).replaceAll('"', '""')}"`,
      '',
    ]);
    expect(await exported('--since', '2100-01-01')).toBe('');
    expect(await menshen(...from, '--since', 'yesterday')).toMatchObject({ code: 2 });
  });
});

describe('menshen events verify', () => {
  it('says that the chain holds, and names the record that was altered', async () => {
    const { dir, journal } = journalIn();
    journal.append({ type: 'door.rex', door: 'main', data: {} });
    journal.append({ type: 'door.locked', door: 'main', data: {} });
    journal.close();
    const sound = await menshen('events', 'verify', '--data-dir', dir);
    expect(sound).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 records, numbers 1 to 2, 2 in the chain'),
    });
    expect(sound.out).toContain('the chain holds');
    const db = new Database(join(dir, 'journal.sqlite'));
    db.exec("DROP TRIGGER events_append_only; UPDATE events SET door = 'back' WHERE seq = 2");
    db.close();
    const { code, out, err } = await menshen('events', 'verify', '--data-dir', dir);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('altered: record 2 was altered') });
    expect(err).toContain('JOURNAL_TAMPERED');
  });
});

describe('menshen events explain', () => {
  it('tells of a decision all that led to it, and what it led to', async () => {
    const { dir, journal } = journalIn();
    journal.append({
      id: DECISION,
      type: 'access.denied',
      door: 'main',
      camera: 'front',
      data: { ...UNSURE },
    });
    journal.append({ type: 'access.locked_out', door: 'main', cause: DECISION, data: { forMs: 30_000 } });
    const { code, out } = await menshen('events', 'explain', '3f2b', '--data-dir', dir);
    expect(code).toBe(0);
    for (const text of [
      'access.denied #1: A sighting was decided and the door stays locked; the reason says why.',
      'gate north, door main, camera front',
      'deny (unsure), UNSURE: Liveness or match lies',
      '"unsure": score 0.412 is below 0.450',
      'nobody: no identity was established',
      '2 of 5 of track front-7-3',
      'face of 88 x 110 pixels at 412, 120 of 1280 x 720',
      '2 of evidence (at least 2, at most 5 are kept); the newest may be 800 ms old',
      'fused 0.957 (at least 0.700; below 0.400 is an attack), lowest frame 0.932 (at least 0.200)',
      'Li Lei, score 0.412 (at least 0.450; unsure from 0.370), considered only',
      'Han Meimei, score 0.201',
      '0.211 (at least 0.050)',
      '0.823 (at least 0.300 between the frames)',
      'worn (probability 0.964)',
      'not asked: no cloud is configured',
      'detect 2.8 ms, liveness 5.5 ms, embedding 4.2 ms, search 0.1 ms, captureToDecision 47.3 ms',
      'Menshen 0.1.0, configuration 1a2b3c4d, fr_feature 1',
      'access.locked_out #2: {"forMs":30000}',
    ]) {
      expect(out).toContain(text);
    }
    expect(out).toMatch(
      /101 +230 +0\.981 +- +0\.401 +52 +0\.31 +-12 +4 +2 +3\.14 +0\.45 +0\.17 +0\.30 +passed/,
    );
    expect(out).toMatch(/104 +41 +0\.932 .* 40 .* failed POSE/);
    expect(out).toMatch(/limit +>=40 +>=0\.02 +\+-35 +\+-30 +\+-35 +>=0 +0\.12-0\.92 +>=0\.05 +<=1\.4/);
  });

  it('explains a decision recorded before noise was measured', async () => {
    const { dir, journal } = journalIn();
    const { maxNoise: _limit, ...qualityLimits } = UNSURE.qualityLimits;
    const frames = UNSURE.frames.map((frame) => {
      const { noise: _noise, ...before } = frame.quality;
      return { ...frame, quality: before };
    });
    const data = { ...UNSURE, frames, qualityLimits };
    journal.append({ id: DECISION, type: 'access.denied', door: 'main', camera: 'front', data });
    const { code, out } = await menshen('events', 'explain', '3f2b', '--data-dir', dir);
    expect(code).toBe(0);
    expect(out).toMatch(/101 .* 0\.17 +- +passed/);
    expect(out).toMatch(/limit .* >=0\.05 +-/);
  });

  it('tells of a grant who it was, and of a face without evidence why nothing was measured', async () => {
    const { dir, journal } = journalIn();
    const grant = {
      ...UNSURE,
      outcome: 'grant',
      verdict: 'grant',
      reason: 'GRANTED_FACE',
      person: { id: 'p1', name: 'Li Lei' },
    };
    const none = {
      ...UNSURE,
      reason: 'FACE_TOO_SMALL',
      liveness: null,
      consistency: null,
      frames: [],
      candidates: { best: null, second: null, lead: null },
    };
    journal.append({ type: 'access.granted', data: grant });
    journal.append({ type: 'access.denied', data: none });
    const granted = (await menshen('events', 'explain', '1', '--data-dir', dir)).out;
    expect(granted).toContain('Li Lei (p1)');
    expect(granted).not.toContain('considered only');
    const denied = (await menshen('events', 'explain', '2', '--data-dir', dir)).out;
    expect(denied).toContain('not measured: no frame passed the quality gate');
    expect(denied).toContain('no candidate');
  });

  it('tells what the cloud was asked and said, and which rule joined it', async () => {
    const { dir, journal } = journalIn();
    const inquiry = {
      reasons: ['score', 'margin'],
      picture: { seq: 101, ageMs: 612.4, consistency: 0.871 },
      liveness: { ms: 181.2, requestId: 'a', code: null, verdict: 'live' },
      compare: { ms: 240.7, requestId: 'b', code: null, score: 0.912 },
      runnerUp: { ms: 900, requestId: null, code: 'DEADLINE', score: null },
      ms: 1500.2,
      rule: 'unsure',
      thresholds: {
        compare: 0.8,
        compareLead: 0.2,
        pictureConsistency: 0.5,
        scoreBand: 0.08,
        marginBand: 0.05,
        livenessBand: 0.3,
        deadlineMs: 1500,
      },
    };
    const cloud = { asked: true, why: 'the device was unsure', inquiry };
    journal.append({ type: 'access.denied', data: DecisionRecordSchema.parse({ ...UNSURE, cloud }) });
    const { out } = await menshen('events', 'explain', '1', '--data-dir', dir);
    for (const text of [
      'asked: the device was unsure',
      'unsure about score, margin',
      'picture of frame 101, 612 ms old, 0.871 (at least 0.500 between it and the frames)',
      'silent liveness live in 181 ms',
      'score 0.912 in 241 ms (at least 0.800)',
      'runner-up without an answer (DEADLINE) in 900 ms (at least 0.200 behind)',
      '1500 of 1500 ms; joined by the rule "unsure"',
    ]) {
      expect(out).toContain(text);
    }
  });

  it('tells of any other event what it holds', async () => {
    const { dir, journal } = journalIn();
    journal.append({
      type: 'camera.down',
      camera: 'front',
      data: { code: 'CAMERA_STALLED', message: 'no pictures' },
    });
    const { out } = await menshen('events', 'explain', '1', '--data-dir', dir);
    expect(out).toContain('camera.down #1: The camera delivers no pictures; the code says why.');
    expect(out).toMatch(/code +CAMERA_STALLED\nmessage +no pictures/);
    const json = await menshen('events', 'explain', '1', '--json', '--data-dir', dir);
    expect(JSON.parse(json.out)).toMatchObject({ seq: 1, type: 'camera.down' });
  });

  it('says when there is no such event', async () => {
    const { dir } = journalIn();
    const unknown = await menshen('events', 'explain', '77', '--data-dir', dir);
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('EVENT_NOT_FOUND') });
  });
});
