import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/journal/index.ts';
import { encodeMessage, MAX_PAYLOAD_BYTES, publicEvent } from '../../src/mqtt/message.ts';

function event(data: Record<string, unknown>): JournalEvent {
  return {
    id: '5b0c8a52-64c7-4c12-9a0a-8a7d4f3b5f10',
    seq: 7,
    at: '2026-01-01T00:00:00.000Z',
    gate: 'gate',
    type: 'access.denied',
    door: 'front',
    camera: 'entrance',
    cause: null,
    data,
  };
}

const considered = { personId: 'p1', name: 'Li Lei', referenceId: 'r1', score: 0.41 };

describe('what leaves the device', () => {
  it('names nobody who was merely considered: only the scores are told', () => {
    const sent = encodeMessage(
      event({ reason: 'UNSURE', candidates: { best: considered, second: null, lead: null } }),
      MAX_PAYLOAD_BYTES,
    ).toString();
    expect(sent).not.toMatch(/Li Lei|p1|r1/);
    expect(JSON.parse(sent).data).toEqual({
      reason: 'UNSURE',
      candidates: { best: { score: 0.41 }, second: null, lead: null },
    });
  });

  it('drops candidates that it cannot read rather than send them as they are', () => {
    expect(publicEvent(event({ candidates: [considered] })).data).toEqual({});
  });

  it('leaves every other event as it is', () => {
    const other = event({ relayMs: 3000 });
    expect(publicEvent(other)).toBe(other);
  });
});
