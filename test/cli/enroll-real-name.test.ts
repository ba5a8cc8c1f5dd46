import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { QuotaLedger } from '../../src/cloud/index.ts';
import { importRegister } from '../../src/cloud-server/index.ts';
import { createLogger } from '../../src/common/index.ts';
import { Gallery } from '../../src/gallery/index.ts';
import { type House, openHouse, portrait, READY } from '../cloud-server/support.ts';

const log = createLogger('test', 'silent');
const NUMBER = '11010519491231002X';
const OTHER_NUMBER = '440524188001010014';
const CLOUD = ['--consent', 'local,cloud', '--consent-version', '2026-01'];

/** Runs a command in this process, as main.ts does; nobody can be asked here. */
async function menshen(args: string[]): Promise<{ code: number; printed: string }> {
  let printed = '';
  const keep = (text: unknown) => {
    printed += `${String(text)}\n`;
    return true;
  };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(keep),
    vi.spyOn(console, 'error').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep),
  ];
  try {
    return { code: await run(args), printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe.skipIf(!READY)(
  'menshen enroll --real-name (skipped: run set-up for the pictures and networks)',
  () => {
    let house: House;
    let folder: string;
    let dataDir: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'menshen-real-name-'));
      house = await openHouse();
      mkdirSync(join(folder, 'faces'));
      writeFileSync(join(folder, 'faces/ann.jpg'), await portrait('annTilted'));
      writeFileSync(
        join(folder, 'people.csv'),
        `姓名,身份证号,照片\r\n龙傲天,${NUMBER},faces/ann.jpg\r\n张三,${OTHER_NUMBER},\r\n`,
      );
      await importRegister(join(folder, 'people.csv'), { store: house.server.store, log });
      for (const who of ['ann', 'bea'] as const)
        writeFileSync(join(folder, `${who}.jpg`), await portrait(who));
      writeFileSync(join(folder, 'number'), ` ${NUMBER.toLowerCase()}\n`);
    }, 60_000);
    afterAll(async () => {
      await house?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    beforeEach(() => {
      dataDir = mkdtempSync(join(folder, 'data-'));
      writeConfig(house.server.port);
    });
    /** The number stands nowhere, whatever became of the enrolment. */
    afterEach(() => {
      for (const name of readdirSync(dataDir)) {
        const bytes = readFileSync(join(dataDir, name));
        for (const number of [NUMBER, OTHER_NUMBER]) expect(bytes.includes(number), name).toBe(false);
      }
    });

    function writeConfig(port: number): void {
      const { appKey, accessKey, secretKey } = house.app;
      const config = {
        gate: { id: 'gate' },
        dataDir,
        cameras: [{ id: 'camera', source: 'rtsp://192.0.2.1/', door: 'front' }],
        doors: [{ id: 'front', relay: { line: { driver: 'simulated', line: 1 } } }],
        access: { faceOnly: 'accepted' },
        simulator: { socket: join(dataDir, 'simulator') },
        cloud: {
          endpoint: `http://127.0.0.1:${port}`,
          appKey: { value: appKey },
          accessKey: { value: accessKey },
          secretKey: { value: secretKey },
        },
      };
      writeFileSync(join(folder, 'menshen.yaml'), JSON.stringify(config), { mode: 0o600 });
    }

    async function enrolled(name: string, photo: string, ...more: string[]) {
      const outcome = await menshen([
        ...['enroll', '--config', join(folder, 'menshen.yaml'), '--real-name'],
        ...['--name', name, '--photo', join(folder, photo), ...more],
      ]);
      expect(outcome.printed.toUpperCase()).not.toContain(NUMBER);
      expect(outcome.printed).not.toContain(OTHER_NUMBER);
      return outcome;
    }

    const withFile = () => ['--id-number-file', join(folder, 'number')];

    function counted(): number {
      const ledger = new QuotaLedger({ dataDir, timezone: 'Asia/Shanghai' });
      try {
        return ledger.usage('realName').today;
      } finally {
        ledger.close();
      }
    }

    function people() {
      const gallery = Gallery.open({ dataDir, log });
      try {
        return gallery.list();
      } finally {
        gallery.close();
      }
    }

    it('enrols whom the register knows by this face, once, and keeps a keyed hash of the number', async () => {
      const { code, printed } = await enrolled('龙 傲天', 'ann.jpg', ...CLOUD, ...withFile(), '--json');
      expect(printed).toContain('"realName": true');
      expect(printed).not.toContain('idNumberHash');
      expect(code).toBe(0);
      const [person] = people();
      expect(person?.name).toBe('龙 傲天');
      expect(person?.idNumberHash).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(counted()).toBe(1);

      const again = await enrolled('李四', 'bea.jpg', ...CLOUD, '--id-number', NUMBER);
      expect(again.printed).toContain('ID_NUMBER_TAKEN');
      expect(again.printed).toContain(person?.id);
      expect(people()).toHaveLength(1);
      expect(counted(), 'nothing is asked, and paid for, in vain').toBe(1);
    });

    it.each([
      ['another face', '龙傲天', 'bea.jpg', NUMBER, 'REAL_NAME_REFUSED', 'Not the same person'],
      ['another name', '龙傲地', 'ann.jpg', NUMBER, 'REAL_NAME_REFUSED', 'do not belong together'],
      ['no portrait', '张三', 'ann.jpg', OTHER_NUMBER, 'REAL_NAME_REFUSED', 'no portrait of this person'],
    ])('enrols nobody whom the register refuses: %s', async (_, name, photo, number, errorCode, why) => {
      const { code, printed } = await enrolled(name, photo, ...CLOUD, '--id-number', number);
      expect(printed).toContain(errorCode);
      expect(printed).toContain(why);
      expect(code).not.toBe(0);
      expect(people()).toEqual([]);
      expect(counted()).toBe(1);
    });

    it.each([
      ['no consent to the cloud', 'local', NUMBER, 'local,cloud'],
      ['a mistyped number', 'local,cloud', '110105194912310021', 'ID_NUMBER_INVALID'],
    ])('asks nothing with %s', async (_, consent, number, why) => {
      const { code, printed } = await enrolled(
        '龙傲天',
        'ann.jpg',
        '--consent',
        consent,
        '--id-number',
        number,
      );
      expect(printed).toContain(why);
      expect(code).not.toBe(0);
      expect(people()).toEqual([]);
      expect(counted()).toBe(0);
    });

    it('enrols nobody when no answer comes', async () => {
      writeConfig(1);
      const { code, printed } = await enrolled('龙傲天', 'ann.jpg', ...CLOUD, ...withFile());
      expect(printed).toContain('REAL_NAME_UNANSWERED');
      expect(code).not.toBe(0);
      expect(people()).toEqual([]);
    });

    it('takes an ID number for nothing else', async () => {
      const photo = join(folder, 'ann.jpg');
      const { printed } = await menshen([
        ...['enroll', '--config', join(folder, 'menshen.yaml'), '--name', 'A', '--photo', photo],
        ...[...CLOUD, '--id-number', NUMBER],
      ]);
      expect(printed).toContain('--real-name');
      expect(printed).not.toContain(NUMBER);
    });
  },
);
