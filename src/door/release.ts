import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MenshenError, messageOf } from '../common/index.ts';
import { type Config, describeLine, type OutputLineConfig } from '../config/index.ts';
import { type EmergencyState, fireAt } from './emergency-state.ts';
import type { GpioDriver, Level, OutputLine } from './gpio/driver.ts';
import { openGpio } from './gpio/gpio.ts';
import { lockLevel } from './gpio/levels.ts';
import { type RelayLine, sameLine } from './relays-file.ts';

const ANSWER_MS = 2000;
const ATTEMPTS = 8;
const PAUSE_MS = 100;
const AnswerSchema = z.object({ ok: z.boolean(), error: z.string().optional() });

/** What became of the relay of one door. */
export type ReleaseResult =
  | { readonly door: string; readonly outcome: 'released' | 'nothing_to_release'; readonly message: string }
  | { readonly door: string; readonly outcome: 'failed'; readonly error: MenshenError };

/** A relay to release, and what to say of its line. */
export interface ReleaseTask extends RelayLine {
  /** The line was taken from what a gate had recorded. */
  readonly recorded: boolean;
  /** Door or alarm input that has the line as an input by now: it is left alone. */
  readonly inputOf: string | null;
  /** A fire alarm keeps the door open: it is left alone. */
  readonly fire: boolean;
}

/**
 * What is to be released: the lines that the gate recorded, since those it drove, with the polarity it used; then
 * those of the configuration (null when it is not valid) that were not recorded. A relay that was moved is released
 * under both lines. `emergency`: the state that the gate kept.
 */
export function releaseTasks(
  recorded: readonly RelayLine[],
  config: Pick<Config, 'doors' | 'inputs'> | null,
  emergency: EmergencyState,
): readonly ReleaseTask[] {
  const inputs = config === null ? [] : inputLines(config);
  const configured = (config?.doors ?? []).map(({ id, relay }) => ({ door: id, ...relay }));
  const known = [
    ...recorded.map((relay) => ({
      ...relay,
      recorded: true,
      inputOf: inputs.find((input) => sameLine(input, relay))?.owner ?? null,
    })),
    ...configured
      .filter((relay) => !recorded.some((known) => sameLine(known, relay)))
      .map((relay) => ({ ...relay, recorded: false, inputOf: null })),
  ];
  return known.map((task) => ({
    ...task,
    fire: fireAt(emergency, task.door, config?.inputs ?? []) !== null,
  }));
}

function inputLines({ doors, inputs }: Pick<Config, 'doors' | 'inputs'>) {
  const parts = [
    ...doors.flatMap(({ id, contact, rex }) =>
      [contact, rex].map((part) => ({ owner: `door "${id}"`, part })),
    ),
    ...inputs.map((part) => ({ owner: `"${part.id}"`, part })),
  ];
  return parts.flatMap(({ owner, part }) =>
    [part?.line, part?.second].flatMap((line) => (line === undefined ? [] : [{ owner, line }])),
  );
}

/** Drives each relay released from outside the gate process; one failure does not keep the others. Never rejects. */
export async function releaseRelays(
  tasks: readonly ReleaseTask[],
  simulator: Config['simulator'],
): Promise<ReleaseResult[]> {
  return await Promise.all(tasks.map((task) => releaseRelay(task, simulator)));
}

async function releaseRelay(task: ReleaseTask, simulator: Config['simulator']): Promise<ReleaseResult> {
  const { line, inputOf, fire } = task;
  if (fire) {
    const message = `door "${task.door}": left alone, a fire alarm keeps it open until it is reset`;
    return { door: task.door, outcome: 'nothing_to_release', message };
  }
  if (inputOf !== null) {
    const message = `door "${task.door}": ${describeLine(line)}, recorded as its relay, is an input of ${inputOf} by now and was left alone`;
    return { door: task.door, outcome: 'nothing_to_release', message };
  }
  try {
    if (line.driver === 'simulated') return await releaseSimulated(task, line.line, simulator?.socket);
    await drive(line, lockLevel(false, task));
    return released(task);
  } catch (error) {
    return { door: task.door, outcome: 'failed', error: asFailure(task, error) };
  }
}

/** Opening a line as an output drives it at rest. */
async function drive(line: OutputLineConfig, rest: Level): Promise<void> {
  const gpio = await openGpio();
  try {
    const output = await openPatiently(gpio, line, rest);
    await output.close();
  } finally {
    await gpio.close();
  }
}

/** The process that held a line of the character device for a gate that has died may be about to let it go. */
async function openPatiently(gpio: GpioDriver, line: OutputLineConfig, rest: Level): Promise<OutputLine> {
  for (let left = line.driver === 'gpiod' ? ATTEMPTS : 1; ; left -= 1) {
    try {
      return await gpio.openOutput(line, { rest });
    } catch (error) {
      if (left === 1) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

async function releaseSimulated(
  task: ReleaseTask,
  line: number,
  socket: string | undefined,
): Promise<ReleaseResult> {
  const answer = socket === undefined ? null : await ask(socket, { release: line });
  if (answer === null) {
    const message = `door "${task.door}": nothing to release, simulated lines end with their gate process`;
    return { door: task.door, outcome: 'nothing_to_release', message };
  }
  const { ok, error } = AnswerSchema.parse(JSON.parse(answer));
  if (!ok) throw new Error(error ?? 'the simulator refused');
  return released(task);
}

/** The first line answered to a request, or null when nobody listens. */
function ask(path: string, request: object): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer from ${path}`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end === -1) return;
      resolve(text.slice(0, end));
      socket.destroy();
    });
    socket.on('close', () => reject(new Error(`no answer from ${path}`)));
    socket.on('error', (error) => {
      const gone = 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
      if (gone) resolve(null);
      else reject(error);
    });
  });
}

function released({ door, line, recorded }: ReleaseTask): ReleaseResult {
  const which = `${describeLine(line)}${recorded ? ', as the gate recorded' : ''}`;
  return { door, outcome: 'released', message: `door "${door}": relay released (${which})` };
}

function asFailure({ door }: ReleaseTask, error: unknown): MenshenError {
  const code = error instanceof MenshenError ? error.code : 'GPIO_WRITE_FAILED';
  return new MenshenError(code, `door "${door}": ${messageOf(error)}`, { cause: error });
}
