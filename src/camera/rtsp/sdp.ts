import { UnsupportedStream } from './unsupported.ts';

export type VideoCodec = 'h264' | 'h265';

/** The video of a camera as its description tells it. */
export interface VideoMedia {
  readonly codec: VideoCodec;
  readonly payloadType: number;
  /** Parameter sets (NAL units without start codes) told beforehand; empty where they come with the pictures. */
  readonly parameterSets: readonly Buffer[];
  /** Where to send SETUP. */
  readonly setupUrl: string;
  /** Where to send PLAY and what follows. */
  readonly playUrl: string;
}

interface Section {
  readonly media: string;
  readonly attributes: readonly string[];
}

const MAX_LINES = 500;
const MAX_PARAMETER_SETS = 16;
const CODECS: Readonly<Record<string, VideoCodec>> = { h264: 'h264', h265: 'h265' };

/**
 * Finds the first H.264 or H.265 video in a description (RFC 4566). `base` is what relative addresses in it
 * build on. Throws UnsupportedStream where there is none that we can read.
 */
export function readSdp(sdp: string, base: string): VideoMedia {
  const [session, ...sections] = sectionsOf(sdp);
  const videos = sections.filter(({ media }) => media.startsWith('video '));
  if (session === undefined || videos.length === 0)
    throw new UnsupportedStream('the camera describes no video');
  let why = '';
  for (const video of videos) {
    const found = readVideo(video);
    if (typeof found === 'string') {
      why ||= found;
      continue;
    }
    const playUrl = controlUrl(base, attribute(session, 'control') ?? '*');
    // A relative address of the media builds on the session's own address only where that is absolute.
    return { ...found, playUrl, setupUrl: controlUrl(playUrl, attribute(video, 'control') ?? '*') };
  }
  throw new UnsupportedStream(why);
}

function sectionsOf(sdp: string): Section[] {
  const sections: { media: string; attributes: string[] }[] = [{ media: '', attributes: [] }];
  for (const line of sdp.split(/\r?\n|\r/, MAX_LINES)) {
    if (line.startsWith('m=')) sections.push({ media: line.slice(2), attributes: [] });
    else if (line.startsWith('a=')) sections.at(-1)?.attributes.push(line.slice(2).trim());
  }
  return sections;
}

function readVideo(section: Section): Pick<VideoMedia, 'codec' | 'payloadType' | 'parameterSets'> | string {
  const [, , protocol, format] = section.media.split(/\s+/);
  const payloadType = Number(format);
  if (protocol !== 'RTP/AVP' && protocol !== 'RTP/AVPF') return `the video comes as ${clean(protocol)}`;
  if (!/^\d{1,3}$/.test(format ?? '') || payloadType > 127) return 'the video has no payload type';
  const [name = '', rate] = (formatLine(section, 'rtpmap', payloadType) ?? '').split('/');
  const codec = CODECS[name.toLowerCase()];
  if (codec === undefined) return `the video is ${clean(name) || `payload type ${payloadType}`}`;
  if (rate !== '90000') return `the clock of the video runs at ${clean(rate)}`;
  const parameters = formatParameters(formatLine(section, 'fmtp', payloadType) ?? '');
  if (parameters.get('packetization-mode') === '2') return 'the NAL units come interleaved';
  if (Number(parameters.get('sprop-max-don-diff') ?? 0) > 0) return 'the NAL units come out of order';
  return { codec, payloadType, parameterSets: parameterSets(codec, parameters) };
}

function attribute(section: Section, name: string): string | null {
  return (
    section.attributes
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? null
  );
}

/** An attribute of a payload type: `rtpmap:96 H264/90000`. */
function formatLine(section: Section, name: string, payloadType: number): string | null {
  const start = `${name}:${payloadType} `;
  return (
    section.attributes
      .find((line) => line.startsWith(start))
      ?.slice(start.length)
      .trim() ?? null
  );
}

function formatParameters(line: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of line.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return parameters;
}

function parameterSets(codec: VideoCodec, parameters: ReadonlyMap<string, string>): Buffer[] {
  const names = codec === 'h264' ? ['sprop-parameter-sets'] : ['sprop-vps', 'sprop-sps', 'sprop-pps'];
  return names
    .flatMap((name) => (parameters.get(name) ?? '').split(','))
    .map((text) => Buffer.from(text, 'base64'))
    .filter((nal) => nal.length > 1)
    .slice(0, MAX_PARAMETER_SETS);
}

/** Cameras mean "one level below" by a relative address, with or without a slash at the end of the base. */
function controlUrl(base: string, control: string): string {
  const absolute = /^rtsps?:\/\//i.test(control);
  const url =
    control === '*' || control === '' ? base : absolute ? control : `${base.replace(/\/$/, '')}/${control}`;
  if (!/^[\x21-\x7e]{1,1024}$/.test(url))
    throw new UnsupportedStream('the description holds no usable address');
  return url;
}

/** What a camera wrote, fit for a log line. */
function clean(text = ''): string {
  return text.replace(/[^\w./-]/g, '').slice(0, 30);
}
