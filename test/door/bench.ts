import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { createLogger } from '../../src/common/index.ts';
import { type DoorConfig, DoorSchema } from '../../src/config/schema.ts';
import type { DoorEvent } from '../../src/door/index.ts';

export const RELAY = 17;
export const CONTACT = 27;
export const REX = 22;

export const simulated = (line: number) => ({ driver: 'simulated' as const, line });
export const logger = createLogger('test', 'silent');

/** A door with contact and exit button on simulated lines. */
export function doorConfig(change: Record<string, unknown> = {}): DoorConfig {
  return DoorSchema.parse({
    id: 'front',
    relay: { line: simulated(RELAY) },
    unlockMs: 300,
    contact: { line: simulated(CONTACT), debounceMs: 10 },
    rex: { line: simulated(REX), debounceMs: 10 },
    ...change,
  });
}

/** A folder that goes away with the test; concurrent tests must pass the hook of their own context. */
export function scratch(finished: (done: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'menshen-door-'));
  finished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function until(what: string, holds: () => boolean, ms = 5000): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not happen within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Collects the events of a door. */
export class EventLog {
  readonly events: DoorEvent[] = [];
  readonly take = (event: DoorEvent) => {
    this.events.push(event);
  };

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async until(type: DoorEvent['type'], count = 1): Promise<DoorEvent> {
    const found = () => this.events.filter((event) => event.type === type);
    await until(`${count} x ${type} in ${this.types.join(', ')}`, () => found().length >= count);
    const event = found()[count - 1];
    if (event === undefined) throw new Error('unreachable');
    return event;
  }
}

/** A client of the control socket; `lines` holds every JSON line received. */
export class SimulatorClient {
  readonly lines: Record<string, unknown>[] = [];
  readonly socket: Socket;
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
    createInterface({ input: socket }).on('line', (line) => this.lines.push(JSON.parse(line)));
  }

  static connect(path: string): Promise<SimulatorClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new SimulatorClient(socket)));
      socket.once('error', reject);
    });
  }

  /** Sends a request and returns the answer to it; changes told in between stay in `lines`. */
  async ask(request: unknown): Promise<Record<string, unknown>> {
    const before = this.answers().length;
    this.socket.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
    await until(`an answer to ${JSON.stringify(request)}`, () => this.answers().length > before);
    return this.answers()[before] ?? {};
  }

  answers(): Record<string, unknown>[] {
    return this.lines.filter((line) => 'ok' in line);
  }

  /** Levels told of one line, in order. */
  levels(line: number): unknown[] {
    return this.lines.filter((told) => told.line === line && 'at' in told).map(({ level }) => level);
  }
}
