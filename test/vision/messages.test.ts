import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChallengeResult } from '../../src/vision/challenge/types.ts';
import { encodeFromVision, encodeToVision, parseFromVision, parseToVision } from '../../src/vision/codec.ts';
import type { FromVision } from '../../src/vision/messages.ts';
import { encodePacket, type Packet, PacketReader } from '../../src/vision/packet.ts';
import type { Sighting, TrackCrop } from '../../src/vision/types.ts';

const NOW = 10_000;
const model = { id: 'fr_feature', version: '1' };

function unit(): Float32Array {
  return new Float32Array(512).fill(1 / Math.sqrt(512));
}

function sighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    camera: 'gate',
    track: 'abc-1',
    frame: { seq: 7, capturedAt: NOW - 40, width: 1280, height: 720 },
    box: { x: -3.5, y: 20, width: 100, height: 130 },
    quality: {
      ...{ eyeDistance: 60, margin: -0.1, yaw: -3, pitch: 4, roll: 0, sharpness: 0.4 },
      ...{ brightness: 0.5, contrast: 0.2, noise: 0.3, score: 0.7, failed: [] },
    },
    mask: { state: 'worn', score: 0.9, model },
    liveness: { score: 0.98, model },
    enclosure: 0.2,
    embedding: { vector: unit(), model },
    timings: { detect: 5, embedding: 5.5 },
    facesInView: 0,
    ...changes,
  };
}

/** The packet as it arrives at the other end. */
function sent(bytes: Uint8Array): Packet {
  const packets: Packet[] = [];
  new PacketReader((packet) => packets.push(packet)).push(bytes);
  const [packet] = packets;
  if (packet === undefined || packets.length > 1) throw new Error('not one packet');
  return packet;
}

const parse = (packet: Packet) => parseFromVision(packet, 'gate', NOW);
const tell = (message: FromVision) => parse(sent(encodeFromVision(message)));
const told = (changes: object) => tell({ type: 'sighting', sighting: { ...sighting(), ...changes } });
const NOTHING = new Uint8Array(0);
const CHALLENGE = { camera: 'gate', challenge: '0b9d2f0e-6a53-4d0e-9f0e-5a1c6a8f1c11' };
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff);

function crop(changes: Partial<TrackCrop> = {}): FromVision {
  return {
    type: 'crop',
    crop: { camera: 'gate', track: 'abc-1', seq: 7, qualityScore: 0.7, jpeg: JPEG, ...changes },
  };
}

function result(changes: Partial<ChallengeResult> = {}): FromVision {
  const sample = {
    ...{ at: 0.067, yaw: 30.5, pitch: -3, headPitch: -9.25 },
    ...{ eyeOpening: 0.3, eyesClosed: 0.5, mouthOpening: 0.06 },
  };
  return {
    type: 'result',
    result: {
      ...CHALLENGE,
      ...{ track: 'abc-1', action: 'turnLeft', outcome: 'seen', tookMs: 3000, actionAfterMs: 900 },
      seen: { blink: false, openMouth: false, turnLeft: true, turnRight: false, nod: false },
      liveness: { mean: 0.9, lowest: 0.5, frames: 30 },
      likeness: { mean: 0.9, lowest: 0.7, frames: 44 },
      ...{ unverifiedMs: 70, samples: Array.from({ length: 240 }, () => sample), clip: true },
      ...changes,
    },
  };
}

/** The embedding with its first number replaced. */
function spoilt(value: number): Sighting['embedding'] {
  const vector = unit();
  vector[0] = value;
  return { vector, model };
}

