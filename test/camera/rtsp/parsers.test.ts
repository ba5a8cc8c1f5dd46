import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NutReader } from '../../../src/camera/nut.ts';
import { nutFrameHeader, nutHeader } from '../../../src/camera/nut-writer.ts';
import { type AccessUnit, Assembler } from '../../../src/camera/rtsp/assembler.ts';
import { Authenticator } from '../../../src/camera/rtsp/auth.ts';
import { RtspParser } from '../../../src/camera/rtsp/message.ts';
import { readRtcp, receiverReport } from '../../../src/camera/rtsp/rtcp.ts';
import { readRtp, SequenceWatch } from '../../../src/camera/rtsp/rtp.ts';
import { readSdp } from '../../../src/camera/rtsp/sdp.ts';
import { Timeline } from '../../../src/camera/rtsp/timeline.ts';
import { UnsupportedStream } from '../../../src/camera/rtsp/unsupported.ts';
import { MenshenError } from '../../../src/common/index.ts';
import { description, interleaved, payloads, rtp } from './fake-camera.ts';

/** Pieces of real messages among noise, so that the parser gets past the first byte. */
const hostile = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'RTSP/1.0 200 OK\r\n',
          'CSeq: 1\r\n',
          'Content-Length: 5\r\n',
          'Content-Length: -1\r\n',
          '\r\n',
          '$\0\0\x04abcd',
          '$\x01\xff\xff',
          'OPTIONS * RTSP/1.0\r\n',
          'A'.repeat(3000),
          ': :\r\n',
        )
        .map((text) => Buffer.from(text, 'latin1')),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.concat(pieces));

function inPieces(bytes: Buffer, sizes: readonly number[], take: (piece: Buffer) => void): void {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % Math.max(1, sizes.length)] ?? bytes.length;
    take(bytes.subarray(at, at + size));
    at += size;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });

describe('RtspParser', () => {
  it('finds the same messages and packets however they are cut', () => {
    const packet = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => ({ channel: 0, body: Buffer.from(bytes) }));
    const message = fc
      .stringMatching(/^[ -~]{0,30}$/)
      .map((body) => ({ channel: null, body: Buffer.from(body) }));
    fc.assert(
      fc.property(fc.array(fc.oneof(packet, message), { maxLength: 12 }), sizes, (items, cuts) => {
        const bytes = Buffer.concat(
          items.map(({ channel, body }) =>
            channel === null
              ? Buffer.concat([
                  Buffer.from(`RTSP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`),
                  body,
                ])
              : interleaved(channel, body),
          ),
        );
        const found: string[] = [];
        const parser = new RtspParser({
          onMessage: ({ status, body }) => found.push(`${status} ${body}`),
          onPacket: (channel, data) => found.push(`$${channel} ${Buffer.from(data).toString('hex')}`),
        });
        inPieces(bytes, cuts, (piece) => parser.push(piece));
        expect(found).toEqual(
          items.map(({ channel, body }) =>
            channel === null ? `200 ${body}` : `$${channel} ${body.toString('hex')}`,
          ),
        );
      }),
    );
  });

  it('throws nothing but MenshenError whatever comes', () => {
    fc.assert(
      fc.property(hostile, sizes, (bytes, cuts) => {
        const parser = new RtspParser({ onMessage: () => {}, onPacket: () => {} });
        onlyThrows(MenshenError, () => inPieces(bytes, cuts, (piece) => parser.push(piece)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a header without end', `RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(10)}`, 'X: y\r\n'.repeat(100)],
    ['a line without end', 'RTSP/1.0 200 ', 'x'.repeat(1000)],
    ['a body without end', 'RTSP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n', 'x'.repeat(1000)],
  ])('gives up on %s before it holds more than 100 KiB', (_, begin, more) => {
    const parser = new RtspParser({ onMessage: () => {}, onPacket: () => {} });
    expect(() => {
      parser.push(Buffer.from(begin));
      for (let held = 0; held < 100_000; held += more.length) parser.push(Buffer.from(more));
    }).toThrow(MenshenError);
  });
});

describe('readSdp and Authenticator', () => {
  it('throw nothing but UnsupportedStream whatever comes', () => {
    const lines = fc.constantFrom(
      'm=video 0 RTP/AVP 96',
      'm=video',
      'a=rtpmap:96 H264/90000',
      'a=rtpmap:96',
      'a=fmtp:96 sprop-parameter-sets=,,=;packetization-mode',
      'a=control:rtsp://x y',
      'a=control:*',
      'a=control:\0',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(lines, fc.string()), { maxLength: 12 }), (text) => {
        onlyThrows(UnsupportedStream, () => readSdp(text.join('\r\n'), 'rtsp://c/live'));
      }),
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.constantFrom('Digest realm="', 'Digest realm="a", nonce="b", qop="auth"', 'Basic'),
          ),
          { maxLength: 5 },
        ),
        (headers) => {
          const auth = new Authenticator({ username: 'u', password: 'p' });
          auth.challenge(headers);
          expect(auth.header('DESCRIBE', 'rtsp://c/live') ?? '').not.toMatch(/[\r\n]/);
        },
      ),
    );
  });

  it('find the video and its addresses', () => {
    const sdp = description('h265');
    expect(readSdp(sdp, 'rtsp://c/live/')).toEqual({
      codec: 'h265',
      payloadType: 96,
      parameterSets: [],
      playUrl: 'rtsp://c/live/',
      setupUrl: 'rtsp://c/live/track1',
    });
    const absolute = sdp
      .replace('control:track1', 'control:rtsp://c/other/1')
      .replace('control:*', 'control:rtsp://c/all');
    expect(readSdp(absolute, 'rtsp://c/live')).toMatchObject({
      playUrl: 'rtsp://c/all',
      setupUrl: 'rtsp://c/other/1',
    });
    for (const bad of ['RTP/SAVP 96', 'RTP/AVP 999', 'RTP/AVP 26'])
      expect(() => readSdp(sdp.replace('m=video 0 RTP/AVP 96', `m=video 0 ${bad}`), 'rtsp://c/')).toThrow(
        UnsupportedStream,
      );
    const interleavedMode = `${sdp.replace('H265', 'H264')}a=fmtp:96 packetization-mode=2\r\n`;
    expect(() => readSdp(interleavedMode, 'rtsp://c/')).toThrow(/interleaved/);
  });
});

