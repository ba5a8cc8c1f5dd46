import { type NalKind, type Packing, type Piece, packingOf } from './nal.ts';
import type { RtpPacket } from './rtp.ts';
import type { VideoCodec } from './sdp.ts';

/** One picture in Annex B. */
export interface AccessUnit {
  readonly data: Buffer;
  /** Decoding can begin here. */
  readonly key: boolean;
  /** RTP time stamp, 0 to 2^32 - 1. */
  readonly timestamp: number;
  /** When its first packet came, milliseconds of CLOCK_MONOTONIC. */
  readonly arrival: number;
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);
/** More than any camera's key picture; beyond it somebody lies. */
const MAX_UNIT_BYTES = 8 * 1024 * 1024;
/** A picture has at most some hundred slices; each piece costs memory of its own. */
const MAX_PIECES = 16_384;

/**
 * Puts pictures together out of packets. A picture is handed on with the packet that has RTP's marker bit, or
 * when another time stamp begins. With a packet missing, its picture and all after it are left out up to the
 * next picture with which decoding can begin: nobody shall be recognised in a damaged picture.
 */
export class Assembler {
  readonly #packing: Packing;
  readonly #onUnit: (unit: AccessUnit) => void;
  readonly #onMissed: (picture: Pick<AccessUnit, 'timestamp' | 'arrival'>) => void;
  #parameterSets: readonly Uint8Array[];
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #timestamp: number | null = null;
  #arrival = 0;
  #slices = 0;
  #key = false;
  #sequence = false;
  #intra = false;
  #inFragment = false;
  #damaged = false;
  /** Time stamp of the last marker bit, while no packet is missing since. */
  #marked: number | null = null;
  #waitForKey = true;
  #waited = false;
  /** A picture was handed on. */
  #begun = false;
  /** Pictures left out because something of them, or of one they build on, was missing. */
  discarded = 0;
  /** Pictures that went on after their marker bit: the camera sets it wrongly. */
  torn = 0;

  /**
   * `parameterSets` are written before the first picture, unless it brings its own. `onMissed` hears of the whole pictures
   * that came before the first with which decoding can begin.
   */
  constructor(
    codec: VideoCodec,
    parameterSets: readonly Uint8Array[],
    onUnit: (unit: AccessUnit) => void,
    onMissed: (picture: Pick<AccessUnit, 'timestamp' | 'arrival'>) => void = () => {},
  ) {
    this.#packing = packingOf(codec);
    this.#parameterSets = parameterSets;
    this.#onUnit = onUnit;
    this.#onMissed = onMissed;
  }

  /** Takes the next packet; `lost` packets are missing before it. */
  push(packet: RtpPacket, lost: number, arrival: number): void {
    if (lost > 0) this.#marked = null;
    if (lost > 0 && this.#chunks.length > 0) this.#damage();
    if (packet.timestamp !== this.#timestamp) {
      this.#flush();
      this.#timestamp = packet.timestamp;
      this.#arrival = arrival;
    }
    if (lost > 0) this.#damage();
    // Without payload: nothing but padding, as some cameras send to keep the line warm.
    const pieces = packet.payload.length === 0 ? [] : this.#packing.unpack(packet.payload);
    if (pieces === null) this.#damage();
    else for (const piece of pieces) this.#add(piece);
    if (packet.marker) {
      this.#flush();
      this.#marked = packet.timestamp;
    }
  }

  /** Leaves pictures out up to the next with which decoding can begin. */
  waitForKey(): void {
    this.#waitForKey = true;
    this.#waited = true;
  }

  #add(piece: Piece): void {
    if (this.#damaged) return;
    const begins = piece.part === 'whole' || piece.part === 'begin';
    if (begins === this.#inFragment) {
      this.#damage();
      return;
    }
    this.#inFragment = piece.part === 'begin' || piece.part === 'more';
    const chunks = begins ? [START_CODE, ...piece.bytes] : piece.bytes;
    for (const chunk of chunks) this.#bytes += chunk.length;
    if (this.#bytes > MAX_UNIT_BYTES || this.#chunks.length > MAX_PIECES) {
      this.#damage();
      return;
    }
    this.#chunks.push(...chunks);
    if (begins) this.#note(this.#packing.kindOf(firstBytes(piece.bytes)));
  }

  #note(kind: NalKind): void {
    if (kind.slice) {
      if (this.#slices === 0 && !kind.first) {
        // Right at the beginning, or after a loss, it only means that we came in between.
        if (this.#timestamp === this.#marked) this.torn++;
        this.#damage();
        return;
      }
      this.#slices++;
    }
    this.#key ||= kind.key;
    this.#sequence ||= kind.sequence;
    this.#intra ||= kind.intra;
  }

  #damage(): void {
    this.#clear();
    this.#damaged = true;
    this.waitForKey();
  }

  /** Hands the picture on. Parameter sets that come alone, with a marker bit of their own, stay for the picture after them. */
  #flush(): void {
    if (this.#inFragment) this.#damage();
    if (this.#damaged) {
      this.discarded++;
      this.#clear();
      return;
    }
    const timestamp = this.#timestamp ?? 0;
    this.#timestamp = null;
    if (this.#slices === 0) return;
    const key = this.#key || (this.#sequence && this.#intra);
    if (this.#waitForKey && !key) {
      // Before the first key picture nothing is missing: we only came in between.
      if (this.#waited) this.discarded++;
      if (!this.#begun) this.#onMissed({ timestamp, arrival: this.#arrival });
      this.#clear();
      return;
    }
    this.#waitForKey = false;
    this.#begun = true;
    const before = this.#sequence ? [] : this.#parameterSets.flatMap((nal) => [START_CODE, nal]);
    this.#parameterSets = [];
    const data = Buffer.concat([...before, ...this.#chunks]);
    this.#clear();
    this.#onUnit({ data, key, timestamp, arrival: this.#arrival });
  }

  #clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#slices = 0;
    this.#key = false;
    this.#sequence = false;
    this.#intra = false;
    this.#inFragment = false;
    this.#damaged = false;
  }
}

/** A fragment's header stands apart from what follows. */
function firstBytes(bytes: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), second] = bytes;
  return second === undefined ? first : Buffer.concat([first, second.subarray(0, 4)]);
}
