import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { MenshenError, messageOf, redactUrl } from '../../common/index.ts';
import type { Credentials } from '../credentials.ts';
import { Authenticator } from './auth.ts';
import { type RtspMessage, RtspParser } from './message.ts';

const PORTS: Readonly<Record<string, number>> = { 'rtsp:': 554, 'rtsps:': 322 };
/** A first refusal, and a nonce that expired. */
const MAX_TRIES = 3;
/** Packets are read one behind the other into blocks of memory; a new block is begun when less than a reading's length is left. */
const BLOCK_BYTES = 512 * 1024;
const READING_BYTES = 64 * 1024;

interface Waiting {
  readonly resolve: (message: RtspMessage) => void;
  readonly reject: (error: MenshenError) => void;
}

export interface ConnectionListener {
  onPacket(channel: number, bytes: Uint8Array): void;
  /** The connection is gone; told once, also before it stood. */
  onClose(error: MenshenError): void;
}

/** One RTSP connection: requests, their answers, and the packets in between. */
export class Connection {
  readonly #socket: Socket;
  readonly #auth: Authenticator;
  readonly #listener: ConnectionListener;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened: Promise<void>;
  #sequence = 0;
  #closed: MenshenError | null = null;
  #connected = false;

  /** Begins to connect. With rtsps:// the certificate is checked. */
  constructor(url: string, credentials: Credentials | null, listener: ConnectionListener) {
    this.#listener = listener;
    this.#auth = new Authenticator(credentials);
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const target = {
      host,
      port: port === '' ? (PORTS[protocol] ?? 554) : Number(port),
      onread: this.#read(),
    };
    const tls = protocol === 'rtsps:';
    this.#socket = tls
      ? connectTls({ ...target, ...(isIP(host) ? {} : { servername: host }) })
      : connectTcp(target);
    this.#socket.setNoDelay(true);
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.once(tls ? 'secureConnect' : 'connect', () => {
        this.#connected = true;
        resolve();
      });
      this.#socket.once('close', () => reject(this.#closed));
    });
    this.#opened.catch(() => {});
    this.#socket.on('error', (error) => this.#finish(this.#failure(error)));
    this.#socket.on('close', () =>
      this.#finish(new MenshenError('CAMERA_NO_FRAMES', 'the camera closed the connection')),
    );
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Sends a request and waits for its answer of 2xx. Throws MenshenError on any other, and when the connection ends. */
  async request(method: string, uri: string, headers: readonly string[] = []): Promise<RtspMessage> {
    await this.#opened;
    for (let tries = 1; ; tries++) {
      const answer = await this.#exchange(method, uri, headers);
      const status = answer.status ?? 0;
      if (status >= 200 && status < 300) return answer;
      const again = status === 401 && this.#auth.challenge(answer.headers.get('www-authenticate') ?? []);
      if (!again || tries >= MAX_TRIES) throw refusal(method, answer);
    }
  }

  /** Sends a packet on a channel; left out where the camera does not read. */
  send(channel: number, packet: Buffer): void {
    if (this.#socket.writableLength > 0) return;
    this.#socket.write(
      Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]),
    );
  }

  /** Says good-bye without waiting for an answer, and closes. */
  close(goodbye: { readonly uri: string; readonly headers: readonly string[] } | null): void {
    if (goodbye !== null && this.#closed === null && this.#connected) {
      // Closed at once, with packets unread, the reset would overtake the good-bye; but not all cameras close.
      this.#socket.end(this.#compose('TEARDOWN', goodbye.uri, goodbye.headers));
      setTimeout(() => this.#socket.destroy(), 500).unref();
    } else this.#socket.destroy();
    this.#finish(new MenshenError('CAMERA_ENDED', 'we closed the connection'));
  }

  #exchange(method: string, uri: string, headers: readonly string[]): Promise<RtspMessage> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const request = this.#compose(method, uri, headers);
    const sequence = this.#sequence;
    return new Promise((resolve, reject) => {
      this.#waiting.set(sequence, { resolve, reject });
      this.#socket.write(request);
    });
  }

  #compose(method: string, uri: string, headers: readonly string[]): Buffer {
    this.#sequence++;
    const authorization = this.#auth.header(method, uri);
    const lines = [
      `${method} ${uri} RTSP/1.0`,
      `CSeq: ${this.#sequence}`,
      'User-Agent: Menshen',
      ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
      ...headers,
    ];
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  }

  /**
   * Bytes go past the stream that a socket is: its buffers, events and 64 KiB of new memory for every packet were a tenth of
   * what an idle camera cost. What was read stays as it is as long as somebody holds it: packets are views into it.
   */
  #read(): OnReadOpts {
    const parser = new RtspParser({
      onMessage: (message) => this.#take(message),
      onPacket: (channel, bytes) => {
        if (this.#closed === null) this.#listener.onPacket(channel, bytes);
      },
    });
    let room = Buffer.alloc(0);
    return {
      buffer: () => {
        if (room.length < READING_BYTES) room = Buffer.allocUnsafeSlow(BLOCK_BYTES);
        return room;
      },
      callback: (count) => {
        const chunk = room.subarray(0, count);
        room = room.subarray(count);
        this.#parse(parser, chunk);
        return true;
      },
    };
  }

  #parse(parser: RtspParser, chunk: Uint8Array): void {
    if (this.#closed !== null) return;
    try {
      parser.push(chunk);
    } catch (error) {
      this.#finish(error instanceof MenshenError ? error : new MenshenError('INTERNAL', messageOf(error)));
      this.#socket.destroy();
    }
  }

  #take(message: RtspMessage): void {
    if (message.status === null) {
      // A camera's own request: OPTIONS as a sign of life, or announcements. We know none.
      const sequence = message.headers.get('cseq')?.[0] ?? '';
      if (!/^\d{1,9}$/.test(sequence) || this.#socket.writableLength > 0) return;
      this.#socket.write(`RTSP/1.0 501 Not Implemented\r\nCSeq: ${sequence}\r\n\r\n`);
      return;
    }
    const sequence = Number(message.headers.get('cseq')?.[0] ?? Number.NaN);
    // Cameras that leave the number out answer in order.
    const key = Number.isNaN(sequence) ? this.#waiting.keys().next().value : sequence;
    const waiting = key === undefined ? undefined : this.#waiting.get(key);
    if (key === undefined || waiting === undefined) return;
    this.#waiting.delete(key);
    waiting.resolve(message);
  }

  #failure(error: NodeJS.ErrnoException): MenshenError {
    const code = error.code ?? '';
    const what = messageOf(error);
    if (this.#connected)
      return new MenshenError('CAMERA_NO_FRAMES', `the connection broke (${code || what})`);
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return new MenshenError(
        'CAMERA_UNREACHABLE',
        'the host name cannot be resolved; check the URL and the DNS',
      );
    if (/CERT|SIGNED|ALTNAME|ISSUER|^ERR_(TLS|SSL)/.test(code))
      return new MenshenError(
        'CAMERA_UNREACHABLE',
        `the camera's certificate is not accepted (${code}); "reader: ffmpeg" encrypts without checking it`,
      );
    return new MenshenError(
      'CAMERA_UNREACHABLE',
      `no connection (${code || what}); check address, port and network`,
    );
  }

  #finish(error: MenshenError): void {
    if (this.#closed !== null) return;
    this.#closed = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#listener.onClose(error);
  }
}

/** What an answer other than 2xx means. */
function refusal(method: string, { status, text, headers }: RtspMessage): MenshenError {
  const said = `${status} ${text.replace(/[^\x20-\x7e]/g, '').slice(0, 60)}`.trim();
  if (status === 401 || status === 403)
    return new MenshenError(
      'CAMERA_AUTH_FAILED',
      `the camera refused user or password (${said}); check "username" and "password"`,
    );
  if (status === 404 || status === 400)
    return new MenshenError(
      'CAMERA_NOT_FOUND',
      `the camera has no stream under this path (${said}); check the path of the URL`,
    );
  if (status !== null && status >= 300 && status < 400) {
    const where = redactUrl(headers.get('location')?.[0]?.slice(0, 200) ?? 'nowhere');
    return new MenshenError(
      'CAMERA_NOT_FOUND',
      `the camera sends us on to ${where}, which is not followed; put that address into "source" if it is right`,
    );
  }
  return new MenshenError('CAMERA_NO_FRAMES', `the camera answered ${said} to ${method}`);
}
