import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOUD_APIS } from '../../src/cloud/index.ts';
import { CloudStore, selfSigned } from '../../src/cloud-server/index.ts';
import { containerOf } from '../../src/cloud-server/inference/clip-file.ts';
import { decodeBase64 } from '../../src/cloud-server/services/base64.ts';
import { SlidingWindow } from '../../src/cloud-server/sliding-window.ts';
import { parseCsv } from '../../src/common/csv.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'menshen-parts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('parseCsv', () => {
  it('reads back whatever was written by the rule', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '龙', ' ') });
    const write = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const row = fc
      .array(field, { minLength: 1, maxLength: 4 })
      .filter((row) => row.length > 1 || row[0] !== '');
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
        const text = rows.map((each) => each.map(write).join(',') + end).join('');
        expect(parseCsv(text)?.map(({ fields }) => fields)).toEqual(rows);
      }),
    );
  });

  it('counts lines through quoted breaks, leaves empty lines out, and knows a quote out of place', () => {
    expect(parseCsv('a,b\n\n"c\nd",e\nf,g')).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 3, fields: ['c\nd', 'e'] },
      { line: 5, fields: ['f', 'g'] },
    ]);
    expect(parseCsv('a"b,c')).toBeNull();
    expect(parseCsv('"a')).toBeNull();
    expect(parseCsv('"a"b')).toBeNull();
  });
});

describe('decodeBase64', () => {
  it('takes every bytes in both alphabets, padded or not, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), (bytes, at) => {
        const buffer = Buffer.from(bytes);
        const text = buffer.toString('base64');
        for (const form of [text, buffer.toString('base64url'), text.replace(/=/g, '')]) {
          expect(decodeBase64(form)).toEqual(buffer);
        }
        const end = text.replace(/=+$/, '').length;
        for (const odd of [' ', '\n', '*', ',', 'ä', '=']) {
          const place = at % end;
          expect(decodeBase64(`${text.slice(0, place)}${odd}${text.slice(place + 1)}`)).not.toEqual(buffer);
        }
        expect(decodeBase64(`data:image/jpeg;base64,${text}`)).toBeNull();
      }),
    );
    for (const none of ['', '=', '==', 'A', 'AAAAA']) expect(decodeBase64(none)).toBeNull();
  });
});

