/** The camera's own clock at one of its time stamps. */
export interface SenderReport {
  /** Seconds since 1900 in the upper, parts of one in the lower 32 bits. */
  readonly ntp: bigint;
  /** The RTP time stamp of that moment. */
  readonly rtpTimestamp: number;
}

export interface RtcpReading {
  readonly report: SenderReport | null;
  /** The camera says that the stream has ended. */
  readonly bye: boolean;
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const DESCRIPTION = 202;
const BYE = 203;

/** Reads a compound packet (RFC 3550, 6); stops without complaint where its lengths do not fit. */
export function readRtcp(bytes: Uint8Array): RtcpReading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let report: SenderReport | null = null;
  let bye = false;
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (view.getUint8(at) >> 6 !== 2 || end > bytes.length) break;
    const type = view.getUint8(at + 1);
    if (type === SENDER_REPORT && end - at >= 28)
      report = { ntp: view.getBigUint64(at + 8), rtpTimestamp: view.getUint32(at + 16) };
    if (type === BYE) bye = true;
    at = end;
  }
  return { report, bye };
}

/** What a receiver report tells the camera. */
export interface Reception {
  readonly own: number;
  readonly source: number;
  /** Share of the packets lost since the last report, 0 to 1. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly highest: number;
  /** The last sender report, and milliseconds since it came. */
  readonly report: SenderReport | null;
  readonly sinceReportMs: number;
}

/** A receiver report with the name that RFC 3550 asks for. Jitter is told as 0: TCP hides it. */
export function receiverReport(r: Reception): Buffer {
  const rr = Buffer.alloc(32);
  rr.set([0x81, RECEIVER_REPORT, 0, 7]);
  rr.writeUInt32BE(r.own, 4);
  rr.writeUInt32BE(r.source, 8);
  rr.writeUInt8(Math.min(255, Math.floor(r.fractionLost * 256)), 12);
  rr.writeUIntBE(Math.min(r.lost, 0x7f_ffff), 13, 3);
  rr.writeUInt32BE(r.highest % 2 ** 32, 16);
  if (r.report !== null) {
    rr.writeUInt32BE(Number((r.report.ntp >> 16n) & 0xffff_ffffn), 24);
    rr.writeUInt32BE(Math.round((r.sinceReportMs * 65_536) / 1000) % 2 ** 32, 28);
  }
  // One chunk of source description: CNAME (1), then zeros up to a full word.
  const name = Buffer.from('menshen', 'latin1');
  const sdes = Buffer.alloc(20);
  sdes.set([0x81, DESCRIPTION, 0, 4]);
  sdes.writeUInt32BE(r.own, 4);
  sdes.set([1, name.length, ...name], 8);
  return Buffer.concat([rr, sdes]);
}
