/**
 * The RTSP reader: takes the pictures of a camera off the network and hands each to ffmpeg, which only decodes,
 * as soon as its last packet is there. connection.ts talks RTSP (message.ts takes it apart, auth.ts proves who
 * we are), setup.ts and sdp.ts find the video, assembler.ts and nal.ts put pictures together out of packets
 * (rtp.ts), timeline.ts finds each again behind ffmpeg, reception.ts keeps the account; reader.ts joins them.
 * Everything here reads what a stranger may send: it throws MenshenError or UnsupportedStream, and holds little.
 */
export { RtspReader } from './reader.ts';
export type { VideoCodec } from './sdp.ts';
export type { PictureTime } from './timeline.ts';
export { UnsupportedStream } from './unsupported.ts';
