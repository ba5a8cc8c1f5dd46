import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  APIS,
  CLOUD_APIS,
  catalogueEntry,
  ENVELOPE_ERRORS,
  FAULTS,
  GLOBAL_ERRORS,
  IDENTITY_BYTES,
  knownCode,
  LOCAL_ERRORS,
  PORTRAIT_BYTES,
  resultByte,
  SERVICE_ERRORS,
} from '../../src/cloud/index.ts';

const MANUAL = new URL('../../../shared/seeds/ctyun-face-recognition-manual.zh.txt', import.meta.url);

/** The manual without white space, and without the page breaks that cut its tables. */
const squeeze = (text: string) => text.replace(/\s+/g, '');

describe.skipIf(!existsSync(MANUAL))(
  "the catalogue against the manual's text (skipped where it is absent)",
  () => {
    const manual = existsSync(MANUAL) ? readFileSync(MANUAL, 'utf8') : '';
    const reference = manual.slice(
      manual.lastIndexOf('6.1 调用前必知'),
      manual.indexOf('7 常见问题', 40_000),
    );
    const section = (from: string, to: string) => {
      const start = reference.indexOf(from);
      const end = reference.indexOf(to, start);
      return reference.slice(start, end < 0 ? undefined : end);
    };
    /** Codes that begin a line: the rows of the error tables, not the examples. */
    const codes = (text: string) =>
      [...new Set([...text.matchAll(/^((?:AI_OP|CTAPI)_\d+)\t/gm)].map((match) => match[1]))].sort();

    it.each(CLOUD_APIS)('%s: every code of its table, and no other', (api) => {
      const own = section(`6.3.${CLOUD_APIS.indexOf(api) + 1}`, `6.3.${CLOUD_APIS.indexOf(api) + 2}`);
      expect(own).toContain(APIS[api].title);
      expect(own).toContain(APIS[api].path);
      const listed = codes(own);
      expect(listed.length).toBeGreaterThan(4);
      expect(Object.keys(SERVICE_ERRORS[api]).sort()).toEqual(listed);
    });

    it('the gateway and the encrypted interface: every code, and no other', () => {
      const gateway = section('2、 全局请求返回错误码', '6.2 如何调用API');
      expect(Object.keys(GLOBAL_ERRORS).sort()).toEqual(
        [...gateway.matchAll(/^(\d{5})\t/gm)].map((match) => match[1]).sort(),
      );
      expect(Object.keys(ENVELOPE_ERRORS).sort()).toEqual(codes(section('6.2.4接口加密', '6.2.5')));
    });

    it("repeats the manual's words for every row", () => {
      const tables: [
        string,
        Readonly<Record<string, { rows: readonly { message: string; details: string }[] }>>,
      ][] = [
        [section('6.1.3', '6.2 '), GLOBAL_ERRORS],
        [section('6.2.4', '6.2.5'), ENVELOPE_ERRORS],
        ...CLOUD_APIS.map(
          (api, index) => [section(`6.3.${index + 1}`, `6.3.${index + 2}`), SERVICE_ERRORS[api]] as never,
        ),
      ];
      let rows = 0;
      const missing: string[] = [];
      for (const [text, table] of tables) {
        const words = squeeze(text);
        for (const [code, entry] of Object.entries(table)) {
          for (const { message, details } of entry.rows) {
            rows += 1;
            if (!words.includes(squeeze(message)) || !words.includes(squeeze(details)))
              missing.push(`${code} ${message}: ${details}`);
          }
        }
      }
      expect(rows).toBeGreaterThan(75);
      expect(missing).toEqual([]);
    });

    it('both bytes of resStr: every value, and no other', () => {
      const own = section('6.3.5', '6.3.6');
      const first = own.slice(own.indexOf('第一字节说明'), own.indexOf('第二字节说明'));
      const second = own.slice(own.indexOf('第二字节说明'), own.indexOf('返回值示例'));
      const bytes = (text: string) =>
        [...text.matchAll(/^([0-9A-Z])\t(\S+)/gm)].map((match) => match[1]).sort();
      expect(Object.keys(IDENTITY_BYTES).sort()).toEqual(bytes(first));
      expect(Object.keys(PORTRAIT_BYTES).sort()).toEqual(bytes(second));
      for (const { said } of Object.values({ ...IDENTITY_BYTES }))
        expect(squeeze(first)).toContain(squeeze(said));
      for (const { said } of Object.values({ ...PORTRAIT_BYTES })) {
        // The page break in this table cuts two of the texts: "照片质量不" / "佳".
        expect(squeeze(second).replace('返回代码代码说明可能出现原因下一步建议', '')).toContain(
          said.slice(0, 5),
        );
      }
    });
  },
);

