import { connect, type Socket } from 'node:net';
import type { ModbusTCPClient } from 'jsmodbus';
import { messageOf } from '../../common/index.ts';
import type { Level } from './driver.ts';

export interface BoardAddress {
  readonly host: string;
  readonly port: number;
  readonly unit: number;
  readonly timeoutMs: number;
}

/** How often the coils are read back: a board that restarted, or whose own watchdog struck, has let its relays go. */
const COILS_MS = 1000;
/** As many bits as one request may ask for. */
const MAX_BITS = 2000;

interface Watched {
  readonly pollMs: number;
  onLevel(level: Level): void;
  onLost(error: Error): void;
}

interface Driven {
  /** Level last written; null while a write is under way. */
  level: Level | null;
  onLost(error: Error): void;
}

/**
 * One relay board: one connection, which carries one request at a time, made when something is asked. Any failure
 * ends the connection and is told to every line of the board; the next request connects anew.
 */
export class ModbusBoard {
  readonly #address: BoardAddress;
  readonly #inputs = new Map<number, Watched>();
  readonly #coils = new Map<number, Driven>();
  #session: Promise<Session> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #coilsRead = 0;

  constructor(address: BoardAddress) {
    this.#address = address;
  }

  /** Nothing uses the board. */
  get idle(): boolean {
    return this.#inputs.size === 0 && this.#coils.size === 0;
  }

  /** Sets a coil without keeping it. @throws Error why it could not be set */
  async write(coil: number, level: Level): Promise<void> {
    const driven = this.#coils.get(coil);
    if (driven !== undefined) driven.level = null;
    await this.#ask(async ({ client }) => {
      const { response } = await client.writeSingleCoil(coil, level === 1);
      if (response.body.value !== (level === 1)) throw new Error('the board confirmed another level');
    });
    if (driven !== undefined) driven.level = level;
  }

  /** Sets a coil and keeps an eye on it from now on. */
  async drive(coil: number, level: Level, onLost: (error: Error) => void): Promise<void> {
    if (this.#coils.has(coil)) throw new Error('it is used twice');
    this.#coils.set(coil, { level: null, onLost });
    try {
      await this.write(coil, level);
    } catch (error) {
      this.#coils.delete(coil);
      throw error;
    }
    this.#schedule();
  }

  /** Reads an input and watches it from now on. */
  async watch(input: number, watched: Watched): Promise<Level> {
    if (this.#inputs.has(input)) throw new Error('it is used twice');
    const [level] = await this.#ask(({ client }) => readBits(client, 'discrete', input, 1));
    this.#inputs.set(input, watched);
    this.#schedule();
    return level ?? 0;
  }

  /** The level last written to a coil that is driven; null when nobody knows. */
  levelOf(coil: number): Level | null {
    return this.#coils.get(coil)?.level ?? null;
  }

  release(coil: number): void {
    this.#coils.delete(coil);
    if (this.idle) this.close();
  }

  unwatch(input: number): void {
    this.#inputs.delete(input);
    if (this.idle) this.close();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#inputs.clear();
    this.#coils.clear();
    this.#drop();
  }

  #drop(): void {
    this.#session?.then(({ socket }) => socket.destroy()).catch(() => {});
    this.#session = null;
  }

  async #ask<T>(request: (session: Session) => Promise<T>): Promise<T> {
    const opening = this.#session ?? this.#connect();
    try {
      return await request(await opening);
    } catch (error) {
      const reason = new Error(reasonOf(error), { cause: error });
      this.#lost(opening, reason);
      throw reason;
    }
  }

  #connect(): Promise<Session> {
    const opening = openSession(this.#address, (error) => this.#lost(opening, error));
    this.#session = opening;
    return opening;
  }

  /** A session that was given up before has nothing more to say. */
  #lost(session: Promise<Session>, error: Error): void {
    if (this.#session !== session) return;
    this.#drop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const inputs = [...this.#inputs.values()];
    const coils = [...this.#coils].filter(([, { level }]) => level !== null);
    this.#inputs.clear();
    for (const [coil] of coils) this.#coils.delete(coil);
    for (const { onLost } of [...inputs, ...coils.map(([, driven]) => driven)]) onLost(error);
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.idle) return;
    const pauses = [...this.#inputs.values()].map(({ pollMs }) => pollMs);
    if (this.#coils.size > 0) pauses.push(COILS_MS);
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#poll()
          .then(() => this.#schedule())
          .catch(() => {});
      },
      Math.min(...pauses),
    );
  }

  async #poll(): Promise<void> {
    if (this.#inputs.size > 0) await this.#readInputs();
    const now = performance.now();
    if (this.#coils.size === 0 || now - this.#coilsRead < COILS_MS) return;
    this.#coilsRead = now;
    await this.#checkCoils();
  }

  async #readInputs(): Promise<void> {
    for (const [start, count] of spans([...this.#inputs.keys()])) {
      const levels = await this.#ask(({ client }) => readBits(client, 'discrete', start, count));
      for (const [index, level] of levels.entries()) this.#inputs.get(start + index)?.onLevel(level);
    }
  }

  /** A coil that is not as it was left belongs to a board that has forgotten it. */
  async #checkCoils(): Promise<void> {
    for (const [coil, driven] of [...this.#coils]) {
      const before = driven.level;
      const [level] = await this.#ask(({ client }) => readBits(client, 'coils', coil, 1));
      if (before === null || driven.level !== before || level === before || !this.#coils.has(coil)) continue;
      this.#coils.delete(coil);
      driven.onLost(new Error(`the board has set it to ${level} by itself`));
    }
  }
}

interface Session {
  readonly socket: Socket;
  readonly client: ModbusTCPClient;
}

async function openSession(
  { host, port, unit, timeoutMs }: BoardAddress,
  onClosed: (error: Error) => void,
): Promise<Session> {
  const { ModbusTCPClient: Client } = await import('jsmodbus');
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const client = new Client(socket, unit, timeoutMs);
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once('connect', () => {
      clearTimeout(late);
      resolve();
    });
    socket.once('close', () => clearTimeout(late));
    socket.on('error', reject);
  });
  socket.once('close', () => onClosed(new Error('the board closed the connection')));
  return { socket, client };
}

async function readBits(
  client: ModbusTCPClient,
  kind: 'coils' | 'discrete',
  start: number,
  count: number,
): Promise<Level[]> {
  const { response } =
    kind === 'coils' ? await client.readCoils(start, count) : await client.readDiscreteInputs(start, count);
  const bits = [...response.body.valuesAsArray].slice(0, count);
  if (bits.length < count) throw new Error('the board answered with too few bits');
  return bits.map((bit) => (bit ? 1 : 0));
}

/** Stretches of addresses, as long as one request may ask for. */
function spans(addresses: readonly number[]): [start: number, count: number][] {
  const found: [number, number][] = [];
  for (const address of [...addresses].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && address - last[0] < MAX_BITS) last[1] = address - last[0] + 1;
    else found.push([address, 1]);
  }
  return found;
}

/** jsmodbus rejects with objects that are no errors. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return messageOf(error);
}
