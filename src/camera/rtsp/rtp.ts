/** One packet of RTP (RFC 3550, 5.1). */
export interface RtpPacket {
  /** Set on the last packet of a picture. */
  readonly marker: boolean;
  readonly payloadType: number;
  /** 0 to 65535. */
  readonly sequence: number;
  /** 0 to 2^32 - 1. */
  readonly timestamp: number;
  readonly source: number;
  readonly payload: Uint8Array;
}

/** Takes a packet apart; `null` where its lengths do not fit together. */
export function readRtp(bytes: Uint8Array): RtpPacket | null {
  if (bytes.length < 12) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getUint8(0);
  if (first >> 6 !== 2) return null;
  let start = 12 + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (start + 4 > bytes.length) return null;
    start += 4 + 4 * view.getUint16(start + 2);
  }
  const padding = first & 0x20 ? view.getUint8(bytes.length - 1) : 0;
  const end = bytes.length - padding;
  if (start > end || (first & 0x20 && padding === 0)) return null;
  return {
    marker: (view.getUint8(1) & 0x80) !== 0,
    payloadType: view.getUint8(1) & 0x7f,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    source: view.getUint32(8),
    payload: bytes.subarray(start, end),
  };
}

/** Watches sequence numbers: over TCP packets come in order, but a camera that is too slow leaves some out. */
export class SequenceWatch {
  #next: number | null = null;
  #source = 0;
  #resync: number | null = null;
  #first = 0;
  #cycles = 0;
  received = 0;
  lost = 0;

  /** Highest sequence number with the count of its wraps above, as receiver reports want it. */
  get highest(): number {
    return this.#cycles * 65_536 + (((this.#next ?? 1) + 65_535) % 65_536);
  }

  get expected(): number {
    return this.#next === null ? 0 : this.highest - this.#first + 1;
  }

  /** How many packets are missing before this one; `null` for one that is to be thrown away: old or double. */
  observe(sequence: number, source: number): number | null {
    if (this.#next === null || source !== this.#source) {
      const changed = this.#next !== null;
      this.#begin(sequence, source);
      return changed ? 1 : 0;
    }
    const gap = (sequence - this.#next + 65_536) % 65_536;
    if (gap >= 32_768) {
      // Two in a row: the numbering has begun anew.
      const again = sequence === this.#resync;
      this.#resync = (sequence + 1) % 65_536;
      if (!again) return null;
      this.#begin(sequence, source);
      return 1;
    }
    this.#resync = null;
    this.#advance(sequence);
    this.received++;
    this.lost += gap;
    return gap;
  }

  #begin(sequence: number, source: number): void {
    this.#source = source;
    this.#first = sequence;
    this.#cycles = 0;
    this.#resync = null;
    this.#next = (sequence + 1) % 65_536;
    if (this.#next === 0) this.#cycles = 1;
    this.received++;
  }

  #advance(sequence: number): void {
    const next = (sequence + 1) % 65_536;
    if (next < (this.#next ?? 0)) this.#cycles++;
    this.#next = next;
  }
}