describe('the catalogue', () => {
  const everything = [
    GLOBAL_ERRORS,
    ENVELOPE_ERRORS,
    LOCAL_ERRORS,
    IDENTITY_BYTES,
    PORTRAIT_BYTES,
    ...Object.values(SERVICE_ERRORS),
  ].flatMap((table) => Object.values(table));

  it('says of each code what it means and whose fault it is', () => {
    for (const entry of everything) {
      expect(entry.meaning).toMatch(/^[A-Z].*\.$/);
      expect(FAULTS).toContain(entry.fault);
    }
  });

  it('never advises to repeat a call that was throttled, or that cannot change', () => {
    for (const { fault, retry } of everything) {
      if (!['service', 'network'].includes(fault)) expect(retry).toBe(false);
    }
  });

  it('tells codes apart by service: AI_OP_400013 is a size for a picture and a rate for a clip', () => {
    expect(catalogueEntry('detect', 'AI_OP_400013').meaning).toContain('bytes');
    expect(catalogueEntry('actionLiveness', 'AI_OP_400013').meaning).toContain('frames');
    expect(knownCode('attributes', ['AI_OP_400013'])).toBeNull();
    expect(knownCode('attributes', ['AI_OP_400013', '4101', 'AI_OP_4101', '10020'])).toBe('AI_OP_4101');
    expect(knownCode('detect', ['toString', '__proto__', 'constructor'])).toBeNull();
  });

  it('lets pass with byte 0 only, and takes a byte it does not know for a failure', () => {
    const passing = [...Object.values(IDENTITY_BYTES), ...Object.values(PORTRAIT_BYTES)].filter(
      (byte) => byte.passed,
    );
    expect(passing).toHaveLength(2);
    expect(resultByte('identity', '0').passed).toBe(true);
    for (const byte of ['9', 'Z', '', 'constructor', 'o', 'O'])
      expect(resultByte('portrait', byte).passed).toBe(false);
  });
});

describe('docs/reference/cloud-errors.md', () => {
  const page = readFileSync(new URL('../../docs/reference/cloud-errors.md', import.meta.url), 'utf8');
  const sections = page.split(/^## /m).slice(1);
  const documented = (title: string) =>
    Object.fromEntries(
      (sections.find((part) => part.startsWith(title)) ?? '')
        .split('\n')
        .map((line) => line.split(' | '))
        .filter(([first]) => first?.startsWith('| `'))
        .map(([first = '', meaning, fault, retry]) => [
          first.replace(/[|` ]/g, ''),
          { meaning, fault, retry: retry?.replace(/ \|$/, '') === 'yes' },
        ]),
    );
  const inWords = (table: Readonly<Record<string, { meaning: string; fault: string; retry: boolean }>>) =>
    Object.fromEntries(
      Object.entries(table).map(([code, { meaning, fault, retry }]) => [code, { meaning, fault, retry }]),
    );

  it('documents every code with meaning, fault and retry, and no other', () => {
    expect(documented('Gateway')).toEqual(inWords(GLOBAL_ERRORS));
    expect(documented('Encrypted')).toEqual(inWords(ENVELOPE_ERRORS));
    expect(documented('Of Menshen')).toEqual(inWords(LOCAL_ERRORS));
    for (const api of CLOUD_APIS) expect(documented(`${api}:`)).toEqual(inWords(SERVICE_ERRORS[api]));
    expect(sections).toHaveLength(CLOUD_APIS.length + 4);
  });

  it('documents both bytes of resStr', () => {
    const text = sections.find((part) => part.startsWith('resStr')) ?? '';
    for (const entry of [...Object.entries(IDENTITY_BYTES), ...Object.entries(PORTRAIT_BYTES)]) {
      expect(text).toContain(`| \`${entry[0]}\` | ${entry[1].meaning} |`);
    }
  });
});