describe('packets', () => {
  it('of RTP and RTCP with any lengths are read or refused, never beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, versioned) => {
        if (versioned && bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        const packet = readRtp(bytes);
        if (packet !== null) expect(packet.payload.length).toBeLessThanOrEqual(bytes.length - 12);
        readRtcp(bytes);
      }),
      { numRuns: 1000 },
    );
    const padded = Buffer.concat([rtp(Buffer.of(1, 2, 3), 7, 8, true), Buffer.of(0, 2)]);
    padded[0] = 0xa0;
    expect(readRtp(padded)).toMatchObject({
      sequence: 7,
      timestamp: 8,
      marker: true,
      payload: Buffer.of(1, 2, 3),
    });
    const extended = Buffer.concat([
      rtp(Buffer.alloc(0), 7, 8, false),
      Buffer.from('bede000100000000aa', 'hex'),
    ]);
    extended[0] = 0x90;
    expect([...(readRtp(extended)?.payload ?? [])]).toEqual([0xaa]);
  });

  it('tell the camera its clock back, and read its good-bye', () => {
    const sender = Buffer.alloc(28);
    sender.set([0x80, 200, 0, 6]);
    sender.writeBigUInt64BE(0xe000_0000_8000_0000n, 8);
    sender.writeUInt32BE(12_345, 16);
    const { report, bye } = readRtcp(Buffer.concat([sender, Buffer.from('81cb000100000001', 'hex')]));
    expect(report).toEqual({ ntp: 0xe000_0000_8000_0000n, rtpTimestamp: 12_345 });
    expect(bye).toBe(true);
    const rr = receiverReport({
      own: 1,
      source: 2,
      fractionLost: 0.5,
      lost: 3,
      highest: 70_000,
      report,
      sinceReportMs: 1500,
    });
    expect(rr.subarray(0, 32).toString('hex')).toBe(
      '81c90007' + '00000001' + '00000002' + '80000003' + '00011170' + '00000000' + '00008000' + '00018000',
    );
    expect(rr.length % 4).toBe(0);
  });

  it('are missed by their numbers, over the wrap, and doubles are thrown away', () => {
    const watch = new SequenceWatch();
    const seen = [65_534, 65_535, 0, 0, 3, 100, 101].map((n) => watch.observe(n, 1));
    expect(seen).toEqual([0, 0, 0, null, 2, 96, 0]);
    expect(watch.lost).toBe(98);
    expect(watch.highest).toBe(65_536 + 101);
    // Begun anew by the camera: the second in a row is believed.
    expect([50_000, 50_001, 50_002].map((n) => watch.observe(n, 1))).toEqual([null, 1, 0]);
    expect(watch.observe(9, 2)).toBe(1);
  });
});

