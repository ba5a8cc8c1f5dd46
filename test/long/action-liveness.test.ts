import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Daemon, startDaemon } from '../../scripts/demo/stage-hands.ts';
import { type RtspServer, startRtspServer } from '../../scripts/rtsp/server.ts';
import { type Mosquitto, startMosquitto } from '../../scripts/support/mosquitto.ts';
import { type DecisionRecord, PublicDecisionRecordSchema } from '../../src/access/index.ts';
import { PROMPTS, type Prompt } from '../../src/console/index.ts';
import type { JournalEvent } from '../../src/journal/index.ts';
import { SentEventSchema } from '../../src/mqtt/index.ts';
import { NO_VIDEOS, openHouse, VIDEOS } from '../cloud-server/support.ts';

const MENSHEN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TURN = join(VIDEOS, 'live-headturn-tranvanluyt.mp4');
const REPLAY = join(VIDEOS, 'spoof-screenreplay-headturn-tranvanluyt.mp4');
/** Somebody comes, looks ahead, turns the head to the left and back, and goes. */
const LEFT = { film: TURN, from: 0, until: 7.2, staysS: 0 };
const SETTINGS = { schedule: 'always', actions: ['turnLeft', 'openMouth'], timeLimitMs: 8000 };

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

/** The film in H.264 as an RTSP camera sends it, 15 pictures a second; its end stays for a while, then a wall for 1.4 s. */
function encode(folder: string, { film, from, until, staysS }: typeof LEFT): string {
  const file = join(folder, 'film.h264');
  const stays = `tpad=stop_mode=clone:stop_duration=${staysS}`;
  execFileSync('ffmpeg', [
    ...['-loglevel', 'error', '-y', '-ss', `${from}`, '-t', `${until - from}`, '-i', film, '-an'],
    ...['-vf', `fps=15,${stays},tpad=stop_duration=1.4:color=gray`, '-c:v', 'libx264', '-preset', 'veryfast'],
    ...['-pix_fmt', 'yuv420p', '-crf', '20', '-bf', '0', '-g', '15'],
    ...['-x264-params', 'aud=1:repeat-headers=1', '-f', 'h264', file],
  ]);
  return file;
}

interface Site {
  readonly events: JournalEvent[];
  readonly prompts: Prompt[];
  /** The first decision that fulfils the condition, waiting for it. */
  decision(holds: (record: DecisionRecord) => boolean, withinMs: number): Promise<JournalEvent>;
}

