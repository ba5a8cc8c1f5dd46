import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { MenshenError, monotonicMs } from '../../common/index.ts';
import type { Credentials } from '../credentials.ts';
import { encoderOf, type IntegrityWatch } from '../integrity/index.ts';
import { nutFrameHeader, nutHeader } from '../nut-writer.ts';
import type { StreamStats } from '../types.ts';
import { type AccessUnit, Assembler } from './assembler.ts';
import { Connection } from './connection.ts';
import { Reception } from './reception.ts';
import { readRtp } from './rtp.ts';
import type { VideoCodec, VideoMedia } from './sdp.ts';
import { openStream, type RtspSession } from './setup.ts';
import { type PictureTime, Timeline } from './timeline.ts';
import { UnsupportedStream } from './unsupported.ts';

/** What may wait for an ffmpeg that does not read; beyond it pictures are left out up to the next key picture. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
const REPORT_MS = 5000;
/** So many pictures torn apart by marker bits, and we leave the stream to ffmpeg, which does not go by them. */
const MAX_TORN = 3;
/** A camera that sets marker bits wrongly is left to ffmpeg after its first pictures; so many, and we can read it. */
const SETTLED_PICTURES = 50;

export interface RtspReaderOptions {
  /** Without user and password. */
  readonly url: string;
  readonly credentials: Credentials | null;
  /** Told of the sender and the encoder, and when the stream has shown that we can read it. */
  readonly integrity: Pick<IntegrityWatch, 'sender' | 'encoder' | 'readBy'>;
}

/** Reads a camera over RTSP (TCP, interleaved) and hands its pictures to ffmpeg as soon as each is complete. */
export class RtspReader {
  readonly #options: RtspReaderOptions;
  readonly #timeline = new Timeline();
  readonly #reception = new Reception(randomBytes(4).readUInt32BE());
  #connection: Connection | null = null;
  #media: VideoMedia | null = null;
  #assembler: Assembler | null = null;
  #session: RtspSession | null = null;
  #sink: Writable | null = null;
  #onMissed: (time: PictureTime) => void = () => {};
  #timers: NodeJS.Timeout[] = [];
  #overflowed = 0;
  #pictures = 0;
  #failure: MenshenError | UnsupportedStream | null = null;

  constructor(options: RtspReaderOptions) {
    this.#options = options;
  }

  /** The connection was made. */
  get connected(): boolean {
    return this.#connection?.connected ?? false;
  }

  /** Why the stream ended, if it did by itself. */
  get failure(): MenshenError | UnsupportedStream | null {
    return this.#failure;
  }

  /** The stream has shown that we can read it. */
  get settled(): boolean {
    return this.#pictures >= SETTLED_PICTURES;
  }

  /** What the pictures are coded in; null before the stream was opened. */
  get codec(): VideoCodec | null {
    return this.#media?.codec ?? null;
  }

  get stats(): StreamStats {
    const { packets, lost, senderClock } = this.#reception;
    return { packets, lost, discarded: (this.#assembler?.discarded ?? 0) + this.#overflowed, senderClock };
  }

  /**
   * Connects and sets the stream up, without letting it begin. Throws MenshenError with a code of the camera's,
   * or UnsupportedStream.
   */
  async open(): Promise<void> {
    const { url, credentials } = this.#options;
    this.#connection = new Connection(url, credentials, {
      onPacket: (channel, bytes) => this.#packet(channel, bytes),
      onClose: (error) => this.#fail(error),
    });
    const opened = await openStream(this.#connection, url);
    this.#media = opened.media;
    this.#session = opened.session;
    const { codec, parameterSets } = opened.media;
    this.#assembler = new Assembler(
      codec,
      parameterSets,
      (unit) => this.#write(unit),
      (picture) => this.#miss(picture),
    );
  }