describe('Assembler', () => {
  /** A slice; the first of a picture bears a mark behind its header. */
  const slice = (codec: string, type: number, first: boolean, length: number): Buffer => {
    const mark = first ? 0x80 : 0;
    const head = codec === 'h264' ? Buffer.of(type, mark | 0x60) : Buffer.of(type, 1, mark | 0x60);
    return Buffer.concat([head, Buffer.alloc(length, 7)]);
  };
  const unit = fc.record({
    key: fc.boolean(),
    lengths: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 3 }),
  });

  it.each(['h264', 'h265'] as const)(
    'puts together what was taken apart, and with losses only whole pictures (%s)',
    (codec) => {
      fc.assert(
        fc.property(
          fc.array(unit, { minLength: 1, maxLength: 12 }),
          fc.integer({ min: 20, max: 300 }),
          fc.array(fc.nat(60), { maxLength: 4 }),
          (units, mtu, drops) => {
            const [keyHead, head] = codec === 'h264' ? ([0x65, 0x41] as const) : ([19 << 1, 1 << 1] as const);
            const pictures = units.map(({ key, lengths }) =>
              lengths.map((length, i) => slice(codec, key ? keyHead : head, i === 0, length)),
            );
            const found: AccessUnit[] = [];
            const assembler = new Assembler(codec, [], (one) => found.push(one));
            const watch = new SequenceWatch();
            let sequence = 0;
            for (const [n, picture] of pictures.entries()) {
              const parts = payloads(picture, codec, mtu);
              for (const [i, part] of parts.entries()) {
                const dropped = drops.includes(sequence);
                const packet = readRtp(rtp(part, sequence, n * 6000, i === parts.length - 1));
                sequence++;
                if (!dropped && packet !== null)
                  assembler.push(packet, watch.observe(packet.sequence, packet.source) ?? 0, n);
              }
            }
            const whole = pictures.map((picture) =>
              Buffer.concat(picture.flatMap((one) => [Buffer.of(0, 0, 0, 1), one])).toString('hex'),
            );
            for (const { data, timestamp } of found)
              expect(data.toString('hex')).toBe(whole[timestamp / 6000]);
            if (drops.every((drop) => drop >= sequence)) {
              const firstKey = units.findIndex(({ key }) => key);
              expect(found).toHaveLength(firstKey < 0 ? 0 : units.length - firstKey);
              expect(found.map(({ key }) => key)).toEqual(
                units.slice(firstKey < 0 ? units.length : firstKey).map(({ key }) => key),
              );
              expect(assembler.discarded).toBe(0);
            } else expect(found[0]?.key ?? true).toBe(true);
          },
        ),
      );
    },
  );

  it.each(['h264', 'h265'] as const)('neither throws nor grows on any payloads (%s)', (codec) => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            payload: fc.uint8Array({ maxLength: 30 }),
            marker: fc.boolean(),
            timestamp: fc.nat(3),
            lost: fc.nat(1),
          }),
          { maxLength: 60 },
        ),
        (packets) => {
          const assembler = new Assembler(codec, [], () => {});
          for (const { lost, ...packet } of packets)
            assembler.push({ ...packet, payloadType: 96, sequence: 0, source: 0 }, lost, 0);
        },
      ),
      { numRuns: 500 },
    );
    let largest = 0;
    const assembler = new Assembler(codec, [], ({ data }) => {
      largest = Math.max(largest, data.length);
    });
    const before = process.memoryUsage().arrayBuffers;
    const [begin, more] =
      codec === 'h264'
        ? [
            [0x7c, 0x85, 0x80],
            [0x7c, 0x05],
          ]
        : [
            [98, 1, 0x93, 0x80],
            [98, 1, 0x13],
          ];
    for (let i = 0; i < 1500; i++) {
      const payload = Buffer.concat([Buffer.from(i === 0 ? begin : more), Buffer.alloc(60_000)]);
      assembler.push({ payload, marker: false, timestamp: 1, payloadType: 96, sequence: 0, source: 0 }, 0, 0);
    }
    expect(largest).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60e6);
  });
});

