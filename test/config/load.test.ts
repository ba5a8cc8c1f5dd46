import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MenshenError } from '../../src/common/index.ts';
import { configPath, loadConfig, parseConfig, redactConfig } from '../../src/config/index.ts';
import { MINIMAL } from './fixtures.ts';

const FILE = '/etc/menshen/menshen.yaml';

function failure(text: string): MenshenError {
  try {
    parseConfig(text, FILE);
  } catch (error) {
    if (error instanceof MenshenError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a good configuration', () => {
  it('is completed with the defaults and frozen to the bottom', () => {
    const { config } = parseConfig(MINIMAL, FILE);
    expect(config.doors[0]?.unlockMs).toBe(5000);
    expect(config.decision.lockout.failures).toBe(5);
    expect(config.vision.quality.minEyeDistance).toBe(40);
    expect(() => {
      config.decision.lockout.failures = 0;
    }).toThrow(TypeError);
    expect(() => config.doors.pop()).toThrow(TypeError);
  });

  it('has its relative paths made absolute from the folder of the file, and URLs left alone', () => {
    const { config } = parseConfig(
      `${MINIMAL}dataDir: data
key: { file: ../keys/gallery }
vision: { modelsDir: ./models }
simulator: { socket: door.sock }
mqtt: { url: "mqtts://broker", caFile: ca.pem, password: { file: /run/secret } }
`.replace('rtsp://camera/live', 'clips/walk.mp4'),
      FILE,
    );
    expect(config.dataDir).toBe('/etc/menshen/data');
    expect(config.key).toEqual({ file: '/etc/keys/gallery' });
    expect(config.vision.modelsDir).toBe('/etc/menshen/models');
    expect(config.simulator?.socket).toBe('/etc/menshen/door.sock');
    expect(config.mqtt).toMatchObject({ caFile: '/etc/menshen/ca.pem', password: { file: '/run/secret' } });
    expect(config.cameras[0]?.source).toBe('/etc/menshen/clips/walk.mp4');
    expect(parseConfig(MINIMAL, FILE).config.cameras[0]?.source).toBe('rtsp://camera/live');
  });

  it('has a version that follows its meaning, not its form, and holds no secret', () => {
    const version = (text: string) => parseConfig(text, FILE).sha256;
    expect(version(MINIMAL)).toMatch(/^[0-9a-f]{12}$/);
    const [gate, ...rest] = MINIMAL.split('\n');
    expect(version(`# a comment\n${rest.join('\n')}${gate}\nlog: { level: info }\n`)).toBe(version(MINIMAL));
    expect(version(`${MINIMAL}log: { level: debug }\n`)).not.toBe(version(MINIMAL));
    const keyed = (key: string) => version(`${MINIMAL}key: { value: ${key} }\n`);
    expect(keyed('first')).toBe(keyed('second'));
    expect(keyed('first')).not.toBe(version(MINIMAL));
  });

  it('tells the line of a setting, and of what holds it where it is a default', () => {
    const { line } = parseConfig(MINIMAL, FILE);
    expect(line(['doors', 0, 'relay', 'line'])).toBe(6);
    expect(line(['cameras', 0, 'source'])).toBe(3);
    expect(line(['doors', 0, 'unlockMs'])).toBe(5);
    expect(line(['decision', 'margin'])).toBe(1);
  });

  it('is shown without its literal secrets', () => {
    const text =
      `${MINIMAL}key: { value: gallerykey }\nmqtt: { url: "mqtt://b", password: { value: hunter2 } }\n`.replace(
        'door: main }',
        'door: main, password: { value: tiger } }',
      );
    const { config } = parseConfig(text, FILE);
    const shown = redactConfig(config);
    expect(JSON.stringify(shown)).not.toMatch(/gallerykey|hunter2|tiger/);
    expect(shown.cameras[0]?.password).toEqual({ value: '***' });
    expect(config.mqtt?.password).toEqual({ value: 'hunter2' });
    const named = parseConfig(`${MINIMAL}key: { env: GALLERY_KEY }\n`, FILE).config;
    expect(redactConfig(named).key).toEqual({ env: 'GALLERY_KEY' });
  });
});

describe('a wrong configuration', () => {
  it('gets every problem told, in the order of the file, with line, column and what is allowed', () => {
    const error = failure(`gate: { id: Front Gate, timezone: Mars/Phobos }
cameras:
  - { id: front, source: "rtsp://user:hunter2@camera/live", door: main, passwrd: x }
doors:
  - id: main
    relay: { line: { driver: gpio, line: 1 } }
    unlockMs: 100
    heldOpenMs: "30000"
    contact: { line: { driver: onoff, line: -1, pin: 0 } }
matchThreshold: 0.5
mqtt: [broker]
log: { level: loud }
journal:
`);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.split('\n')).toEqual([
      `${FILE}:1:13: gate.id: use 1 to 63 of a-z, 0-9, "-" and "_", beginning with a letter or digit`,
      `${FILE}:1:35: gate.timezone: is not an IANA time zone`,
      `${FILE}:3:26: cameras[0].source: use an rtsp:// or rtsps:// URL without user and password (they have keys of their own), or a path`,
      `${FILE}:3:73: cameras[0].passwrd: unknown key; did you mean "password"?`,
      `${FILE}:6:30: doors[0].relay.line.driver: must be one of gpiod, onoff, exec, modbus, simulated`,
      `${FILE}:7:15: doors[0].unlockMs: must be a whole number from 200 to 255000`,
      `${FILE}:8:17: doors[0].heldOpenMs: must be a whole number from 0 to 3600000, not text`,
      `${FILE}:9:45: doors[0].contact.line.line: must be a whole number from 0 to 65535`,
      `${FILE}:9:49: doors[0].contact.line.pin: unknown key; allowed here: driver, line, chip, offset`,
      `${FILE}:10:1: matchThreshold: unknown key here; it belongs under decision`,
      `${FILE}:11:7: mqtt: must be a mapping of url, username, password, caFile, certFile and others, not a list`,
      `${FILE}:12:15: log.level: must be one of trace, debug, info, warn, error, fatal, silent`,
      `${FILE}:13:1: journal: has no value; write one or leave the key out; it must be a mapping of retentionDays, retentionDaysByType, cropRetentionDays, maxMegabytes`,
    ]);
  });

  it('says what is missing and where it belongs', () => {
    const error = failure('gate: {}\ncameras: []\n');
    expect(error.message.split('\n')).toEqual([
      `${FILE}:1:1: doors: is missing; must be a list of 1 or more`,
      `${FILE}:1:7: gate.id: is missing; must be text`,
      `${FILE}:2:10: cameras: must be a list of 1 or more`,
    ]);
  });

  it('that is wrong throughout gets its first problems told and the rest counted', () => {
    const lines = failure(`${MINIMAL}${Array.from({ length: 100 }, (_, n) => `unknown${n}: 1`).join('\n')}`);
    const told = lines.message.split('\n');
    expect(told).toHaveLength(51);
    expect(told.at(-1)).toBe(`${FILE}: and 50 problems more`);
  });

  it('is told of names and lines that do not fit together', () => {
    const error = failure(`gate: { id: gate }
cameras:
  - { id: front, source: a.mp4, door: side }
  - { id: front, source: b.mp4, door: main }
doors:
  - id: main
    relay: { line: { driver: onoff, line: 7 } }
    rex: { line: { driver: onoff, line: 7 } }
access: { faceOnly: accepted }
`);
    expect(error.message.split('\n')).toEqual([
      `${FILE}:3:39: cameras[0].door: there is no door "side"`,
      `${FILE}:4:11: cameras[1].id: "front" is used twice`,
      `${FILE}:8:18: doors[0].rex.line: onoff line 7 is used twice`,
    ]);
  });

  it.each([
    ['a key twice', 'gate: { id: a }\ngate: { id: b }\n', '2:1: this key stands twice in the same mapping'],
    ['a tab', 'gate:\n\tid: a\n', '2:1: a tab is used for indentation; use spaces'],
    ['an open quote', 'gate: { id: "hunter2 }\n', '2:1: a character is missing'],
    ['two documents', 'gate: { id: a }\n---\nlog: {}\n', '2:1: the file holds a second document'],
    ['an unknown tag', 'gate: !secret hunter2\n', '1:7: an unknown tag'],
    ['an alias without anchor', 'gate: { id: *hunter2 }\n', '1:1: an alias'],
    ['a key that is a mapping', '? { a: b }\n: c\n', '1:3: a key must be plain text'],
    ['brackets without end', '['.repeat(100_000), '1:1: the file is nested too deeply'],
    ['lists without end', '- '.repeat(100_000), '1:1: the file is nested too deeply'],
    [
      'a bomb of aliases',
      `a: &a [x, x]\n${Array.from({ length: 24 }, (_, n) => {
        const [mine, last] = [String.fromCharCode(98 + n), String.fromCharCode(97 + n)];
        return `${mine}: &${mine} [*${last}, *${last}, *${last}]`;
      }).join('\n')}\n`,
      '1:1: an alias',
    ],
  ])('with %s is a syntax error that names the place and repeats nothing', (_, text, expected) => {
    const error = failure(text);
    expect(error.code).toBe('CONFIG_SYNTAX');
    expect(error.message).toContain(`${FILE}:${expected}`);
    expect(error.message).not.toContain('hunter2');
  });

  it.each([
    ['password: hunter2'],
    ['password: { hunter2 }'],
    ['password: { valeu: hunter2 }'],
    ['password: [hunter2]'],
    ['password: { value: { hunter2: 1 } }'],
    ['username: { hunter2: x }'],
    ['keepaliveS: hunter2'],
    ['url: "mqtt://user:hunter2@broker"'],
  ])('does not repeat a secret in the wrong form: %s', (entry) => {
    const url = entry.startsWith('url') ? '' : 'url: "mqtt://broker", ';
    const error = failure(`${MINIMAL}mqtt: { ${url}${entry} }\n`);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(`${FILE}:7:`);
    expect(error.message).not.toContain('hunter2');
  });
});