describe('messages of a vision process', () => {
  it('come as they were sent', () => {
    const messages: FromVision[] = [
      { type: 'sighting', sighting: sighting() },
      {
        type: 'sighting',
        sighting: sighting({ mask: null, liveness: null, enclosure: null, embedding: null }),
      },
      crop(),
      { type: 'trackEnd', end: { camera: 'gate', track: 'abc-1', frames: 3, lastSeenAt: 0.1 + 0.2 } },
      { type: 'qr', qr: { camera: 'gate', seq: 7, capturedAt: NOW - 90, text: '访客 MENSHEN-PASS:x' } },
      { type: 'camera', state: { state: 'down', code: 'CAMERA_STALLED', message: 'ä', retryInMs: 500 } },
    ];
    for (const message of messages) expect(tell(message)).toEqual(message);
  });

  it('about a challenge come as they were sent, and nothing else does', () => {
    const part = { ...CHALLENGE, part: 1, parts: 2, bytes: JPEG };
    const messages: FromVision[] = [
      { type: 'progress', progress: { ...CHALLENGE, track: 'abc-1', step: 'begun' } },
      result(),
      result({ outcome: 'faceLost', actionAfterMs: null, liveness: null, likeness: null, samples: [] }),
      { type: 'clip', part },
      { type: 'noClip', missing: { ...CHALLENGE, fault: 'BYSTANDER' } },
    ];
    for (const message of messages) expect(tell(message)).toEqual(message);
    const wrong: FromVision[] = [
      result({ camera: 'other' }),
      result({ actionAfterMs: null }),
      result({ liveness: { mean: 1.1, lowest: 0, frames: 1 } }),
      result({ samples: Array.from({ length: 501 }, () => ({}) as never) }),
      { type: 'clip', part: { ...part, part: 2 } },
      { type: 'clip', part: { ...part, parts: 1000 } },
      { type: 'clip', part: { ...part, camera: 'other' } },
    ];
    for (const message of wrong) expect(tell(message)).toHaveProperty('problem');
  });

  it('about a QR code are believed only of this camera, of the past and of one to 512 characters', () => {
    const code = { camera: 'gate', seq: 7, capturedAt: NOW - 90, text: 'x'.repeat(512) };
    const qr = (changes: object) => tell({ type: 'qr', qr: { ...code, ...changes } });
    expect(qr({})).not.toHaveProperty('problem');
    for (const wrong of [
      { camera: 'other' },
      { capturedAt: NOW + 1 },
      { text: '' },
      { text: 'x'.repeat(513) },
    ]) {
      expect(qr(wrong)).toHaveProperty('problem');
    }
  });

  it.each([
    ['of another camera', { camera: 'other' }],
    ['of the future', { frame: { ...sighting().frame, capturedAt: NOW + 0.5 } }],
    ['of no time', { frame: { ...sighting().frame, capturedAt: Number.NaN } }],
    ['with a short embedding', { embedding: { vector: new Float32Array([1]), model } }],
    ['with NaN in its embedding', { embedding: spoilt(Number.NaN) }],
    ['with infinity in its embedding', { embedding: spoilt(Number.POSITIVE_INFINITY) }],
    ['with an embedding of another norm', { embedding: spoilt(0.5) }],
    ['with an embedding of nothing', { embedding: { vector: new Float32Array(512), model } }],
    ['with an embedding and no liveness', { liveness: null }],
    ['with liveness and no embedding', { embedding: null }],
    ['with a mask nobody knows', { mask: { state: 'scarf', score: 0.9, model } }],
    ['with a mask surer than sure', { mask: { state: 'worn', score: 1.5, model } }],
    ['with a liveness above 1', { liveness: { score: 1.01, model } }],
    ['recognised below the gate', { quality: { ...sighting().quality, failed: ['SIZE'] } }],
    ['with a gate that does not exist', { quality: { ...sighting().quality, failed: ['LOOKS'] } }],
    ['with more than a sighting holds', { person: 'somebody' }],
  ])('refuses a sighting %s', (_, changes) => {
    expect(told(changes)).toEqual({ problem: expect.any(String) });
  });

  it.each([
    ['of another camera', { camera: 'other' }],
    ['that is no JPEG', { jpeg: Uint8Array.of(1, 2, 3) }],
    ['that is empty', { jpeg: NOTHING }],
    ['of a quality above 1', { qualityScore: 1.01 }],
  ])('refuses a picture %s', (_, changes) => {
    expect(tell(crop(changes))).toEqual({ problem: expect.any(String) });
  });

  it('refuses bytes where none belong, and an embedding that does not come', () => {
    const stopped = { type: 'camera', state: { state: 'stopped' } };
    expect(parse({ header: stopped, body: NOTHING })).toEqual(stopped);
    expect(parse({ header: stopped, body: JPEG })).toHaveProperty('problem');
    const { header, body } = sent(encodeFromVision({ type: 'sighting', sighting: sighting() }));
    expect(parse({ header, body: body.slice(4) })).toHaveProperty('problem');
    expect(parse({ header, body: NOTHING })).toHaveProperty('problem');
    const below = sent(
      encodeFromVision({
        type: 'sighting',
        sighting: sighting({ liveness: null, enclosure: null, embedding: null }),
      }),
    );
    expect(parse({ ...below, body })).toHaveProperty('problem');
  });

  it('says what is wrong in few words, however much is', () => {
    const header = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`key${n}`, n]));
    const problem = parse({ header: { type: 'trackEnd', ...header }, body: NOTHING });
    expect(problem).toEqual({ problem: expect.any(String) });
    expect(JSON.stringify(problem).length).toBeLessThan(1000);
  });

  it('refuses a failure with a code that is not in the catalogue', () => {
    const failed = (code: string) => parse({ header: { type: 'failed', code, message: 'x' }, body: NOTHING });
    expect(failed('MODEL_MISSING')).toHaveProperty('type', 'failed');
    expect(failed('toString')).toHaveProperty('problem');
  });

  it('never throws, and lets nothing pass that has no known type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array(), (header, body) => {
        expect(parse({ header, body })).toHaveProperty('problem');
        expect(parseToVision({ header, body })).toHaveProperty('problem');
      }),
      { numRuns: 1000 },
    );
  });

  it('survives any change of one byte of a real message', () => {
    const bytes = encodeFromVision({ type: 'sighting', sighting: sighting() });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const spoiled = Buffer.from(bytes);
        spoiled[at] = value;
        const parsed: unknown[] = [];
        const reader = new PacketReader((packet) => parsed.push(parse(packet)));
        try {
          reader.push(spoiled);
        } catch (error) {
          expect(error instanceof RangeError || error instanceof SyntaxError).toBe(true);
        }
        expect(parsed.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('messages of the gate process', () => {
  it('come as they were sent', () => {
    const settle = { type: 'settle', track: 'abc-1', until: Number.MAX_VALUE } as const;
    expect(parseToVision(sent(encodeToVision(settle)))).toEqual(settle);
    expect(parseToVision(sent(encodeToVision({ type: 'look' })))).toEqual({ type: 'look' });
    expect(parseToVision(sent(encodePacket({ type: 'settle', track: 'abc-1' })))).toHaveProperty('problem');
    const order = {
      id: CHALLENGE.challenge,
      track: 'abc-1',
      action: 'nod',
      durationMs: 6000,
      closing: 3,
      record: true,
    };
    const ask = (changes: object) =>
      sent(encodePacket({ type: 'challenge', order: { ...order, ...changes } }));
    expect(parseToVision(ask({}))).toEqual({ type: 'challenge', order });
    for (const changes of [{ durationMs: 9000 }, { action: 'wink' }, { id: '1' }]) {
      expect(parseToVision(ask(changes))).toHaveProperty('problem');
    }
  });
});