describe('SlidingWindow', () => {
  it('never lets more through in any second than was granted, and wastes none', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), gaps, (qps, waits) => {
        const window = new SlidingWindow(qps);
        const taken: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          const recent = taken.filter((time) => time > now - 1000).length;
          expect(window.take(now)).toBe(recent < qps);
          if (recent < qps) taken.push(now);
        }
      }),
    );
  });

  it('spreads less than one call a second', () => {
    const window = new SlidingWindow(0.5);
    expect([0, 1000, 1999, 2000, 2001].map((now) => window.take(now))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe('containerOf', () => {
  it('knows mp4, mov and avi by content, and takes nothing else for one', () => {
    expect(containerOf(Buffer.from('\0\0\0\x18ftypmp42'))).toBe('mov');
    expect(containerOf(Buffer.from('\0\0\0\x08wide\0\0\0\0mdat'))).toBe('mov');
    expect(containerOf(Buffer.from('RIFF\0\0\0\0AVI LIST'))).toBe('avi');
    for (const other of ['', 'RIFF\0\0\0\0WEBP', '#EXTM3U\n', 'ffconcat version 1.0\n', '\x1aE\xdf\xa3']) {
      expect(containerOf(Buffer.from(other, 'latin1'))).toBeNull();
    }
  });
});

describe('CloudStore', () => {
  const add = (store: CloudStore) =>
    store.apps.add({ name: 'a', apis: CLOUD_APIS, calls: 3, validDays: 2 }, new Date());

  it('keeps secrets sealed and personal data hashed, and says what is wrong with another key', () => {
    const store = CloudStore.open(folder);
    const app = add(store);
    const person = { name: '龙傲天', idNumber: '11010519491231002X' };
    const vector = Float32Array.from({ length: 512 }, (_, i) => (i === 0 ? 1 : 0));
    store.register.put([{ ...person, face: { model: 'm 1', vector } }], new Date());
    expect(store.register.find(person.name, person.idNumber, 'm 1')).toEqual({ known: true, face: vector });
    expect(store.register.find(person.name, person.idNumber, 'm 2')).toEqual({ known: true, face: null });
    expect(store.register.find('别人', person.idNumber, 'm 1')).toEqual({ known: false });
    expect(store.apps.live()[0]).toMatchObject({ secretKey: app.secretKey, revoked: false });
    store.close();
    const bytes = readFileSync(join(folder, 'cloud-server.sqlite'));
    for (const secret of [app.secretKey, person.name, person.idNumber]) {
      expect(bytes.includes(Buffer.from(secret))).toBe(false);
    }
    expect(bytes.includes(Buffer.from(vector.buffer))).toBe(false);
    expect(bytes.includes(Buffer.from(app.accessKey))).toBe(true);
    writeFileSync(join(folder, 'key'), `${'ab'.repeat(32)}\n`);
    const locked = CloudStore.open(folder);
    expect(() => locked.apps.live()).toThrow(/does not open its database/);
    expect(locked.register.find(person.name, person.idNumber, 'm 1')).toEqual({ known: false });
    locked.close();
  });

  it('refuses a key that others can read or that is none, and files that are no database of its own', () => {
    CloudStore.open(folder).close();
    chmodSync(join(folder, 'key'), 0o644);
    expect(() => CloudStore.open(folder)).toThrow(/chmod 600/);
    chmodSync(join(folder, 'key'), 0o600);
    writeFileSync(join(folder, 'key'), 'x');
    expect(() => CloudStore.open(folder)).toThrow(/not a key/);
    writeFileSync(join(folder, 'key'), 'ab'.repeat(32));
    const file = join(folder, 'cloud-server.sqlite');
    writeFileSync(file, 'this is no database, but long enough to be looked at as if it were one'.repeat(20));
    expect(() => CloudStore.open(folder)).toThrow(
      expect.objectContaining({ code: 'CLOUD_SERVER_STORE_UNUSABLE' }),
    );
    rmSync(file);
    const other = new Database(file);
    other.exec('CREATE TABLE t (a)');
    other.close();
    expect(() => CloudStore.open(folder)).toThrow(/another program/);
  });

  it('takes calls from packages in the order of purchase, and gives back what was not begun', () => {
    const store = CloudStore.open(folder);
    const { appKey } = add(store);
    const now = new Date();
    store.apps.extend(appKey, { apis: ['detect'], calls: 2, validDays: 1 }, now);
    const used = () =>
      store.apps
        .list()[0]
        .packages.filter(({ api }) => api === 'detect')
        .map((each) => each.used);
    const charges = Array.from({ length: 4 }, () => store.packages.charge(appKey, 'detect', now));
    expect(used()).toEqual([3, 1]);
    const [first] = charges;
    if (first.charged) store.packages.refund(first.packageId);
    expect(used()).toEqual([2, 1]);
    const later = new Date(now.getTime() + 36 * 3_600_000);
    expect(store.packages.charge(appKey, 'detect', later)).toMatchObject({ charged: true });
    expect(store.packages.charge(appKey, 'detect', later)).toEqual({ charged: false, code: '51003' });
    const gone = new Date(now.getTime() + 72 * 3_600_000);
    expect(store.packages.charge(appKey, 'detect', gone)).toEqual({ charged: false, code: '51001' });
    expect(store.packages.charge('nobody', 'detect', now)).toEqual({ charged: false, code: '51002' });
    store.close();
  });
});

describe('selfSigned', () => {
  it('makes a certificate once, for the names it was given, with a key that nobody else can read', async () => {
    const files = await selfSigned(folder, ['gate.example', '10.1.2.3']);
    const { X509Certificate } = await import('node:crypto');
    const certificate = new X509Certificate(readFileSync(files.cert));
    expect(certificate.checkHost('gate.example')).toBe('gate.example');
    expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3');
    expect(certificate.checkHost('localhost')).toBe('localhost');
    const before = readFileSync(files.cert, 'utf8');
    expect(readFileSync((await selfSigned(folder, [])).cert, 'utf8')).toBe(before);
  });
});
