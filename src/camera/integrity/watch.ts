import type { Integrity, Picture, StreamDoubt, StreamIdentity } from '../types.ts';
import { RepeatWatch } from './repeats.ts';
import { samplePicture } from './sample.ts';
import { TimingWatch } from './timing.ts';

/** How long a change of the sender within a connection is held against the stream. */
const SENDER_DOUBT_MS = 60_000;

const WORDS = {
  frozen: 'it shows nothing but pictures it has shown before',
  looped: 'it repeats itself picture by picture',
} as const;

/**
 * Looks whether a stream can be what its camera sees now. Lives as long as the camera, over all its connections;
 * tells its report when it changes.
 */
export class IntegrityWatch {
  readonly #repeats = new RepeatWatch();
  readonly #timing = new TimingWatch();
  readonly #tell: (report: Integrity) => void;
  #sender: number | null = null;
  #senderDoubt: { readonly detail: string; readonly until: number } | null = null;
  #encoder: string | null = null;
  #reader: StreamIdentity['reader'] = null;
  #told = '';

  constructor(tell: (report: Integrity) => void) {
    this.#tell = tell;
  }

  /** A connection begins. */
  reopened(): void {
    this.#repeats.reopened();
    this.#timing.reopened();
    this.#sender = null;
    this.#encoder = null;
    this.#reader = null;
  }

  /** Whose reader reads this connection, once that is settled. */
  readBy(reader: 'own' | 'ffmpeg'): void {
    this.#reader = reader;
  }

  /** A packet of this sender (SSRC); within a connection it stays the same. `now` is monotonic ms. */
  sender(id: number, now: number): void {
    if (this.#sender !== null && id !== this.#sender) {
      const detail = `its sender changed from ${hex(this.#sender)} to ${hex(id)} within a connection`;
      this.#senderDoubt = { detail, until: now + SENDER_DOUBT_MS };
    }
    this.#sender = id;
  }

  /** What the encoder is known by, of a picture that says so. */
  encoder(name: string): void {
    this.#encoder = name;
  }

  /** The next picture as it is decoded; `streamMs` is its time by the stream's clock, null where that is no use. */
  picture(picture: Picture, streamMs: number | null, arrival: number): void {
    const repeated = this.#repeats.observe(samplePicture(picture), arrival);
    const late = streamMs === null ? null : this.#timing.observe(streamMs, arrival);
    const doubts: { readonly kind: StreamDoubt; readonly detail: string }[] = [];
    if (repeated !== null) doubts.push({ kind: repeated, detail: WORDS[repeated] });
    if (late !== null) doubts.push({ kind: 'timing', detail: late });
    if (this.#senderDoubt !== null && arrival < this.#senderDoubt.until) {
      doubts.push({ kind: 'sender', detail: this.#senderDoubt.detail });
    }
    const { width, height } = picture;
    const stream: StreamIdentity = { width, height, encoder: this.#encoder, reader: this.#reader };
    const report: Integrity = { stream, doubts };
    const key = JSON.stringify([stream, doubts.map(({ kind }) => kind)]);
    if (key === this.#told) return;
    this.#told = key;
    this.#tell(report);
  }
}

function hex(id: number): string {
  return id.toString(16).padStart(8, '0');
}
