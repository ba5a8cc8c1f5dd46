import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type EventType, JournalEventSchema } from '../../src/journal/index.ts';
import { Backoff } from '../../src/mqtt/backoff.ts';
import { failureOf } from '../../src/mqtt/failures.ts';
import { topicsOf } from '../../src/mqtt/index.ts';
import { encodeMessage } from '../../src/mqtt/message.ts';

describe('waiting times', () => {
  it('double up to the limit, are spread by chance, and begin again after a reset', () => {
    const backoff = new Backoff({ minMs: 500, maxMs: 30_000 }, () => 0);
    const waits = Array.from({ length: 9 }, () => backoff.next());
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });

  it('never leave their bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (times, chance) => {
          const backoff = new Backoff({ minMs: 100, maxMs: 5000 }, () => chance);
          for (let n = 0; n < times; n++) {
            const wait = backoff.next();
            expect(wait).toBeGreaterThanOrEqual(50);
            expect(wait).toBeLessThanOrEqual(5000);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('topics', () => {
  const topics = topicsOf('menshen', 'gate1');

  it('are distinct for every type of event, and no wildcards', () => {
    const types = Object.keys(EVENT_TYPES).filter((type): type is EventType => type in EVENT_TYPES);
    const all = types.map((type) => topics.event(type));
    expect(new Set(all).size).toBe(types.length);
    expect(all.every((topic) => /^menshen\/gate1\/events\/[a-z]+\/[a-z_]+$/.test(topic))).toBe(true);
    expect(topics.event('door.held_open')).toBe('menshen/gate1/events/door/held_open');
  });

  it('are all described in docs/reference/mqtt.md', () => {
    const page = readFileSync(new URL('../../docs/reference/mqtt.md', import.meta.url), 'utf8');
    const described = [...page.matchAll(/^\| `(<topic>[^`]+)` \|/gm)].map((row) => row[1]);
    const own = topicsOf('<topic>', '<gate>');
    const event = own.event('access.granted').replace('access/granted', '<family>/<kind>');
    expect(described).toEqual([
      own.status,
      event,
      own.state('doors', '<door>'),
      own.state('cameras', '<camera>'),
      own.state('inputs', '<input>'),
      own.prompt('<door>'),
      `<topic>/<gate>/commands`,
      `<topic>/<gate>/replies/<sender>`,
      `<topic>/software`,
      `<topic>/sites/<site>/places/<person>`,
      `<topic>/sites/<site>/manifest`,
      `<topic>/sites/<site>/index/<bucket>`,
      `<topic>/sites/<site>/people/<bucket>/<person>`,
      `<topic>/sites/<site>/photos/<person>/<photo>`,
      `<topic>/sites/<site>/keys/<gate>`,
      `<topic>/<gate>/site`,
    ]);
  });
});

describe('messages', () => {
  const event = JournalEventSchema.parse({
    id: '3f2b8a52-9f0e-4b5e-9c1d-0f6a7e1c2d3b',
    seq: 7,
    at: '2026-01-02T03:04:05.678Z',
    gate: 'gate1',
    type: 'access.denied',
    door: 'main',
    camera: null,
    cause: null,
    data: { text: '门'.repeat(1000) },
  });

  it('are the event as JSON, or without its data where it is too large', () => {
    expect(JSON.parse(encodeMessage(event, 10_000).toString())).toEqual(event);
    const small = encodeMessage(event, 1000);
    expect(small.length).toBeLessThan(1000);
    expect(JournalEventSchema.parse(JSON.parse(small.toString()))).toEqual({
      ...event,
      data: { omitted: true, bytes: expect.any(Number) },
    });
  });
});

describe('failures', () => {
  const coded = (code: string | number, message = 'why') => Object.assign(new Error(message), { code });
  it.each([
    ['ECONNREFUSED', 'MQTT_UNREACHABLE'],
    ['EHOSTUNREACH', 'MQTT_UNREACHABLE'],
    [136, 'MQTT_UNREACHABLE'],
    [4, 'MQTT_AUTH_FAILED'],
    [5, 'MQTT_AUTH_FAILED'],
    [134, 'MQTT_AUTH_FAILED'],
    [135, 'MQTT_AUTH_FAILED'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'MQTT_AUTH_FAILED'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'MQTT_AUTH_FAILED'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'MQTT_TLS_FAILED'],
    ['CERT_HAS_EXPIRED', 'MQTT_TLS_FAILED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'MQTT_TLS_FAILED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'MQTT_TLS_FAILED'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'MQTT_TLS_FAILED'],
  ] as const)('%s is %s', (code, expected) => {
    expect(failureOf(coded(code), 'mqtt://broker')).toMatchObject({ code: expected, protocol: false });
  });

  it('a refused version of MQTT is known as such', () => {
    expect(failureOf(coded(1), 'mqtt://broker').protocol).toBe(true);
    expect(failureOf(coded(132), 'mqtt://broker').protocol).toBe(true);
  });
});
