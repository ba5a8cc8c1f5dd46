import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOUD_APIS,
  type CloudApi,
  FailureBodySchema,
  LOCAL_ERRORS,
  SERVICE_ERRORS,
} from '../../src/cloud/index.ts';
import { redactSaid } from '../../src/cloud/redact.ts';
import { readAnswer } from '../../src/cloud/response.ts';
import { parseJson } from '../../src/common/index.ts';
import { SUCCESS } from './strict-server.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

/** The same answer in the other spellings of the manual. */
function spelled(api: CloudApi, other: (value: string) => unknown): unknown {
  return JSON.parse(JSON.stringify(SUCCESS[api]), (_, value: unknown) =>
    value === 'True' || value === 'False' ? other(value) : value,
  );
}

describe('readAnswer', () => {
  it.each(CLOUD_APIS)('%s: reads the example of the manual, with 0, "0" and " 0 " alike', (api) => {
    const plain = readAnswer(api, 200, SUCCESS[api]);
    expect(plain.ok).toBe(true);
    for (const statusCode of [0, '0', ' 0 ']) {
      expect(readAnswer(api, 200, { ...SUCCESS[api], statusCode })).toEqual(plain);
    }
    expect(readAnswer(api, 200, { ...SUCCESS[api], code: 0, error: null, message: null })).toEqual(plain);
    for (const statusCode of ['', 'ok', 1, '00x', -0.5, null, true, [0]]) {
      expect(readAnswer(api, 200, { ...SUCCESS[api], statusCode }).ok).toBe(false);
    }
  });

  it('actionLiveness: reads "True", "true" and true alike, and nothing else', () => {
    const plain = readAnswer('actionLiveness', 200, SUCCESS.actionLiveness);
    expect(
      readAnswer(
        'actionLiveness',
        200,
        spelled('actionLiveness', (word) => word === 'True'),
      ),
    ).toEqual(plain);
    expect(
      readAnswer(
        'actionLiveness',
        200,
        spelled('actionLiveness', (word) => word.toLowerCase()),
      ),
    ).toEqual(plain);
    for (const odd of ['yes', '1', 1, null, 'Truefalse', '']) {
      expect(
        readAnswer(
          'actionLiveness',
          200,
          spelled('actionLiveness', () => odd),
        ).ok,
      ).toBe(false);
    }
  });

  it('takes the code from error, statusCode or code, whichever this service knows first', () => {
    const code = (api: CloudApi, body: object) => {
      const reading = readAnswer(api, 200, body);
      return reading.ok ? 'ok' : reading.code;
    };
    // The failure examples of the manual, as they stand.
    expect(
      code('detect', {
        code: 400006,
        details: 'd',
        error: 'AI_OP_400006 ',
        message: 'm',
        statusCode: 400006,
      }),
    ).toBe('AI_OP_400006');
    expect(
      code('actionLiveness', { statusCode: 500001, message: 'm', details: 'd', error: 'AI_OP_4101' }),
    ).toBe('AI_OP_500001');
    expect(code('realName', { statusCode: 1, retMessage: '接口调用失败', error: 'AI_OP_4101' })).toBe(
      'AI_OP_4101',
    );
    expect(code('attributes', { code: 4101 })).toBe('AI_OP_4101');
    expect(code('realName', { code: '2' })).toBe('AI_OP_2');
    expect(code('compare', { statusCode: '10020' })).toBe('10020');
    expect(code('compare', { code: 'CTAPI_10000' })).toBe('CTAPI_10000');
  });

  it('never throws, and never takes rubbish for a success', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CLOUD_APIS),
        fc.constantFrom(200, 200, 200, 301, 404, 429, 500),
        fc.jsonValue(),
        (api, status, body) => {
          const reading = readAnswer(api, status, body);
          expect(reading.ok).toBe(false);
        },
      ),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...CLOUD_APIS), fc.uint8Array({ maxLength: 300 }), (api, body) => {
        expect(readAnswer(api, 200, parseJson(body)).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('mutated true answers: a success still has the true shape, all else has a code of the catalogue', () => {
    /** Where each leaf and branch of a body stands. */
    const places = (value: unknown, path: readonly string[] = []): (readonly string[])[] =>
      typeof value === 'object' && value !== null
        ? [path, ...Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]))]
        : [path];
    const change = (value: unknown, path: readonly string[], to: unknown): unknown => {
      const [head, ...rest] = path;
      if (head === undefined) return to;
      const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
        ? [...value]
        : { ...(value as object) };
      Reflect.set(copy, head, change(Reflect.get(copy, head), rest, to));
      return copy;
    };
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(undefined, -1, 0, 1, 1e308, '0', 'True', '', '00XX', '__proto__', [], {}, 'AI_OP_4101'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...CLOUD_APIS),
        fc.nat(),
        odd,
        fc.nat(),
        odd,
        (api, first, one, second, other) => {
          const all = places(SUCCESS[api]);
          const once = change(SUCCESS[api], all[first % all.length] ?? [], one);
          const again = places(once);
          const body = parseJson(bytes(change(once, again[second % again.length] ?? [], other) ?? null));
          const reading = readAnswer(api, 200, body);
          if (!reading.ok) {
            const known =
              Object.hasOwn(LOCAL_ERRORS, reading.code) ||
              /^\d{5}$/.test(reading.code) ||
              /^(AI_OP|CTAPI)_/.test(reading.code);
            expect(known).toBe(true);
            return;
          }
          const status = FailureBodySchema.parse(body);
          expect(status.statusCode ?? 0).toBe(0);
          if (api === 'compare')
            expect(reading.value).toMatchObject({
              score: expect.toSatisfy((score: number) => score >= 0 && score <= 1),
            });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('knows every code of a service in each of its spellings', () => {
    for (const api of CLOUD_APIS) {
      for (const code of Object.keys(SERVICE_ERRORS[api])) {
        const digits = code.replace(/^(AI_OP|CTAPI)_/, '');
        const bodies = [{ error: code }, { code }, { error: ` ${code}\n` }];
        if (code.startsWith('AI_OP')) bodies.push({ code: digits });
        for (const body of bodies) expect(readAnswer(api, 200, body)).toMatchObject({ ok: false, code });
      }
    }
  });
});

describe('redactSaid', () => {
  it('lets no secret through, wherever it stands and whatever is around it', () => {
    const secret = fc
      .string({ minLength: 4, maxLength: 20 })
      .filter((text) => text.trim().length >= 4 && !'***'.includes(text.trim()) && !text.includes('*'));
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 300 }),
        fc.string({ maxLength: 700 }),
        (hidden, before, after) => {
          fc.pre(!before.includes(hidden) && !after.includes(hidden));
          const shown = redactSaid(`${before}|${hidden}|${after}`, [hidden]);
          expect(shown.length).toBeLessThanOrEqual(200);
          expect(shown).not.toContain(hidden);
        },
      ),
    );
  });

  it('leaves out digits and base64 that could be a person, and keeps words', () => {
    expect(redactSaid('不是有效的身份号码: 11010519491231002X\n重试', [])).toBe(
      '不是有效的身份号码: *** 重试',
    );
    expect(redactSaid(`图片 ${'A'.repeat(500)} 过长`, [])).toBe('图片 *** 过长');
  });
});