  /**
   * Lets the stream begin, into `sink` as NUT; ends it when the stream ends. `onMissed` hears when pictures were taken and
   * received that came before the first key picture, in the order in which they are shown.
   */
  play(sink: Writable, onMissed: (time: PictureTime) => void = () => {}): void {
    if (this.#failure !== null || this.#media === null) {
      sink.end();
      return;
    }
    this.#sink = sink;
    this.#onMissed = onMissed;
    sink.on('error', () => this.close()); // ffmpeg went; its exit says why
    sink.write(nutHeader(this.#media.codec));
    void this.#begin(this.#media.playUrl);
  }

  /** When the picture that came out of ffmpeg with this time stamp (milliseconds) was taken and received. */
  leave(ptsMs: number): PictureTime | null {
    return this.#timeline.leave(Math.round(ptsMs * 90));
  }

  /** Ends it. Does nothing the second time. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    const session = this.#session;
    this.#session = null;
    const uri = this.#media?.playUrl;
    this.#connection?.close(
      session === null || uri === undefined ? null : { uri, headers: [session.header] },
    );
    this.#sink?.end();
    this.#sink = null;
  }

  async #begin(uri: string): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      await this.#connection?.request('PLAY', uri, [session.header, 'Range: npt=0.000-']);
    } catch (error) {
      if (error instanceof MenshenError) this.#fail(error);
      else throw error;
      return;
    }
    if (this.#sink === null) return;
    this.#timers.push(setInterval(() => void this.#keepAlive(uri), session.keepAliveMs));
    this.#timers.push(setInterval(() => this.#report(), REPORT_MS));
  }

  async #keepAlive(uri: string): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      await this.#connection?.request(session.keepAliveMethod, uri, [session.header]);
    } catch {
      // Some cameras refuse it and stream on; others end the stream, which is noticed there.
    }
  }

  #report(): void {
    const report = this.#reception.report(monotonicMs());
    if (report !== null && this.#session !== null) this.#connection?.send(this.#session.rtcpChannel, report);
  }

  #packet(channel: number, bytes: Uint8Array): void {
    const [session, media, assembler] = [this.#session, this.#media, this.#assembler];
    if (session === null || media === null || assembler === null || this.#sink === null) return;
    const now = monotonicMs();
    if (channel === session.rtcpChannel) {
      if (this.#reception.control(bytes, now))
        this.#fail(new MenshenError('CAMERA_NO_FRAMES', 'the camera ended the stream'));
      return;
    }
    const packet = channel === session.rtpChannel ? readRtp(bytes) : null;
    if (packet === null || packet.payloadType !== media.payloadType) return;
    const lost = this.#reception.data(packet.sequence, packet.source);
    if (lost === null) return;
    this.#options.integrity.sender(packet.source, now);
    assembler.push(packet, lost, now);
    if (assembler.torn >= MAX_TORN)
      this.#fail(new UnsupportedStream('its marker bits do not stand at the ends of pictures'));
  }

  #miss({ timestamp, arrival }: Pick<AccessUnit, 'timestamp' | 'arrival'>): void {
    const time = this.#timeline.pass(timestamp, arrival);
    if (time !== null) this.#onMissed(time);
  }

  #write({ data, key, timestamp, arrival }: AccessUnit): void {
    const sink = this.#sink;
    if (sink === null) return;
    if (sink.writableLength > MAX_BACKLOG_BYTES) {
      this.#overflowed++;
      this.#assembler?.waitForKey();
      return;
    }
    if (key) this.#identify(data);
    this.#pictures++;
    if (this.settled) this.#options.integrity.readBy('own');
    const header = nutFrameHeader(this.#timeline.enter(timestamp, arrival), data.length, key);
    // Put together: what a stream does for two pieces costs more than the copy.
    sink.write(Buffer.concat([header, data]));
  }

  #identify(unit: Uint8Array): void {
    const encoder = this.#media === null ? null : encoderOf(this.#media.codec, unit);
    if (encoder !== null) this.#options.integrity.encoder(encoder);
  }

  #fail(error: MenshenError | UnsupportedStream): void {
    this.#failure ??= error;
    // The good-bye of close() is for streams that we end.
    if (error instanceof MenshenError) this.#session = null;
    this.close();
  }
}
