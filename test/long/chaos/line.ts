import { connect, createServer, type Server, type Socket } from 'node:net';

/** From the gate to the broker, or back. */
export const WAYS = ['up', 'down'] as const;
export type Way = (typeof WAYS)[number];

interface Connection {
  readonly up: Socket;
  readonly down: Socket;
}

/** What befalls the byte so many bytes from now. */
interface Doom {
  readonly kind: 'cut' | 'corrupt';
  readonly way: Way;
  bytesLeft: number;
}

/** A network between gate and broker that cuts, stalls and corrupts, as a test tells it to. */
export class TroubledLine {
  readonly port: number;
  readonly #server: Server;
  readonly #brokerPort: number;
  readonly #connections = new Set<Connection>();
  readonly #stalled = new Set<Way>();
  #isOpen = true;
  #doom: Doom | null = null;

  static async start(brokerPort: number): Promise<TroubledLine> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TroubledLine(server, brokerPort);
  }

  private constructor(server: Server, brokerPort: number) {
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#server = server;
    this.#brokerPort = brokerPort;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Connections stand at present. */
  get isUsed(): boolean {
    return this.#connections.size > 0;
  }

  /** New connections come through again. */
  open(): void {
    this.#isOpen = true;
  }

  /** Everything is cut off, and nothing comes through until `open`. */
  shut(): void {
    this.#isOpen = false;
    for (const connection of this.#connections) this.#end(connection);
  }

  /** Cuts the connection, or flips a bit in it, after so many more bytes of one way: in the middle of whatever they are. */
  doom(kind: Doom['kind'], way: Way, bytes: number): void {
    this.#doom = { kind, way, bytesLeft: bytes };
  }

  /** Nothing moves on this way until `resume`; no end of a connection is told either. */
  stall(way: Way): void {
    this.#stalled.add(way);
    for (const connection of this.#connections) connection[way].pause();
  }

  resume(): void {
    this.#stalled.clear();
    for (const { up, down } of this.#connections) {
      up.resume();
      down.resume();
    }
  }

  close(): void {
    this.shut();
    this.#server.close();
  }

  #accept(up: Socket): void {
    up.on('error', () => {});
    if (!this.#isOpen) {
      up.destroy();
      return;
    }
    const down = connect(this.#brokerPort, '127.0.0.1');
    const connection = { up, down };
    this.#connections.add(connection);
    down.on('error', () => {});
    up.on('close', () => this.#end(connection));
    down.on('close', () => this.#end(connection));
    up.on('data', (chunk: Buffer) => this.#pass('up', connection, chunk));
    down.on('data', (chunk: Buffer) => this.#pass('down', connection, chunk));
    for (const way of this.#stalled) connection[way].pause();
  }

  #pass(way: Way, connection: Connection, chunk: Buffer): void {
    const to = way === 'up' ? connection.down : connection.up;
    const doom = this.#doom;
    if (doom === null || doom.way !== way) {
      to.write(chunk);
    } else if (doom.bytesLeft >= chunk.length) {
      doom.bytesLeft -= chunk.length;
      to.write(chunk);
    } else {
      this.#doom = null;
      this.#strike(doom, connection, to, chunk);
    }
  }

  #strike({ kind, bytesLeft }: Doom, connection: Connection, to: Socket, chunk: Buffer): void {
    if (kind === 'corrupt') {
      const wrong = Buffer.from(chunk);
      wrong[bytesLeft] ^= 0x10;
      to.write(wrong);
      return;
    }
    to.end(chunk.subarray(0, bytesLeft), () => this.#end(connection));
  }

  #end(connection: Connection): void {
    this.#connections.delete(connection);
    connection.up.destroy();
    connection.down.destroy();
  }
}
