import { readRtcp, receiverReport, type SenderReport } from './rtcp.ts';
import { SequenceWatch } from './rtp.ts';

/** Milliseconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/** Keeps the account of what came and what did not, and writes it to the camera. */
export class Reception {
  readonly #own: number;
  readonly #sequence = new SequenceWatch();
  #source = 0;
  #sender: SenderReport | null = null;
  #senderAt = 0;
  #reported = { expected: 0, lost: 0 };

  /** `own` is the number by which the camera knows us in reports, 32 bits. */
  constructor(own: number) {
    this.#own = own;
  }

  get packets(): number {
    return this.#sequence.received;
  }

  get lost(): number {
    return this.#sequence.lost;
  }

  /** The camera's own clock at an RTP time stamp, of its last report. */
  get senderClock(): { readonly unixMs: number; readonly rtpTimestamp: number } | null {
    if (this.#sender === null) return null;
    const { ntp, rtpTimestamp } = this.#sender;
    const unixMs = Number(ntp >> 32n) * 1000 + (Number(ntp & 0xffff_ffffn) * 1000) / 2 ** 32 - NTP_EPOCH_MS;
    return { unixMs, rtpTimestamp };
  }

  /** A packet of the stream came: how many are missing before it, or `null` to throw it away. */
  data(sequence: number, source: number): number | null {
    this.#source = source;
    return this.#sequence.observe(sequence, source);
  }

  /** A packet of RTCP came: true if the camera says good-bye. */
  control(bytes: Uint8Array, now: number): boolean {
    const { report, bye } = readRtcp(bytes);
    if (report !== null) {
      this.#sender = report;
      this.#senderAt = now;
    }
    return bye;
  }

  /** The report to send, or `null` before anything came. */
  report(now: number): Buffer | null {
    const { expected, lost, highest } = this.#sequence;
    if (expected === 0) return null;
    const fresh = Math.max(1, expected - this.#reported.expected);
    const fractionLost = Math.max(0, lost - this.#reported.lost) / fresh;
    this.#reported = { expected, lost };
    return receiverReport({
      own: this.#own,
      source: this.#source,
      fractionLost,
      lost,
      highest,
      report: this.#sender,
      sinceReportMs: now - this.#senderAt,
    });
  }
}