describe('Timeline', () => {
  it('finds every picture again by a time stamp of its own, whatever the camera makes of its clock', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.array(
          fc.oneof(
            fc.constant(6000),
            fc.integer({ min: -12_000, max: 12_000 }),
            fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
          ),
          { maxLength: 200 },
        ),
        (first, steps) => {
          const timeline = new Timeline();
          let timestamp = first;
          const entered = [first, ...steps].map((step, i) => {
            if (i > 0) timestamp = (((timestamp + step) % 2 ** 32) + 2 ** 32) % 2 ** 32;
            const ticks = timeline.enter(timestamp, i);
            expect(Number.isSafeInteger(ticks) && ticks > 0).toBe(true);
            return ticks;
          });
          expect(new Set(entered).size).toBe(entered.length);
          let found = 0;
          for (const [i, ticks] of entered.entries()) {
            const time = timeline.leave(ticks);
            if (time !== null) found++;
            if (time !== null) expect(time.arrival).toBe(i);
            expect(timeline.leave(ticks)).toBeNull();
          }
          if (steps.every((step) => step === 6000)) expect(found).toBe(entered.length);
        },
      ),
    );
  });

  it('runs on over the wrap of 32 bits, and shows a step back of the clock as one', () => {
    const timeline = new Timeline();
    const times = [2 ** 32 - 9000, 0, 9000, 90_000_000, 9000].map(
      (timestamp) => timeline.leave(timeline.enter(timestamp, 0))?.streamMs ?? Number.NaN,
    );
    const from = times[0] ?? 0;
    expect(times.map((time) => Math.round(time - from))).toEqual([0, 100, 200, 1_000_100, 200]);
  });

  it('tells the time of pictures that do not go in on the same scale, in the order in which they are shown', () => {
    const timeline = new Timeline();
    const missed = [2 ** 32 - 9000, 9000, 0, 18_000].map((timestamp, n) => timeline.pass(timestamp, n));
    expect(missed[2]).toBeNull();
    const from = missed[0]?.streamMs ?? Number.NaN;
    const next = timeline.leave(timeline.enter(27_000, 4));
    expect([...missed, next].map((time) => time && Math.round(time.streamMs - from))).toEqual([
      0,
      200,
      null,
      300,
      400,
    ]);
    expect(missed[3]?.arrival).toBe(3);
  });

  it('forgets what never comes out', () => {
    const timeline = new Timeline();
    const first = timeline.enter(0, 0);
    for (let i = 1; i <= 10_000; i++) timeline.enter(i * 90, i);
    expect(timeline.leave(first)).toBeNull();
  });
});

describe('NUT writer', () => {
  it('is read back by the reader', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            pts: fc.integer({ min: 0, max: 2 ** 45 }),
            size: fc.integer({ min: 1, max: 300 }),
            key: fc.boolean(),
          }),
          { maxLength: 20 },
        ),
        (frames) => {
          const found: { pts: number; size: number }[] = [];
          const reader = new NutReader({
            onVideo: () => {},
            onPicture: (ptsMs, size) => {
              found.push({ pts: Math.round(ptsMs * 90), size });
              return null;
            },
            onPictureEnd: () => {},
          });
          reader.push(nutHeader('h264'));
          for (const { pts, size, key } of frames)
            reader.push(Buffer.concat([nutFrameHeader(pts, size, key), Buffer.alloc(size)]));
          expect(found).toEqual(frames.map(({ pts, size }) => ({ pts, size })));
        },
      ),
    );
  });
});

function onlyThrows(kind: new (...args: never[]) => Error, body: () => void): void {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(kind);
  }
}
