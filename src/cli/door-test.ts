import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { MenshenError } from '../common/index.ts';
import { type Config, type DoorConfig, loadConfig } from '../config/index.ts';
import {
  keptEmergency,
  openGpio,
  releaseTasks,
  type WalkResult,
  type Witness,
  walkTest,
} from '../door/index.ts';
import { lockDataDir } from '../gate/index.ts';

export interface DoorTestOptions {
  /** Goes on although a gate runs on the same lines. */
  readonly whileRunning: boolean;
  /** Where the questions go, and where the answers come from; by default the terminal. */
  readonly output?: Writable;
  readonly input?: Readable;
}

/**
 * `menshen door test`: a walk test of the doors named, or of all, with a person at the terminal.
 * @throws MenshenError ALREADY_RUNNING, USAGE (no such door, nobody answers), DOOR_TEST_FAILED
 */
export async function testDoors(
  ids: readonly string[],
  path: string,
  { whileRunning, input = process.stdin, output = process.stdout }: DoorTestOptions,
): Promise<void> {
  const { config } = await loadConfig(path);
  const doors = chosen(config.doors, ids);
  refuseFire(doors, config);
  const unlock = whileRunning ? () => {} : await noGateRuns(config.dataDir);
  const terminal = new Terminal(input, output);
  try {
    await testAll(doors, config, terminal);
  } finally {
    terminal.close();
    unlock();
  }
}

async function testAll(doors: readonly DoorConfig[], config: Config, witness: Witness): Promise<void> {
  const gpio = await openGpio({ socket: config.simulator?.socket });
  const results: WalkResult[] = [];
  try {
    for (const door of doors) results.push(...(await walkTest(door, gpio, witness)));
  } finally {
    await gpio.close();
  }
  const failures = results.filter(({ ok }) => !ok);
  if (failures.length > 0) {
    const told = failures.map(({ door, part, reason }) => `door "${door}": ${part}: ${reason}`);
    throw new MenshenError('DOOR_TEST_FAILED', told.join('\n'));
  }
  witness.say(`${results.length} parts of ${doors.length === 1 ? 'the door' : 'the doors'} are in order`);
}

async function noGateRuns(dataDir: string): Promise<() => void> {
  try {
    return await lockDataDir(dataDir);
  } catch (error) {
    if (!(error instanceof MenshenError) || error.code !== 'ALREADY_RUNNING') throw error;
    const hint = 'or test beside it with --while-running, where the driver allows it';
    throw new MenshenError('ALREADY_RUNNING', `${error.message}, ${hint}`, { cause: error });
  }
}

function chosen(doors: readonly DoorConfig[], ids: readonly string[]): readonly DoorConfig[] {
  const unknown = ids.filter((id) => !doors.some((door) => door.id === id));
  if (unknown.length > 0) {
    const known = doors.map(({ id }) => id).join(', ');
    throw new MenshenError('USAGE', `there is no door "${unknown.join('", "')}"; known are ${known}`);
  }
  return ids.length === 0 ? doors : doors.filter(({ id }) => ids.includes(id));
}

/** A door that a fire alarm keeps open must not be locked by a test. */
function refuseFire(doors: readonly DoorConfig[], config: Config): void {
  const { state } = keptEmergency(config.dataDir);
  const open = releaseTasks([], config, state).filter(({ fire }) => fire);
  const one = doors.find(({ id }) => open.some(({ door }) => door === id));
  if (one === undefined) return;
  throw new MenshenError('USAGE', `door "${one.id}" is kept open by a fire alarm; reset it first`);
}

/** A person, or a program, that reads questions and answers with a line each. */
class Terminal implements Witness {
  readonly #input: Interface;
  readonly #output: Writable;
  readonly #answers: string[] = [];
  #waiting: { resolve(answer: string): void; reject(error: Error): void } | null = null;
  #ended = false;

  constructor(input: Readable, output: Writable) {
    this.#input = createInterface({ input });
    this.#output = output;
    this.#input.on('line', (line) => {
      if (this.#waiting === null) this.#answers.push(line);
      else this.#waiting.resolve(line);
      this.#waiting = null;
    });
    this.#input.on('close', () => {
      this.#ended = true;
      this.#waiting?.reject(nobody());
    });
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  async ask(question: string): Promise<boolean> {
    for (;;) {
      this.#output.write(`${question} [y/n] `);
      const answer = (await this.#next()).trim();
      if (/^(y|yes)$/i.test(answer)) return true;
      if (/^(n|no)$/i.test(answer)) return false;
      this.say('  answer y or n');
    }
  }

  close(): void {
    this.#input.close();
  }

  #next(): Promise<string> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    if (this.#ended) return Promise.reject(nobody());
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}

function nobody(): MenshenError {
  return new MenshenError('USAGE', 'nobody answers: the input has ended; the doors are locked');
}
