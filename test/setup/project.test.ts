import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = new URL('../../', import.meta.url).pathname;
const text = (path: string) => readFileSync(join(root, path), 'utf8');

const DependenciesSchema = z.record(z.string(), z.string());
const PackageSchema = z.object({
  name: z.string(),
  license: z.string(),
  engines: z.object({ node: z.string() }),
  bin: z.record(z.string(), z.string()),
  scripts: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
  dependencies: DependenciesSchema,
  devDependencies: DependenciesSchema,
});
const LockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      optional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      os: z.array(z.string()).optional(),
      libc: z.array(z.string()).optional(),
    }),
  ),
});

const manifest = PackageSchema.parse(JSON.parse(text('package.json')));
const lock = LockSchema.parse(JSON.parse(text('package-lock.json')));
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('package-lock.json', () => {
  it('pins every dependency with version and checksum, whatever can be installed on Debian', () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter(([, entry]) => !/^\d+\.\d+\.\d+/.test(entry.version ?? ''))).toEqual([]);
    const foreign = (entry: (typeof locked)[number][1]) =>
      entry.optional === true && (!entry.os?.includes('linux') || entry.libc?.includes('musl') === true);
    const unproved = locked.filter(([, entry]) => !/^sha512-/.test(entry.integrity ?? ''));
    expect(unproved.filter(([, entry]) => !foreign(entry)).map(([path]) => path)).toEqual([]);
    const direct = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(direct.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });

  it('lists every optional package of its packages, or `npm ci` refuses it', () => {
    const raw: unknown = JSON.parse(text('package-lock.json'));
    const wanted = z
      .object({
        packages: z.record(z.string(), z.object({ optionalDependencies: DependenciesSchema.optional() })),
      })
      .parse(raw);
    const names = Object.values(wanted.packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    const present = new Set(
      locked.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
    );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !present.has(name))).toEqual([]);
  });

  it('records no registry host', () => {
    expect(locked.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(text('package-lock.json')).not.toMatch(/https?:\/\/[^"]*registry/);
  });

  it('has a decision for every package with an install script', () => {
    const scripted = locked
      .filter(([, entry]) => entry.hasInstallScript)
      .map(([path]) => path.split('node_modules/').at(-1));
    expect(scripted.length).toBeGreaterThan(2);
    const undecided = scripted.filter(
      (name) => name !== undefined && manifest.allowScripts[name] === undefined,
    );
    // fsevents is for macOS only.
    expect([...new Set(undecided)].filter((name) => name !== 'fsevents')).toEqual([]);
  });
});

describe('package.json', () => {
  it('is what users and the service rely on', () => {
    expect(manifest).toMatchObject({
      name: 'menshen',
      license: 'Apache-2.0',
      engines: { node: '>=20.19' },
      bin: { menshen: 'dist/cli/main.js' },
    });
    expect(manifest.dependencies['onnxruntime-node']).toBe('1.27.0');
    expect(text('LICENSE')).toContain('Apache License');
  });

  it('names scripts whose files exist', () => {
    const files = Object.values(manifest.scripts).flatMap(
      (line) => line.match(/\S+\.(ts|mjs|json)\b/g) ?? [],
    );
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe('systemd/menshen.service', () => {
  const unit = text('systemd/menshen.service');
  const installed = existsSync('/usr/bin/systemd-analyze');

  it('starts and ends the gate by the commands that exist', () => {
    expect(unit).toMatch(/^Type=notify$/m);
    expect(unit).toMatch(/^WatchdogSec=\d+$/m);
    expect(unit).toMatch(/^ExecStart=.* \/opt\/menshen\/dist\/cli\/main\.js run$/m);
    expect(unit).toMatch(/^ExecStopPost=.* \/opt\/menshen\/dist\/cli\/main\.js door release$/m);
    // V8 compiles at run time.
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=(yes|true|1)/m);
  });

  it.skipIf(!installed)('is hardened: exposure 2.0 at most (needs systemd-analyze)', () => {
    const report = execFileSync(
      'systemd-analyze',
      ['security', '--offline=true', join(root, 'systemd/menshen.service')],
      {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_COLORS: '0' },
      },
    );
    const level = /Overall exposure level for menshen\.service: ([\d.]+)/.exec(report)?.[1];
    expect(Number(level)).toBeLessThanOrEqual(2.0);
  });
});
