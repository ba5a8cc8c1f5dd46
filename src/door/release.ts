import { connect } from 'node:net';
import { z } from 'zod';
import { MenshenError, messageOf } from '../common/index.ts';
import type { Config, DoorConfig } from '../config/index.ts';
import { describeLine, type GpioDriver } from './gpio/driver.ts';
import { relayLevel } from './gpio/levels.ts';
import { onoffDriver } from './gpio/onoff.ts';

const ANSWER_MS = 2000;
const AnswerSchema = z.object({ ok: z.boolean(), error: z.string().optional() });

/** What became of the relay of one door. */
export type ReleaseResult =
  | { readonly door: string; readonly outcome: 'released' | 'nothing_to_release'; readonly message: string }
  | { readonly door: string; readonly outcome: 'failed'; readonly error: MenshenError };

/** Drives the relay of each of `doors` released from outside the gate process; one failure does not keep the others. Never rejects. */
export async function releaseDoors(
  doors: readonly DoorConfig[],
  simulator: Config['simulator'],
): Promise<ReleaseResult[]> {
  return await Promise.all(doors.map((door) => releaseDoor(door, simulator)));
}

async function releaseDoor(door: DoorConfig, simulator: Config['simulator']): Promise<ReleaseResult> {
  const { line, activeLow } = door.relay;
  try {
    switch (line.driver) {
      case 'onoff':
        await drive(onoffDriver(), line, relayLevel(false, activeLow));
        return released(door);
      case 'simulated':
        return await releaseSimulated(door, line.line, simulator?.socket);
    }
  } catch (error) {
    return { door: door.id, outcome: 'failed', error: asFailure(door, error) };
  }
}

async function drive<L extends DoorConfig['relay']['line']>(
  driver: GpioDriver<L>,
  line: L,
  rest: 0 | 1,
): Promise<void> {
  const output = await driver.openOutput(line, { rest });
  await output.write(rest);
  await output.close();
  await driver.close();
}

async function releaseSimulated(
  door: DoorConfig,
  line: number,
  socket: string | undefined,
): Promise<ReleaseResult> {
  const answer = socket === undefined ? null : await ask(socket, { release: line });
  if (answer === null) {
    const message = `door "${door.id}": nothing to release, simulated lines end with their gate process`;
    return { door: door.id, outcome: 'nothing_to_release', message };
  }
  const { ok, error } = AnswerSchema.parse(JSON.parse(answer));
  if (!ok) throw new Error(error ?? 'the simulator refused');
  return released(door);
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

function released(door: DoorConfig): ReleaseResult {
  const message = `door "${door.id}": relay released (${describeLine(door.relay.line)})`;
  return { door: door.id, outcome: 'released', message };
}

function asFailure(door: DoorConfig, error: unknown): MenshenError {
  const code = error instanceof MenshenError ? error.code : 'GPIO_WRITE_FAILED';
  return new MenshenError(code, `door "${door.id}": ${messageOf(error)}`, { cause: error });
}
