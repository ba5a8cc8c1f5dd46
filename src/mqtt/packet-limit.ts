/**
 * Follows the framing of the packets that come in (MQTT 3.1.1 section 2.2, MQTT 5 section 2.1) to find one that is
 * too large by its header, before its body is collected in memory: MQTT 3.1.1 has no Maximum Packet Size, and a
 * broker need not keep to that of MQTT 5.
 */
export class PacketLimit {
  readonly #maxBytes: number;
  /** Bytes of the present packet's body still to come. */
  #body = 0;
  #length = 0;
  /** Of the next byte of the remaining length; -1 before the first byte of a packet. */
  #shift = -1;

  /** @param maxBytes largest remaining length of a packet, below 2^28 */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes; false when a packet is larger than allowed or its length is malformed. */
  feed(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const passed = Math.min(this.#body, chunk.length - at);
        this.#body -= passed;
        at += passed;
      } else if (!this.#header(chunk[at++] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  #header(byte: number): boolean {
    if (this.#shift < 0) {
      this.#shift = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) << this.#shift;
    this.#shift += 7;
    const more = byte >= 0x80;
    if (this.#length > this.#maxBytes || (more && this.#shift > 21)) {
      return false;
    }
    if (!more) {
      this.#body = this.#length;
      this.#shift = -1;
    }
    return true;
  }
}
