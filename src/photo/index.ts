/**
 * Still pictures: a photo file becomes a `Picture`, and the face in it the JPEG that the gallery keeps.
 * This room loads sharp (libvips, native code), so the gate process never imports it: commands and the
 * processes that judge photos do; client.ts is what the gate may import. A newcomer begins with decode.ts.
 */
export { type DecodeOptions, decodePhoto, readPhoto, readPhotoBytes } from './decode.ts';
export { encodeFace, STORED_PIXELS } from './encode.ts';
export { fitJpeg, type JpegLimits } from './fit.ts';
export { formatOf, formatPromisedBy, PHOTO_FORMATS, type PhotoFormat } from './format.ts';
export { MAX_PIXELS } from './limits.ts';
