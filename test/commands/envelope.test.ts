import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  openEnvelope,
  openReply,
  Refusal,
  type Reply,
  readPrivateKey,
  readPublicKey,
  signOrder,
  signReply,
} from '../../src/commands/index.ts';
import { openDeviceKey } from '../../src/common/index.ts';
import { openOrder, PAIRS, privateKey, ROLES, temporaryDir } from './support.ts';

const KEYS = new Map(ROLES.map((role) => [role as string, readPublicKey(PAIRS[role]?.publicKey ?? '')]));
const bytes = (text: string) => Buffer.from(text);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'taken';
}

describe('the envelope', () => {
  const order = openOrder();
  const message = signOrder(order, 'operator', privateKey('operator'));

  it('gives back what was signed, and who signed it', () => {
    expect(openEnvelope(bytes(message), KEYS)).toEqual({ key: 'operator', order });
  });

  it('does not open when any one of its bytes is another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: message.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, mask) => {
          const altered = bytes(message);
          altered[at] = (altered[at] ?? 0) ^ mask;
          let opened: unknown = null;
          try {
            opened = openEnvelope(altered, KEYS);
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
          // Where another spelling means the same JSON (there is none here but white space), the order is the same.
          if (opened !== null) expect(opened).toEqual({ key: 'operator', order });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('opens for no key but the one that signed it', () => {
    const { key: _, ...rest } = JSON.parse(message);
    for (const key of ['administrator', 'auditor', 'nobody', '__proto__']) {
      const code = codeOf(() => openEnvelope(bytes(JSON.stringify({ key, ...rest })), KEYS));
      expect(['COMMAND_UNSIGNED', 'COMMAND_MALFORMED']).toContain(code);
    }
  });

  it('takes no signature that was made for something else', () => {
    const reply: Reply = {
      nonce: order.nonce,
      gate: 'north',
      command: 'door.open',
      at: order.issuedAt,
      state: 'refused',
      error: { code: 'X', message: '' },
    };
    const device = openDeviceKey(temporaryDir());
    const signed = JSON.parse(signReply(reply, device));
    const asOrder = JSON.stringify({
      key: 'device',
      order: JSON.stringify(reply),
      signature: signed.signature,
    });
    const keys = new Map([['device', readPublicKey(device.spki)]]);
    expect(codeOf(() => openEnvelope(bytes(asOrder), keys))).toBe('COMMAND_UNSIGNED');
  });

  it('survives whatever it is given', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json({ maxDepth: 20 }).map(bytes),
      fc
        .record({
          key: fc.constant('operator'),
          order: fc.json(),
          signature: fc.constant(`${'A'.repeat(86)}==`),
        })
        .map((value) => bytes(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(junk, (payload) => {
        expect(['COMMAND_MALFORMED', 'COMMAND_UNSIGNED']).toContain(
          codeOf(() => openEnvelope(payload, KEYS)),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a nonce that is too short', { nonce: 'abc' }],
    ['a time without zone', { issuedAt: '2026-01-02T03:04:05.678' }],
    ['a time that is none', { expiresAt: '2026-13-45T99:99:99.999Z' }],
    ['a member more', { extra: 1 }],
  ])('refuses %s, even signed', (_, more) => {
    const signed = signOrder({ ...order, ...more }, 'operator', privateKey('operator'));
    expect(codeOf(() => openEnvelope(bytes(signed), KEYS))).toBe('COMMAND_MALFORMED');
  });

  it('refuses parameters that are nested without end, even signed', () => {
    const params = JSON.parse(`${'{"a":'.repeat(30)}1${'}'.repeat(30)}`);
    const signed = signOrder({ ...order, params }, 'operator', privateKey('operator'));
    expect(codeOf(() => openEnvelope(bytes(signed), KEYS))).toBe('COMMAND_MALFORMED');
  });
});

describe('keys', () => {
  it('are taken as they were made', () => {
    const pair = generateKeyPair();
    const order = openOrder();
    const message = signOrder(order, 'k', readPrivateKey(pair.privatePem, 'k'));
    expect(openEnvelope(bytes(message), new Map([['k', readPublicKey(pair.publicKey)]])).order).toEqual(
      order,
    );
  });

  it('of another kind are refused, and their content is not told', () => {
    const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = rsa.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(() => readPrivateKey(pem, 'file.pem')).toThrow(/file\.pem is a key of the kind rsa/);
    expect(() => readPrivateKey('no key', 'file.pem')).toThrow(/file\.pem is not a key/);
    expect(() => readPublicKey('AAAA')).toThrow(/not a key/);
  });
});

describe('replies', () => {
  const reply: Reply = {
    nonce: 'n'.repeat(22),
    gate: 'north',
    command: 'door.open',
    at: '2026-01-02T03:04:05.678Z',
    state: 'done',
    event: 'e',
    result: { door: 'front', note: '","signature":"' },
  };

  it('are plain JSON with a signature at the end', () => {
    const device = openDeviceKey(temporaryDir());
    const payload = signReply(reply, device);
    expect(JSON.parse(payload)).toEqual({ ...reply, signature: expect.stringMatching(/==$/) });
    expect(openReply(bytes(payload), device)).toEqual(reply);
  });

  it('are believed only as the gate signed them', () => {
    const device = openDeviceKey(temporaryDir());
    const payload = signReply(reply, device);
    const other = openDeviceKey(temporaryDir());
    expect(() => openReply(bytes(payload), other)).toThrow('not signed by the gate');
    const forged = payload.replace('"done"', '"gone"');
    expect(() => openReply(bytes(forged), device)).toThrow('not signed by the gate');
    expect(() => openReply(bytes(JSON.stringify(reply)), device)).toThrow('no signature');
  });
});
