import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { doorCommand } from '../../src/cli/door.ts';
import { type DoorConfig, DoorSchema } from '../../src/config/schema.ts';
import { Door, openGpio, recordRelays } from '../../src/door/index.ts';
import { recordedRelays } from '../../src/door/relays-file.ts';
import { logger, SimulatorClient, scratch, simulated } from './bench.ts';

const door = (id: string, line: number, activeLow = false): DoorConfig =>
  DoorSchema.parse({ id, relay: { line: simulated(line), activeLow } });

beforeEach(() => vi.stubEnv('RUNTIME_DIRECTORY', undefined));
afterEach(() => vi.unstubAllEnvs());

describe('the record of the relays', () => {
  it('is kept in the data directory, to the owner alone, and read back', () => {
    const dataDir = scratch();
    expect(recordRelays([door('front', 17), door('back', 18, true)], dataDir)).toBeNull();
    const file = join(dataDir, 'run', 'relays.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'run')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dataDir, 'run'))).toEqual(['relays.json']);
    expect(recordedRelays(dataDir)).toEqual({
      relays: [
        { door: 'front', line: simulated(17), activeLow: false, energised: 'unlocks' },
        { door: 'back', line: simulated(18), activeLow: true, energised: 'unlocks' },
      ],
      problems: [],
    });
  });

  it('is kept in the runtime directory of systemd when there is one, whatever the data directory', () => {
    const runtime = scratch();
    vi.stubEnv('RUNTIME_DIRECTORY', `${runtime}:/run/other`);
    recordRelays([door('front', 17)], scratch());
    expect(readdirSync(runtime)).toEqual(['relays.json']);
    expect(recordedRelays(scratch()).relays).toHaveLength(1);
    vi.stubEnv('RUNTIME_DIRECTORY', undefined);
    expect(recordedRelays(scratch()).relays).toEqual([]);
  });

  it('replaces the one before; when that fails, it says so and leaves none that is out of date', () => {
    const dataDir = scratch();
    recordRelays([door('front', 17)], dataDir);
    recordRelays([door('front', 18)], dataDir);
    expect(recordedRelays(dataDir).relays).toMatchObject([{ line: simulated(18) }]);
    // A folder in the way of the temporary file, as a disk that is full would be.
    mkdirSync(join(dataDir, 'run', 'relays.json.new'));
    const failure = recordRelays([door('front', 19)], dataDir);
    expect(failure).toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining('relays.json'),
    });
    expect(recordedRelays(dataDir)).toEqual({ relays: [], problems: [] });
  });

  it.each([
    ['nonsense', 'no JSON'],
    ['of another shape', '{"version":1}'],
    ['of a newer version', '{"version":2,"dataDir":"/x","relays":[]}'],
    [
      'with a line that cannot be',
      JSON.stringify({
        version: 1,
        dataDir: '/x',
        relays: [{ door: 'front', line: { driver: 'onoff', line: -1 }, activeLow: false }],
      }),
    ],
  ])('that is %s is not used, and told', (_, text) => {
    const dataDir = scratch();
    mkdirSync(join(dataDir, 'run'));
    writeFileSync(join(dataDir, 'run', 'relays.json'), text);
    const { relays, problems } = recordedRelays(dataDir);
    expect(relays).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('relays.json')]);
  });
});

