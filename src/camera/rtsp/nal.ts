import type { VideoCodec } from './sdp.ts';

/** A piece of a picture out of one packet. */
export interface Piece {
  /** `whole`: a NAL unit. `begin`, `more`, `end`: one in fragments, the first with its header put back. */
  readonly part: 'whole' | 'begin' | 'more' | 'end';
  readonly bytes: readonly Uint8Array[];
}

/** What the assembly of pictures needs to know of a NAL unit. */
export interface NalKind {
  /** Holds a piece of the picture itself. */
  readonly slice: boolean;
  /** First slice of its picture; only for slices. */
  readonly first: boolean;
  /** Decoding can begin with this picture. */
  readonly key: boolean;
  /** Sequence parameter set. */
  readonly sequence: boolean;
  /** Begins with an I slice; with a sequence parameter set before it a picture to begin with as well. */
  readonly intra: boolean;
}

/** How a codec goes into RTP. */
export interface Packing {
  /** The pieces in a payload; `null` where it is malformed, or of a kind this reader does not know. */
  unpack(payload: Uint8Array): Piece[] | null;
  /** Kind of a NAL unit by its first bytes. */
  kindOf(nal: Uint8Array): NalKind;
}

export function packingOf(codec: VideoCodec): Packing {
  return codec === 'h264' ? H264 : H265;
}

/** RFC 6184: single NAL units, STAP-A (24), FU-A (28). */
const H264: Packing = {
  unpack(payload) {
    const [head, fragment] = payload;
    if (head === undefined) return null;
    const type = head & 0x1f;
    if (type >= 1 && type <= 23) return [{ part: 'whole', bytes: [payload] }];
    if (type === 24) return aggregate(payload.subarray(1));
    if (type !== 28 || fragment === undefined) return null;
    const nalHead = Uint8Array.of((head & 0xe0) | (fragment & 0x1f));
    return fragmentOf(fragment, nalHead, payload.subarray(2));
  },
  kindOf(nal) {
    const [head = 0, a = 0, b = 0] = nal;
    const type = head & 0x1f;
    const slice = type === 1 || type === 2 || type === 5;
    return {
      slice,
      // first_mb_in_slice is 0: the bit 1 of an Exp-Golomb number.
      first: slice && (a & 0x80) !== 0,
      // 5: IDR. 6: supplemental information, of which 6 is a recovery point; count 0: right from here.
      key: type === 5 || (type === 6 && a === 6 && nal.length > 3 && b > 0 && ((nal[3] ?? 0) & 0x80) !== 0),
      sequence: type === 7,
      // slice_type 2 (011) or 7 (0001000) behind that bit.
      intra: slice && ((a & 0xf0) === 0xb0 || a === 0x88),
    };
  },
};

/** RFC 7798: single NAL units, AP (48), FU (49). */
const H265: Packing = {
  unpack(payload) {
    const [head, layer, fragment] = payload;
    if (head === undefined || layer === undefined) return null;
    const type = (head >> 1) & 0x3f;
    if (type < 48) return [{ part: 'whole', bytes: [payload] }];
    if (type === 48) return aggregate(payload.subarray(2));
    if (type !== 49 || fragment === undefined) return null;
    const nalHead = Uint8Array.of((head & 0x81) | ((fragment & 0x3f) << 1), layer);
    return fragmentOf(fragment, nalHead, payload.subarray(3));
  },
  kindOf(nal) {
    const [head = 0, , a = 0] = nal;
    const type = (head >> 1) & 0x3f;
    const slice = type < 32;
    return {
      slice,
      first: slice && (a & 0x80) !== 0,
      // BLA, IDR and CRA.
      key: type >= 16 && type <= 23,
      sequence: type === 33,
      intra: false,
    };
  },
};

/** Several NAL units in one packet, each after its length in two bytes. */
function aggregate(rest: Uint8Array): Piece[] | null {
  const pieces: Piece[] = [];
  for (let at = 0; at < rest.length; ) {
    const [high, low] = rest.subarray(at, at + 2);
    if (high === undefined || low === undefined) return null;
    const end = at + 2 + high * 256 + low;
    if (end > rest.length || end === at + 2) return null;
    pieces.push({ part: 'whole', bytes: [rest.subarray(at + 2, end)] });
    at = end;
  }
  return pieces.length === 0 ? null : pieces;
}

/** Bit 7 of the fragment's header marks the first, bit 6 the last. */
function fragmentOf(header: number, nalHead: Uint8Array, bytes: Uint8Array): Piece[] | null {
  if (bytes.length === 0) return null;
  const [begins, ends] = [(header & 0x80) !== 0, (header & 0x40) !== 0];
  if (begins && ends) return [{ part: 'whole', bytes: [nalHead, bytes] }];
  if (begins) return [{ part: 'begin', bytes: [nalHead, bytes] }];
  return [{ part: ends ? 'end' : 'more', bytes: [bytes] }];
}
