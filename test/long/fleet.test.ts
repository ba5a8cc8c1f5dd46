import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { generateKeyPair } from '../../src/commands/index.ts';
import { monotonicMs } from '../../src/common/index.ts';
import { House } from '../e2e/house.ts';

const MENSHEN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

let house: House | null = null;

afterAll(async () => {
  await house?.tearDown();
});

/** The command line as an operator uses it; gives what it printed. */
async function menshen(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MENSHEN, ...args]);
  return stdout.trim();
}

it('a person published from the workstation opens the door; taken away while the gate is off, they do not when it returns', async () => {
  const { privatePem, publicKey } = generateKeyPair();
  house = await House.build(`site: { id: hq, publicKeys: [${publicKey}], holdS: 120 }\n`);
  const { folder, configFile, broker } = house;
  const key = join(folder, 'admin.pem');
  writeFileSync(key, privatePem, { mode: 0o600 });
  const office = ['--data-dir', join(folder, 'office')];
  const signing = [...office, '--key', key, '--broker', broker.url];
  await menshen('people', 'remove', 'Alice', '--yes', '--config', configFile);
  const photo = join(folder, 'Alice.png');
  await menshen('enroll', ...office, '--name', 'Alice', '--photo', photo, '--consent', 'local');
  expect(await menshen('site', 'init', 'hq', ...office, '--key', key)).toContain(publicKey);

  await house.startDaemon();
  const gateKey = await menshen('command', 'gate-key', '--config', configFile);
  await house.until(() => house?.retained.has('menshen/house/site'), 20_000, 'report of the gate');
  await menshen('site', 'add-gate', 'house', '--gate-key', gateKey, ...signing);
  expect(await menshen('site', 'publish', ...signing)).toMatch(/published version 1: 1 people/);
  expect((await house.event('site.complete')).data).toMatchObject({ version: 1, count: 1, faults: 0 });
  const granted = await house.event('access.granted');
  expect(granted.data).toMatchObject({ reason: 'GRANTED_FACE', person: { name: 'Alice' } });
  expect(await menshen('site', 'status', ...signing)).toContain('house: has all, version 1, 1 people');
  expect(await menshen('site', 'publish', ...signing)).toContain('nothing to publish');

  await house.daemon?.stop();
  const [before, since] = [house.events.length, monotonicMs()];
  await menshen('people', 'remove', 'Alice', '--yes', ...office);
  expect(await menshen('site', 'publish', ...signing)).toMatch(/published version 2: 0 people/);
  await house.startDaemon();
  const { seq: started } = await house.event('system.started', before);
  // What the gate said last before it stopped may come only now.
  const told = () => house?.events.filter(({ seq }) => seq > started) ?? [];
  const unknown = () =>
    told().find(({ type, data }) => type === 'access.denied' && data.reason === 'UNKNOWN_PERSON');
  await house.until(unknown, 40_000, 'denial as somebody unknown');
  expect(told().filter(({ type }) => type === 'access.granted')).toEqual([]);
  expect(house.edges.filter(({ at, line, level }) => at > since && line === 17 && level === 1)).toEqual([]);
  const changed = told().find(({ type }) => type === 'site.changed');
  expect(changed?.data).toMatchObject({ version: 2, removed: [expect.any(String)] });
  expect(house.strays).toEqual([]);
});
