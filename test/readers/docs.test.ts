import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/index.ts';
import { type Frame, FrameReader } from '../../src/readers/frame.ts';
import { readWiegand } from '../../src/readers/wiegand.ts';
import { MINIMAL } from '../config/fixtures.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const reference = read('docs/reference/readers.md');
const guide = read('docs/guides/readers.md');

function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(
    (frame) => frames.push(frame),
    (what) => expect.unreachable(what),
  );
  reader.push(bytes);
  return frames;
}

const EXAMPLES = [...reference.matchAll(/^\| `[WCKH]` \|.*\| `([^`]+)` \|$/gm)].map(
  (match) => match[1] ?? '',
);
const SHOWN: Frame[] = [
  { type: 'wiegand', bits: '11011110001100001010011100' },
  { type: 'card', hex: '00BC614E' },
  { type: 'keys', keys: '4711#' },
  { type: 'heartbeat' },
];

describe('docs/reference/readers.md', () => {
  it('shows frames that are read as it says', () => {
    expect(framesOf(Buffer.from(EXAMPLES.map((example) => `\x02${example}\x03`).join('\r\n')))).toEqual(
      SHOWN,
    );
    expect(SHOWN[0].type === 'wiegand' && readWiegand(SHOWN[0].bits)).toMatchObject({ value: 12345678n });
  });

  it.skipIf(spawnSync('cc', ['--version']).status !== 0)('has C that makes the frames it shows', () => {
    const folder = mkdtempSync(join(tmpdir(), 'menshen-frame-'));
    const code = /```c\n([\s\S]+?)```/.exec(reference)?.[1];
    const calls = EXAMPLES.map((example) => `send_frame(stdout, "${example.slice(0, -4)}");`).join('');
    writeFileSync(
      join(folder, 'frame.c'),
      `#include <stdio.h>\n${code}int main(void) { ${calls} return 0; }`,
    );
    execFileSync('cc', ['-Wall', '-Werror', '-o', join(folder, 'frame'), join(folder, 'frame.c')]);
    expect(framesOf(execFileSync(join(folder, 'frame')))).toEqual(SHOWN);
    rmSync(folder, { recursive: true });
  });
});

describe('docs/guides/readers.md', () => {
  const sections = [...guide.matchAll(/( *)```yaml\n([\s\S]+?) *```/g)].map(([, indent, yaml = '']) =>
    yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

  it.each(sections)('has a section that loads: %#', (section) => {
    const { config } = parseConfig(MINIMAL.replaceAll('main', 'front') + section, 'menshen.yaml');
    expect(config.readers).toHaveLength(1);
  });

  it('has one for each kind', () => expect(sections).toHaveLength(2));
});

describe('the section readers', () => {
  const problems = (settings: string) => () =>
    parseConfig(
      `${MINIMAL}readers:\n  - { id: r, door: main, kind: evdev, device: /dev/x, ${settings} }\n`,
      'f.yaml',
    );

  it.each([
    ['baud: 9600', /readers\[0\]\.baud: does not belong to kind evdev/],
    ['heartbeatMs: 5000', /readers\[0\]\.heartbeatMs: does not belong to kind evdev/],
    ['card: { enabled: false }', /readers\[0\]\.card\.enabled: a reader without cards needs keypad/],
    ['keypad: { length: 14 }', /readers\[0\]\.keypad\.length: must not be above/],
    ['card: { bits: 8 }', /readers\[0\]\.card\.bits: must be a whole number from 16 to 80/],
  ])('refuses %s', (settings, words) => expect(problems(settings)).toThrow(words));

  it('refuses doors that do not exist, names and devices used twice, relative paths', () => {
    const two = (one: string, other: string) => () =>
      parseConfig(`${MINIMAL}readers:\n  - ${one}\n  - ${other}\n`, 'f.yaml');
    const good = '{ id: a, door: main, kind: serial, device: /dev/ttyS0 }';
    expect(two(good, good.replace('main', 'side'))).toThrow(/readers\[1\]\.door: there is no door "side"/);
    expect(two(good, good.replace('ttyS0', 'ttyS1'))).toThrow(/readers\[1\]\.id: "a" is used twice/);
    expect(two(good, good.replace('id: a', 'id: b'))).toThrow(/readers\[1\]\.device: is used twice/);
    expect(two(good, '{ id: b, door: main, kind: serial, device: dev/ttyS1 }')).toThrow(/absolute path/);
  });
});