describe('the file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'menshen-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  it('is read from the disk', async () => {
    const path = join(folder, 'good.yaml');
    writeFileSync(path, MINIMAL);
    expect(await loadConfig(path)).toMatchObject({ path, config: { gate: { id: 'gate' } } });
  });

  it.each([
    ['is missing', 'none.yaml', undefined, 'ENOENT'],
    ['is a folder', '.', undefined, 'is not a file'],
    ['is not UTF-8', 'latin.yaml', Buffer.from([0x67, 0xe9, 0x0a]), 'is not UTF-8 text'],
    ['is far too large', 'large.yaml', Buffer.alloc(262_145, '#'), 'holds 262145 bytes; at most 262144'],
  ])('that %s is CONFIG_UNREADABLE', async (_, name, content, expected) => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    await expect(loadConfig(path)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining(expected),
    });
  });

  it('is the one given, else the one in the environment, else the system one', () => {
    vi.stubEnv('MENSHEN_CONFIG', '/srv/gate.yaml');
    expect(configPath('/tmp/given.yaml')).toBe('/tmp/given.yaml');
    expect(configPath()).toBe('/srv/gate.yaml');
    vi.stubEnv('MENSHEN_CONFIG', '');
    expect(configPath()).toBe('/etc/menshen/menshen.yaml');
  });
});
