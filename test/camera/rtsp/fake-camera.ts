import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** How the camera behaves; everything has a sound default. */
export interface FakeCameraOptions {
  readonly codec?: 'h264' | 'h265';
  readonly fps?: number;
  /** Answers a request instead of the default; `undefined` leaves it to the default. */
  readonly answer?: (request: FakeRequest, count: number) => string | undefined;
  /** Description instead of the default. */
  readonly sdp?: string;
  readonly headersOfDescribe?: readonly string[];
  /** Session header behind the id, `;timeout=60` say. */
  readonly timeout?: string;
  /** What happens to the packets of picture `n` before they are sent. */
  readonly packets?: (packets: Buffer[], n: number) => Buffer[];
  /** NAL units that are never sent. */
  readonly leaveOut?: (nal: Buffer) => boolean;
  /** RTP time stamp of the first picture. */
  readonly timestamp?: number;
  /** Called just before each picture is sent. */
  readonly onSent?: (n: number) => void;
  /** 0 (default) takes any free port. */
  readonly port?: number;
  /** Largest payload before a NAL unit goes in fragments. */
  readonly mtu?: number;
  /** When picture `n` is shown, in intervals since the first; by default when it is sent. */
  readonly order?: (n: number) => number;
}

export interface FakeRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface FakeCamera {
  readonly url: string;
  readonly requests: FakeRequest[];
  /** Bytes of RTCP that came from the client. */
  readonly reports: Buffer[];
  readonly port: number;
  stop(): void;
}

/** The access units of an Annex B file with delimiters, each as NAL units without start codes. */
export function nalUnits(file: string, codec: 'h264' | 'h265'): Buffer[][] {
  const data = readFileSync(file);
  const starts: number[] = [];
  for (let i = 0; i + 3 < data.length; i++)
    if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 1) starts.push(i + 3);
  const units: Buffer[][] = [];
  for (const [i, start] of starts.entries()) {
    let end = (starts[i + 1] ?? data.length + 3) - 3;
    while (end > start && data[end - 1] === 0) end--;
    const nal = data.subarray(start, end);
    const delimiter = codec === 'h264' ? ((nal[0] ?? 0) & 0x1f) === 9 : (((nal[0] ?? 0) >> 1) & 0x3f) === 35;
    if (delimiter) units.push([]);
    else units.at(-1)?.push(nal);
  }
  return units;
}

/** Payloads of one access unit: fragments where it must, the small units at its beginning together. */
export function payloads(unit: readonly Buffer[], codec: 'h264' | 'h265', mtu: number): Buffer[] {
  const large = unit.findIndex((nal) => nal.length >= 100);
  const small = large < 0 ? unit : unit.slice(0, large);
  const [h264, out] = [codec === 'h264', [] as Buffer[]];
  if (small.length > 1) {
    const head = h264 ? Buffer.of(0x78) : Buffer.of(48 << 1, 1);
    out.push(
      Buffer.concat([head, ...small.flatMap((nal) => [Buffer.of(nal.length >> 8, nal.length & 255), nal])]),
    );
  } else out.push(...small);
  for (const nal of unit.slice(small.length)) {
    if (nal.length <= mtu) {
      out.push(nal);
      continue;
    }
    const headLength = h264 ? 1 : 2;
    const type = h264 ? (nal[0] ?? 0) & 0x1f : ((nal[0] ?? 0) >> 1) & 0x3f;
    const head = h264 ? [((nal[0] ?? 0) & 0xe0) | 28] : [((nal[0] ?? 0) & 0x81) | (49 << 1), nal[1] ?? 0];
    for (let at = headLength; at < nal.length; at += mtu) {
      const flags = (at === headLength ? 0x80 : 0) | (at + mtu >= nal.length ? 0x40 : 0);
      out.push(Buffer.concat([Buffer.of(...head, flags | type), nal.subarray(at, at + mtu)]));
    }
  }
  return out;
}

/** One RTP packet. */
export function rtp(payload: Buffer, sequence: number, timestamp: number, marker: boolean): Buffer {
  const head = Buffer.alloc(12);
  head.set([0x80, (marker ? 0x80 : 0) | 96]);
  head.writeUInt16BE(sequence % 65_536, 2);
  head.writeUInt32BE(timestamp % 2 ** 32, 4);
  head.writeUInt32BE(0xcafe, 8);
  return Buffer.concat([head, payload]);
}

