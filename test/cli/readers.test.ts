import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { encodeFrame } from '../../src/readers/frame.ts';
import { MINIMAL } from '../config/fixtures.ts';
import { serialLine } from '../readers/support.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

it('menshen readers listen prints cards whole, PINs not at all, and ends with Ctrl-C', {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-listen-'));
  const line = await serialLine(join(folder, 'serial'));
  const file = join(folder, 'menshen.yaml');
  const reader = `{ id: pad, door: main, kind: serial, device: ${line.path}, keypad: { enabled: true } }`;
  writeFileSync(file, `${MINIMAL}readers: [${reader}]\n`);
  const child = spawn(process.execPath, [MAIN, 'readers', 'listen', '--config', file]);
  let out = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  const said = (words: RegExp) => vi.waitFor(() => expect(out).toMatch(words), 30_000);
  await said(/^pad +up$/m);
  line.write(encodeFrame('C', '00BC614E'));
  line.write(encodeFrame('K', '471193#'));
  await said(/^pad +card 12345678$/m);
  await said(/^pad +6 digits$/m);
  expect(out).not.toContain('471193');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  await line.unplug();
  rmSync(folder, { recursive: true });
});