/** A gate before a real stream, with a broker; the person of the film is enrolled from its first second. */
async function open(scene: typeof LEFT, consent: string, action: object, yaml = ''): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-action-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  const camera: RtspServer = await startRtspServer({ file: encode(folder, scene), fps: 15 });
  cleanUp.push(() => camera.stop());
  const broker: Mosquitto = await startMosquitto();
  cleanUp.push(() => broker.stop());
  const site = { events: [] as JournalEvent[], prompts: [] as Prompt[] };
  const subscriber: MqttClient = await connectAsync(broker.url);
  cleanUp.push(() => subscriber.endAsync());
  subscriber.on('message', (topic, payload, { retain }) => {
    const told: unknown = JSON.parse(payload.toString());
    if (topic === 'menshen/site/doors/front/prompt') {
      expect(retain).toBe(false);
      site.prompts.push(told as Prompt);
    } else if (topic.includes('/events/access/')) site.events.push(SentEventSchema.parse(told));
  });
  await subscriber.subscribeAsync('menshen/#', { qos: 1 });
  writeFileSync(join(folder, 'menshen.yaml'), config(camera.url, broker.url, action) + yaml);
  const photo = join(folder, 'face.jpg');
  execFileSync('ffmpeg', [
    '-loglevel',
    'error',
    '-ss',
    '0.5',
    '-i',
    TURN,
    '-frames:v',
    '1',
    '-q:v',
    '2',
    photo,
  ]);
  const enrol = ['enroll', '--config', join(folder, 'menshen.yaml'), '--name', 'Tran', '--photo', photo];
  execFileSync(process.execPath, [MENSHEN, ...enrol, '--consent', consent]);
  const daemon: Daemon = await startDaemon(folder);
  cleanUp.push(() => daemon.stop());
  const decision = async (holds: (record: DecisionRecord) => boolean, withinMs: number) => {
    const found = () =>
      site.events.find(({ type, data }) => {
        if (type !== 'access.granted' && type !== 'access.denied') return false;
        return holds(PublicDecisionRecordSchema.parse(data) as DecisionRecord);
      });
    const end = Date.now() + withinMs;
    for (;;) {
      const event = found();
      if (event !== undefined) return event;
      if (Date.now() > end) throw new Error(`no such decision, but\n${seen(site.events)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return { ...site, decision };
}

function seen(events: readonly JournalEvent[]): string {
  return events.map(({ data }) => `${data.reason}: ${data.detail}`).join('\n');
}

function config(camera: string, broker: string, action: object): string {
  return `gate: { id: site }
dataDir: data
cameras: [{ id: entrance, source: '${camera}', door: front, injection: alarm }]
doors: [{ id: front, relay: { line: { driver: simulated, line: 17 } }, unlockMs: 1500 }]
simulator: { socket: gpio.sock }
access: { faceOnly: accepted }
mqtt: { url: '${broker}' }
decision:
  recognitionIntervalMs: 1000
  maxAttempts: 100
  lockout: { failures: 1000 }
  actionLiveness: ${JSON.stringify({ doors: ['front'], ...SETTINGS, ...action })}
`;
}

const recordOf = (event: JournalEvent) => PublicDecisionRecordSchema.parse(event.data);

// Films of real people are no part of the project.
describe.skipIf(NO_VIDEOS)('an action demanded before a real camera', () => {
  it('opens when it is done, and stays shut when the film shows another one than was asked', async () => {
    const site = await open(LEFT, 'local', {});
    const granted = await site.decision(({ outcome }) => outcome === 'grant', 150_000);
    const denied = await site.decision(({ reason }) => reason === 'ACTION_FAILED', 150_000);
    const yes = recordOf(granted);
    expect(yes).toMatchObject({ reason: 'GRANTED_FACE', person: { name: 'Tran' } });
    expect(yes.action).toMatchObject({
      ...{ asked: 'turnLeft', local: 'yes', cloud: null, failure: null },
      result: { outcome: 'seen', seen: { turnLeft: true, openMouth: false } },
    });
    // All of the evidence is younger than the action.
    expect(yes.frames.every(({ ageMs, quality }) => ageMs < 800 && Math.abs(quality.yaw) <= 12)).toBe(true);
    // A busy machine may lose a face before what became of the action is known.
    const judged = ({ outcome, reason }: DecisionRecord) => outcome === 'grant' || reason === 'ACTION_FAILED';
    const no = await site.decision(
      (record) => record.action?.asked === 'openMouth' && judged(record),
      150_000,
    );
    expect(recordOf(no)).toMatchObject({ outcome: 'deny', reason: 'ACTION_FAILED', person: null });
    expect(denied.type).toBe('access.denied');
    const shown = expect.arrayContaining([
      'TURN_LEFT',
      'LOOK_AHEAD',
      'GRANTED',
      'OPEN_MOUTH',
      'ACTION_NOT_SEEN',
    ]);
    // The last of them may come after the event.
    await vi.waitFor(() => expect(site.prompts.map(({ code }) => code)).toEqual(shown), 10_000);
    for (const { code, text } of site.prompts) expect(text.zh).toBe(PROMPTS[code].zh);
  });

  it('asks nothing of the same film played from a screen, and opens nothing', async () => {
    const site = await open({ ...LEFT, film: REPLAY, from: 3, until: 9.5 }, 'local', { minLiveness: 0 });
    await site.decision(({ reason }) => reason === 'NOT_LIVE', 90_000);
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    expect(site.events.filter(({ type }) => type === 'access.granted')).toEqual([]);
    expect(site.prompts.map(({ code }) => code)).not.toContain('TURN_LEFT');
  });

  it('lets a private deployment judge the clip as well', async () => {
    const house = await openHouse();
    cleanUp.push(() => house.stop());
    const { appKey, accessKey, secretKey } = house.app;
    const cloud = {
      ...{ endpoint: `http://127.0.0.1:${house.server.port}` },
      ...{ appKey: { value: appKey }, accessKey: { value: accessKey }, secretKey: { value: secretKey } },
    };
    // Who waits for the cloud stays before the camera.
    const site = await open(
      { ...LEFT, staysS: 6 },
      'local,cloud',
      { cloud: 'always', cloudDeadlineMs: 15_000, actions: ['turnLeft', 'turnRight'], timeLimitMs: 6000 },
      `cloud: ${JSON.stringify(cloud)}\n`,
    );
    // A busy machine may not give each answer in time.
    const asked = await site.decision(({ action }) => action?.cloud?.code === null, 240_000);
    const { action } = recordOf(asked);
    expect(action).toMatchObject({
      ...{ asked: 'turnLeft', local: 'yes', clip: { bytes: expect.any(Number) } },
      cloud: { code: null, live: true, detected: true },
    });
    expect(site.prompts.map(({ code }) => code)).toContain('WAIT');
    console.log(`clip of ${JSON.stringify(action?.clip)}, judged in ${action?.cloud?.ms.toFixed(0)} ms`);
  });
});
