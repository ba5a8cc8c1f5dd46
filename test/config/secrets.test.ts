import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveSecret, type SecretSource } from '../../src/config/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-secrets-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function file(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('a secret', () => {
  it('comes from a file, without the one newline at its end', () => {
    expect(resolveSecret({ file: file('plain', 'hunter2') })).toBe('hunter2');
    expect(resolveSecret({ file: file('unix', 'hunter2\n') })).toBe('hunter2');
    expect(resolveSecret({ file: file('windows', 'hunter2\r\n') })).toBe('hunter2');
    expect(resolveSecret({ file: file('spaces', ' hunter2 \n\n', 0o640) })).toBe(' hunter2 \n');
  });

  it('comes from a systemd credential, the environment or the configuration itself', () => {
    file('camera', 'hunter2\n', 0o400);
    vi.stubEnv('CREDENTIALS_DIRECTORY', folder);
    vi.stubEnv('CAMERA_PASSWORD', 'tiger');
    expect(resolveSecret({ credential: 'camera' })).toBe('hunter2');
    expect(resolveSecret({ env: 'CAMERA_PASSWORD' })).toBe('tiger');
    expect(resolveSecret({ value: 'lion' })).toBe('lion');
  });

  const refused: [string, () => SecretSource, string][] = [
    ['a missing file', () => ({ file: join(folder, 'none') }), 'ENOENT'],
    ['a folder', () => ({ file: folder }), 'EISDIR'],
    ['an empty file', () => ({ file: file('empty', '\n') }), 'is empty'],
    ['a file everybody reads', () => ({ file: file('open', 'hunter2', 0o644) }), 'chmod o='],
    ['a file everybody writes', () => ({ file: file('writable', 'hunter2', 0o602) }), 'chmod o='],
    ['a huge file', () => ({ file: file('huge', 'hunter2'.repeat(10_000)) }), 'at most 65536'],
    ['an unset variable', () => ({ env: 'MENSHEN_NO_SUCH_VARIABLE' }), 'MENSHEN_NO_SUCH_VARIABLE is not set'],
    ['a credential outside its folder', () => ({ credential: '../camera' }), 'must not hold "/"'],
    ['a credential that is missing', () => ({ credential: 'none' }), 'ENOENT'],
  ];
  it.each(refused)('is refused from %s, without being told', (_, source, expected) => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', folder);
    let thrown: unknown;
    try {
      resolveSecret(source());
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'SECRET_UNREADABLE', message: expect.stringContaining(expected) });
    expect(String(thrown)).not.toContain('hunter2');
  });

  it('cannot be a credential where systemd gave none', () => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', '');
    expect(() => resolveSecret({ credential: 'camera' })).toThrow('LoadCredential=');
  });
});
