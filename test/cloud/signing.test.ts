import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalQuery,
  checkEopDate,
  clockSkewMs,
  eopDate,
  HEADERS_SPELLINGS,
  parseAuthorization,
  type SignedRequest,
  type SignRequestOptions,
  signRequest,
  verifySignature,
} from '../../src/cloud/index.ts';
import { signatureVectors } from './vectors.ts';

const SECRET = 'SKEXAMPLE0001';
const BASE: SignRequestOptions = {
  accessKey: 'AKEXAMPLE0001',
  secretKey: SECRET,
  body: Buffer.from('{"ImageData":"_9j_"}'),
  now: new Date('2026-03-01T00:00:00Z'),
};

/** What a server sees: lower-case names. */
function received(signed: SignedRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function verify(
  headers: Record<string, string>,
  query: string,
  body: Uint8Array,
  secretKey = SECRET,
): ReturnType<typeof verifySignature> | 'malformed' {
  const authorization = parseAuthorization(headers['eop-authorization'] ?? '');
  if (authorization === null) return 'malformed';
  return verifySignature({ authorization, headers, query, body, secretKey });
}

describe('signing by 6.2.3', () => {
  it.each(signatureVectors())('gives the known signature of $eopDate', (vector) => {
    const digits = vector.eopDate.match(/\d\d/g) ?? [];
    const [century, year, month, day, hour, minute, second] = digits;
    const signed = signRequest({
      accessKey: vector.accessKey,
      secretKey: vector.secretKey,
      query: Object.entries(vector.query),
      body: Buffer.from(vector.body),
      headers: vector.extraSignedHeaders,
      now: new Date(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`),
      requestId: vector.requestId,
    });
    expect(signed.eopDate).toBe(vector.eopDate);
    expect(signed.headers['Eop-Authorization']).toBe(vector.authorization);
    const headers = received(signed);
    expect(verify(headers, signed.query, Buffer.from(vector.body), vector.secretKey)).toEqual({ ok: true });
  });

  it('holds whatever the order of headers and query, and is read in both spellings', () => {
    const name = fc.stringMatching(/^x-[a-z0-9-]{1,12}$/);
    const value = fc.stringMatching(/^[!-~]{0,10}$/);
    const headers = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 });
    const query = fc.uniqueArray(
      fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
      {
        selector: ([key]) => key,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(
        headers,
        query,
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...HEADERS_SPELLINGS),
        (extra, pairs, body, headersSpelling) => {
          const common = { ...BASE, body, headersSpelling, requestId: 'one' };
          const one = signRequest({ ...common, headers: Object.fromEntries(extra), query: pairs });
          const reversed = Object.fromEntries(
            extra.toReversed().map(([key, text]) => [key.toUpperCase(), text]),
          );
          const two = signRequest({ ...common, headers: reversed, query: pairs.toReversed() });
          const three = signRequest({
            ...common,
            headers: reversed,
            query: new URLSearchParams(pairs).toString(),
          });
          expect(two).toEqual(one);
          expect(three).toEqual(one);
          expect(verify(received(one), one.query, body)).toEqual({ ok: true });
          expect(verify(received(one), new URLSearchParams(pairs.toReversed()).toString(), body)).toEqual({
            ok: true,
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('detects any altered byte of headers, query or body, and another key', () => {
    const body = Buffer.from('{"ImageData":"_9j_"}');
    const signed = signRequest({ ...BASE, body, query: 'page=1&size=20', headers: { host: '1.1.1.1:9080' } });
    const headers = received(signed);
    const tampered = fc.tuple(
      fc.constantFrom(...Object.keys(headers), 'query', 'body'),
      fc.nat(),
      fc.integer({ min: 1, max: 127 }),
    );
    fc.assert(
      fc.property(tampered, ([where, at, mask]) => {
        const before = { ...headers, query: signed.query, body: body.toString('latin1') };
        const after: Record<string, string> = {
          ...before,
          [where]: alteredAt(String(Reflect.get(before, where)), at, mask),
        };
        const { query = '', body: sent = '', ...rest } = after;
        const same = canonicalOrSelf(query) === signed.query && where === 'query';
        const spelling =
          where === 'eop-authorization' && sameAuthorization(after[where] ?? '', headers[where] ?? '');
        fc.pre(!same && !spelling);
        expect(verify(rest, query, Buffer.from(sent, 'latin1'))).not.toEqual({ ok: true });
      }),
      { numRuns: 1000 },
    );
    expect(verify(headers, signed.query, body, 'SKOTHER')).toEqual({ ok: false, reason: 'mismatch' });
  });

  it('says what is missing', () => {
    const headers = received(signRequest({ ...BASE, headers: { host: 'a' } }));
    const { host: _, ...without } = headers;
    expect(verify(without, '', BASE.body)).toEqual({ ok: false, reason: 'absent' });
    // The manual's own example signs eop-date and host only, against its rule.
    const example = {
      ...headers,
      'eop-authorization': `AK headers=eop-date;host Signature=${'A'.repeat(43)}=`,
    };
    expect(verify(example, '', BASE.body)).toEqual({ ok: false, reason: 'incomplete' });
    expect(verify({ ...headers, 'eop-authorization': 'AK Headers=eop-date' }, '', BASE.body)).toBe(
      'malformed',
    );
  });

  it('takes a query as the client encoded it', () => {
    // Another client, which leaves / and : as they are and signs what it sends.
    const query = 'b=2&a=1/2:3';
    const signed = signRequest(BASE);
    const date = signed.eopDate;
    const hash = createHash('sha256').update(BASE.body).digest('hex');
    const text = `ctyun-eop-request-id:${signed.requestId}\neop-date:${date}\n\na=1/2:3&b=2\n${hash}`;
    const chain = [date, BASE.accessKey, date.slice(0, 8), text];
    const key = chain.reduce(
      (key, data) => createHmac('sha256', key).update(data).digest(),
      Buffer.from(SECRET),
    );
    const authorization = `${BASE.accessKey} headers=ctyun-eop-request-id;eop-date Signature =${key.toString('base64')}`;
    expect(verify({ ...received(signed), 'eop-authorization': authorization }, query, BASE.body)).toEqual({
      ok: true,
    });
  });

  it('signs nothing that could not be sent as it stands', () => {
    const wrong: Record<string, string>[] = [
      { a: 'x\ny' },
      { a: ' x' },
      { a: 'é' },
      { 'a b': 'x' },
      { 'Eop-Date': 'x' },
      { A: '1', a: '1' },
    ];
    for (const headers of wrong) {
      expect(() => signRequest({ ...BASE, headers })).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
    expect(() => signRequest({ ...BASE, requestId: 'a\r\nb' })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
    for (const accessKey of ['', 'A K', 'A\n']) {
      expect(() => signRequest({ ...BASE, accessKey })).toThrow(
        expect.objectContaining({ code: 'CLOUD_CREDENTIALS_INVALID' }),
      );
    }
  });

  it('reads Eop-Authorization however broken it comes', () => {
    const header = signRequest(BASE).headers['Eop-Authorization'] ?? '';
    fc.assert(
      fc.property(fc.nat(header.length), fc.nat(header.length), fc.string(), (from, to, between) => {
        const parsed = parseAuthorization(header.slice(0, from) + between + header.slice(to));
        expect(parsed === null || parsed.signature.length === 44).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(parseAuthorization(`A Headers=a;a Signature=${'A'.repeat(43)}=`)).toBeNull();
    expect(parseAuthorization(`A Headers=a;;b Signature=${'A'.repeat(43)}=`)).toBeNull();
    const long = `A Headers=${'a;'.repeat(8000)}`;
    const from = performance.now();
    expect(parseAuthorization(long)).toBeNull();
    expect(parseAuthorization(' '.repeat(16_000))).toBeNull();
    expect(performance.now() - from).toBeLessThan(1000);
  });
});

describe('the query', () => {
  it.each([
    ['b=x+y&a=2021-04-04T06:01:46Z', 'a=2021-04-04T06%3A01%3A46Z&b=x%20y'],
    ['?b=x%20y&a=2021-04-04t06%3a01', 'a=2021-04-04t06%3A01&b=x%20y'],
    ['a-b=1&a=2&a=1', 'a=2&a=1&a-b=1'],
    ['name&=value&&', '=value&name='],
    ["q=(it's)*!", 'q=%28it%27s%29%2A%21'],
    ['q=%E5%A4%A9&Q=~-._', 'Q=~-._&q=%E5%A4%A9'],
  ])('%s is signed as %s', (query, canonical) => {
    expect(canonicalQuery(query)).toBe(canonical);
    expect(canonicalQuery(canonical)).toBe(canonical);
  });

  it('is refused with escapes that are no UTF-8, which two readers would take for different things', () => {
    expect(() => canonicalQuery('a=%ff')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('eop-date', () => {
  const now = new Date('2024-01-16T08:00:00Z');
  const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

  it('is the wall clock of the zone', () => {
    expect(eopDate(now)).toBe('20240116T160000Z');
    expect(eopDate(now, 'UTC')).toBe('20240116T080000Z');
    expect(eopDate(new Date('2024-01-16T16:00:00Z'))).toBe('20240117T000000Z');
    expect(() => eopDate(now, 'Asia/Nowhere')).toThrow(RangeError);
  });

  it('is fresh for 15 minutes either way, as Beijing time and as UTC', () => {
    expect(checkEopDate({ eopDate: '20240116T160000Z', now: minutes(15) })).toEqual({
      ok: true,
      zone: 'Asia/Shanghai',
      skewMs: -900_000,
      // Eight hours later the same characters are fresh again, read as UTC.
      freshUntil: new Date('2024-01-16T16:15:00Z'),
    });
    expect(checkEopDate({ eopDate: '20240116T080000Z', now: minutes(-15) })).toMatchObject({
      ok: true,
      zone: 'UTC',
    });
    const late = checkEopDate({ eopDate: '20240116T160000Z', now: minutes(15.1) });
    expect(late).toEqual({ ok: false, reason: 'stale', skewMs: -906_000 });
    const strict = { eopDate: '20240116T080000Z', now, zones: ['Asia/Shanghai'] };
    expect(checkEopDate(strict)).toEqual({ ok: false, reason: 'stale', skewMs: -8 * 3_600_000 });
  });

  it('can never be fresh after freshUntil', () => {
    const date = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const zone = fc.constantFrom(
      'Asia/Shanghai',
      'UTC',
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
    );
    fc.assert(
      fc.property(
        date,
        zone,
        fc.integer({ min: -900, max: 900 }),
        fc.nat(200_000),
        (moment, own, skew, later) => {
          const zones = [own, 'UTC'];
          const at = new Date(Math.floor(moment.getTime() / 1000) * 1000 + skew * 1000);
          const check = checkEopDate({ eopDate: eopDate(moment, own), now: at, zones });
          if (!check.ok) throw new Error(check.reason);
          expect(Math.abs(check.skewMs)).toBeLessThanOrEqual(900_000);
          const after = new Date(check.freshUntil.getTime() + 1 + later * 1000);
          expect(checkEopDate({ eopDate: eopDate(moment, own), now: after, zones }).ok).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    '',
    '20240116T160000',
    '2024-01-16T16:00:00Z',
    '20240230T000000Z',
    '20240116T250000Z',
    '20240116T160060Z',
    '９0240116T160000Z',
  ])('is malformed: %s', (text) => {
    expect(checkEopDate({ eopDate: text, now })).toEqual({ ok: false, reason: 'malformed' });
  });

  it('is compared with the Date header of an answer', () => {
    expect(clockSkewMs('Tue, 16 Jan 2024 07:40:00 GMT', now)).toBe(1_200_000);
    expect(clockSkewMs('yesterday', now)).toBeUndefined();
    expect(clockSkewMs(null, now)).toBeUndefined();
  });
});

function alteredAt(text: string, at: number, mask: number): string {
  const index = at % text.length;
  const altered = String.fromCharCode((text.charCodeAt(index) ^ mask) & 0x7f);
  return text.slice(0, index) + altered + text.slice(index + 1);
}

function canonicalOrSelf(query: string): string {
  try {
    return canonicalQuery(query);
  } catch {
    return query;
  }
}

/** Spellings that mean the same: letter case of the parts' and headers' names, and white space. */
function sameAuthorization(a: string, b: string): boolean {
  const [one, two] = [parseAuthorization(a), parseAuthorization(b)];
  return JSON.stringify(one) === JSON.stringify(two);
}