/** `menshen door release` on a configuration as written; gives what it printed. */
async function release(config: string, ...ids: string[]) {
  const printed: string[] = [];
  const errors: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
  try {
    await doorCommand().parseAsync(['release', '--config', config, ...ids], { from: 'user' });
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
  return { printed, errors };
}

function configFile(folder: string, doors: string, more = ''): string {
  const path = join(folder, 'menshen.yaml');
  writeFileSync(
    path,
    `gate: { id: test }\ndataDir: data\naccess: { faceOnly: accepted }\ncameras: [{ id: cam, source: 'rtsp://127.0.0.1/stream', door: front }]\ndoors: ${doors}\n${more}\n`,
  );
  return path;
}

const FRONT_18 = '[{ id: front, relay: { line: { driver: simulated, line: 18 } } }]';

/** A gate that unlocked its door on line 17, recorded it, and whose lines outlive it here. */
async function energised(dataDir: string) {
  const socket = join(scratch(), 'control.sock');
  const gpio = await openGpio({ socket });
  const config = DoorSchema.parse({ id: 'front', relay: { line: simulated(17) }, unlockMs: 60_000 });
  const front = new Door({ config, gpio, onEvent: () => {}, logger });
  await front.start();
  await gpio.openOutput(simulated(18), { rest: 0 });
  recordRelays([config], dataDir);
  await front.unlock({ kind: 'remote', by: 'test' });
  const client = await SimulatorClient.connect(socket);
  onTestFinished(async () => {
    await front.stop();
    await gpio.close();
  });
  return { socket, level: async (line: number) => (await client.ask({ get: line })).level };
}

describe('menshen door release', () => {
  it('releases a relay under its old line too after it moved to another', async () => {
    const folder = scratch();
    const { socket, level } = await energised(join(folder, 'data'));
    expect(await level(17)).toBe(1);
    const { printed } = await release(configFile(folder, FRONT_18, `simulator: { socket: ${socket} }`));
    expect(printed).toEqual([
      'door "front": relay released (simulated line 17, as the gate recorded)',
      'door "front": relay released (simulated line 18)',
    ]);
    expect(await level(17)).toBe(0);
  });

  it('takes the polarity under which the gate drove a line, not the one configured since', async () => {
    const folder = scratch();
    const { socket } = await energised(join(folder, 'data'));
    const inverted = '[{ id: front, relay: { line: { driver: simulated, line: 17 }, activeLow: true } }]';
    const { printed } = await release(configFile(folder, inverted, `simulator: { socket: ${socket} }`));
    expect(printed).toEqual(['door "front": relay released (simulated line 17, as the gate recorded)']);
  });

  it('leaves a line alone that is an input by now', async () => {
    const folder = scratch();
    recordRelays([door('front', 17)], join(folder, 'data'));
    const doors =
      '[{ id: front, relay: { line: { driver: simulated, line: 18 } }, rex: { line: { driver: simulated, line: 17 } } }]';
    const { printed } = await release(configFile(folder, doors));
    expect(printed).toEqual(
      [
        'door "front": nothing to release, simulated lines end with their gate process',
        'door "front": simulated line 17, recorded as its relay, is an input of door "front" by now and was left alone',
      ].reverse(),
    );
  });

  it.each([
    ['invalid', 'doors: []'],
    ['no YAML', ' : [ { '],
  ])('needs no valid configuration: one that is %s', async (_, more) => {
    const folder = scratch();
    recordRelays([door('front', 17), door('back', 18)], join(folder, 'data'));
    const path = configFile(folder, FRONT_18, more);
    const nothing = 'nothing to release, simulated lines end with their gate process';
    const { printed, errors } = await release(path);
    expect(printed).toEqual([`door "front": ${nothing}`, `door "back": ${nothing}`]);
    expect(errors).toEqual([expect.stringMatching(/menshen\.yaml:\d+:\d+: /)]);
    expect((await release(path, 'back')).printed).toEqual([`door "back": ${nothing}`]);
    await expect(release(path, 'side')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'there is no door "side"; known are front, back',
    });
  });

  it('fails with the fault of the configuration when there is no record either', async () => {
    const folder = scratch();
    await expect(release(configFile(folder, '[]'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(release(join(folder, 'gone.yaml'))).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' });
  });

  it('goes by the configuration when the record is damaged, and says so', async () => {
    const folder = scratch();
    mkdirSync(join(folder, 'data', 'run'), { recursive: true });
    writeFileSync(join(folder, 'data', 'run', 'relays.json'), '{');
    const { printed, errors } = await release(configFile(folder, FRONT_18));
    expect(printed).toHaveLength(1);
    expect(errors).toEqual([expect.stringContaining('relays.json')]);
  });
});

it('the service keeps its runtime directory, and with it the record, when it stops', () => {
  const unit = readFileSync(new URL('../../systemd/menshen.service', import.meta.url), 'utf8');
  expect(unit).toMatch(/^RuntimeDirectory=menshen$/m);
  expect(unit).toMatch(/^RuntimeDirectoryPreserve=yes$/m);
});
