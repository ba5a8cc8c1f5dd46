/** Frames a second of a clip: the API takes 10 to 30, and a blink shows at 15. */
export const CLIP_FPS = 15;
/** The most that is sent (CLIP_LIMITS of src/cloud); the encoder's rates stay well under it. */
export const MAX_CLIP_BYTES = 8_000_000;
