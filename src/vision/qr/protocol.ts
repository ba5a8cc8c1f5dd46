/** What the vision process and its thread for QR codes say to one another. The memory of a picture goes to and fro. */
export interface QrTask {
  readonly luma: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export interface QrAnswer {
  /** What the codes in the picture say. */
  readonly texts: readonly string[];
  /** Milliseconds it took. */
  readonly ms: number;
  readonly luma: Uint8Array<ArrayBuffer>;
}
