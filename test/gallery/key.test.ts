import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/index.ts';
import { CONSENT, filesOf, log, openGallery, reference, temporaryFolder, unit } from './helpers.ts';

const HEX_A = 'a1'.repeat(32);
const HEX_B = 'B2'.repeat(32);

function enrolOne(dataDir: string, key?: string): string {
  const gallery = Gallery.open({ dataDir, key, log });
  const { id } = gallery.addPerson({ name: '张伟', consent: CONSENT }, [reference(unit(1))]);
  gallery.close();
  return id;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  return 'no error';
}

describe('the gallery key', () => {
  it('is made at the first start, readable by its owner alone, and opens the gallery again', () => {
    const dataDir = temporaryFolder();
    const id = enrolOne(dataDir);
    expect(readFileSync(join(dataDir, 'key'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    for (const name of ['key', 'gallery.sqlite'])
      expect([name, statSync(join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(readdirSync(dataDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(openGallery(dataDir).get(id)?.name).toBe('张伟');
  });

  it('keeps the database and its side files from others while it is open', () => {
    const dataDir = temporaryFolder();
    openGallery(dataDir).addPerson({ name: 'A', consent: CONSENT }, []);
    const names = readdirSync(dataDir).filter((name) => name.startsWith('gallery.sqlite'));
    expect(names.length).toBe(3);
    for (const name of names) expect([name, statSync(join(dataDir, name)).mode & 0o077]).toEqual([name, 0]);
  });

  it('may come from the configuration; no file is made then', () => {
    const dataDir = temporaryFolder();
    const id = enrolOne(dataDir, HEX_A);
    expect(existsSync(join(dataDir, 'key'))).toBe(false);
    expect(openGallery(dataDir, `${HEX_A.toUpperCase()}\n`).get(id)?.name).toBe('张伟');
  });

  it('KEY_MISSING when it is lost; nothing is overwritten, and the key restored opens everything', () => {
    const dataDir = temporaryFolder();
    const id = enrolOne(dataDir);
    renameSync(join(dataDir, 'key'), join(dataDir, 'saved'));
    const before = filesOf(dataDir);
    expect(codeOf(() => openGallery(dataDir))).toBe('KEY_MISSING');
    expect(existsSync(join(dataDir, 'key'))).toBe(false);
    expect(filesOf(dataDir).equals(before)).toBe(true);
    renameSync(join(dataDir, 'saved'), join(dataDir, 'key'));
    expect(
      openGallery(dataDir).search({ vector: unit(1), model: { id: 'embedding', version: '1' } })[0]?.personId,
    ).toBe(id);
  });

  it('is made anew when it is lost while nobody is enrolled', () => {
    const dataDir = temporaryFolder();
    Gallery.open({ dataDir, log }).close();
    rmSync(join(dataDir, 'key'));
    const id = enrolOne(dataDir);
    expect(openGallery(dataDir).get(id)?.name).toBe('张伟');
  });

  it('KEY_WRONG when it is another one, from file or configuration', () => {
    const dataDir = temporaryFolder();
    enrolOne(dataDir);
    writeFileSync(join(dataDir, 'key'), HEX_B);
    expect(codeOf(() => openGallery(dataDir))).toBe('KEY_WRONG');
    expect(codeOf(() => openGallery(dataDir, HEX_A))).toBe('KEY_WRONG');
    expect(readFileSync(join(dataDir, 'key'), 'utf8')).toBe(HEX_B);
  });

  it.each([0o640, 0o604, 0o660, 0o666])('KEY_INVALID when others can reach the file (mode %o)', (mode) => {
    const dataDir = temporaryFolder();
    enrolOne(dataDir);
    chmodSync(join(dataDir, 'key'), mode);
    expect(codeOf(() => openGallery(dataDir))).toBe('KEY_INVALID');
  });

  it.each(['', 'zz'.repeat(32), 'a1'.repeat(31), 'a1'.repeat(33), `${'a1'.repeat(32)} x`])(
    'KEY_INVALID for "%s"',
    (text) => {
      const dataDir = temporaryFolder();
      writeFileSync(join(dataDir, 'key'), text, { mode: 0o600 });
      expect(codeOf(() => openGallery(dataDir))).toBe('KEY_INVALID');
      expect(codeOf(() => openGallery(temporaryFolder(), text))).toBe('KEY_INVALID');
    },
  );

  it('KEY_INVALID when the key is a folder', () => {
    const dataDir = temporaryFolder();
    copyFileSync('package.json', join(dataDir, 'x'));
    expect(codeOf(() => openGallery(join(dataDir, 'x')))).toBe('DATA_DIR_UNUSABLE');
  });

  it('is never told in an error', () => {
    const dataDir = temporaryFolder();
    enrolOne(dataDir, HEX_A);
    for (const key of [HEX_B, `${HEX_B}0`]) {
      expect(() => openGallery(dataDir, key)).toThrow(
        expect.not.objectContaining({ message: expect.stringMatching(/b2b2/i) }),
      );
    }
  });

  it('is one and the same for processes that start together', async () => {
    const dataDir = temporaryFolder();
    const script = `
      import { Gallery } from './src/gallery/index.ts';
      import { createLogger } from './src/common/index.ts';
      const gallery = Gallery.open({ dataDir: process.argv[1], log: createLogger('t', 'silent') });
      gallery.addPerson({ name: 'P' + process.pid, consent: ${JSON.stringify(CONSENT)} }, []);
      gallery.close();`;
    const codes = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((resolve) => {
            const args = ['--import', 'tsx', '--input-type=module', '-e', script, dataDir];
            const child = spawn(process.execPath, args, { stdio: 'inherit' });
            child.on('exit', resolve);
          }),
      ),
    );
    expect(codes).toEqual([0, 0, 0]);
    const gallery = openGallery(dataDir);
    expect([gallery.list().length, gallery.faults()]).toEqual([3, []]);
  });
});
