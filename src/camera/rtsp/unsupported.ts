/** The camera sends something this reader does not read, and ffmpeg's own may. */
export class UnsupportedStream extends Error {}
