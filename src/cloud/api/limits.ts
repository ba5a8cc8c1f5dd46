const MEBIBYTE = 1024 * 1024;

/**
 * A still picture, as "接口要求" and the codes AI_OP_400013 and AI_OP_410002 state it. "2MB" is not said to be 2,000,000
 * or 2,097,152 bytes: what is sent stays below the smaller, what is accepted below the larger. The detection
 * table's "smaller than 7M" contradicts the text above it and is taken for a slip.
 */
export const PICTURE_LIMITS = {
  /** Bytes accepted, exclusive. */
  acceptBytes: 2 * MEBIBYTE,
  /** Bytes sent, at most. */
  sendBytes: 1_999_999,
  /** Pixels of the shorter side, at least, and of the longer, at most. */
  minSide: 32,
  maxSide: 5000,
  formats: ['JPEG', 'PNG', 'BMP'],
} as const;

/** The portrait of real-name authentication (6.3.5): JPEG only, 10 to 40 KB; within both readings of "KB". */
export const PORTRAIT_LIMITS = {
  minBytes: 10 * 1024,
  maxBytes: 40_000,
  /** resStr tells "J" below 5 KB: what is accepted from a caller who did not keep to 10 KB. */
  acceptMinBytes: 5 * 1024,
  formats: ['JPEG'],
} as const;

/**
 * The clip of action liveness (6.3.6). The parameter table says 8 MB after encoding, the requirements and AI_OP_400012
 * say 11 MB; 8 MB raw are 10.7 MB encoded, so the 8 MB of the table can only be the raw size.
 */
export const CLIP_LIMITS = {
  acceptBytes: 8 * MEBIBYTE,
  acceptEncodedBytes: 11 * MEBIBYTE,
  sendBytes: 8_000_000,
  sendEncodedBytes: 11_000_000,
  /** Seconds. */
  minSeconds: 1,
  maxSeconds: 8,
  minFps: 10,
  maxFps: 30,
  containers: ['mp4', 'avi', 'mov'],
} as const;