export function interleaved(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x24, channel, packet.length >> 8, packet.length & 255), packet]);
}

export function description(codec: 'h264' | 'h265'): string {
  return `v=0\r\ns=test\r\nt=0 0\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:audio\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 ${codec.toUpperCase()}/90000\r\na=control:track1\r\n`;
}

/** A camera made for one test, on 127.0.0.1. */
export async function fakeCamera(file: string, options: FakeCameraOptions = {}): Promise<FakeCamera> {
  const codec = options.codec ?? 'h264';
  const { leaveOut = () => false } = options;
  const units = nalUnits(file, codec).map((unit) => unit.filter((nal) => !leaveOut(nal)));
  const requests: FakeRequest[] = [];
  const reports: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let rest = Buffer.alloc(0);
    let timer: NodeJS.Timeout | undefined;
    socket.on('close', () => clearInterval(timer));
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        if (rest[0] === 0x24) {
          const length = 4 + rest.readUInt16BE(2);
          reports.push(rest.subarray(4, length));
          rest = rest.subarray(length);
          continue;
        }
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) break;
        const request = readRequest(rest.toString('latin1', 0, end));
        rest = rest.subarray(end + 4);
        requests.push(request);
        const count = requests.filter(({ method }) => method === request.method).length;
        const answer = options.answer?.(request, count) ?? defaultAnswer(request, codec, options);
        socket.write(answer.replace('\r\n', `\r\nCSeq: ${request.headers.get('cseq')}\r\n`));
        if (request.method === 'PLAY' && answer.startsWith('RTSP/1.0 200'))
          timer = play(socket, units, codec, options);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stop = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `rtsp://127.0.0.1:${address.port}/live`, requests, reports, port: address.port, stop };
}

function play(
  socket: Socket,
  units: Buffer[][],
  codec: 'h264' | 'h265',
  options: FakeCameraOptions,
): NodeJS.Timeout {
  const { fps = 15, mtu = 1400, timestamp = 1000, order } = options;
  const start = performance.now();
  let [n, sequence] = [0, 65_500];
  const send = (): void => {
    const unit = units[n % units.length] ?? [];
    const parts = payloads(unit, codec, mtu);
    const elapsed = order === undefined ? performance.now() - start : (order(n) * 1000) / fps;
    const time = timestamp + Math.round(elapsed * 90);
    const packets = parts.map((part, i) => rtp(part, sequence + i, time, i === parts.length - 1));
    sequence += parts.length;
    options.onSent?.(n);
    for (const packet of options.packets?.(packets, n) ?? packets) socket.write(interleaved(0, packet));
    n++;
  };
  return setInterval(send, 1000 / fps);
}

function readRequest(text: string): FakeRequest {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', uri = ''] = first.split(' ');
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  return { method, uri, headers };
}

function defaultAnswer(
  { method, uri }: FakeRequest,
  codec: 'h264' | 'h265',
  options: FakeCameraOptions,
): string {
  const session = `Session: abc${options.timeout ?? ';timeout=60'}\r\n`;
  if (method === 'OPTIONS')
    return 'RTSP/1.0 200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n\r\n';
  if (method === 'DESCRIBE') {
    const body = options.sdp ?? description(codec);
    const extra = (options.headersOfDescribe ?? [`Content-Base: ${uri}/`])
      .map((line) => `${line}\r\n`)
      .join('');
    return `RTSP/1.0 200 OK\r\n${extra}Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }
  if (method === 'SETUP')
    return `RTSP/1.0 200 OK\r\n${session}Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n`;
  return `RTSP/1.0 200 OK\r\n${session}\r\n`;
}

/** What RFC 2617 and 7616 want as response, reckoned anew here. */
export function digestResponse(
  algorithm: 'md5' | 'sha256',
  user: string,
  password: string,
  request: FakeRequest,
  fields: ReadonlyMap<string, string>,
): string {
  const hash = (text: string): string => createHash(algorithm).update(text, 'utf8').digest('hex');
  const field = (name: string): string => fields.get(name) ?? '';
  const [a1, a2] = [hash(`${user}:${field('realm')}:${password}`), hash(`${request.method}:${field('uri')}`)];
  const middle = fields.has('qop')
    ? `${field('nonce')}:${field('nc')}:${field('cnonce')}:${field('qop')}`
    : field('nonce');
  return hash(`${a1}:${middle}:${a2}`);
}
