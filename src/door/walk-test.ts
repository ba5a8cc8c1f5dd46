import { messageOf } from '../common/index.ts';
import type { DoorConfig } from '../config/index.ts';
import { type ContactConfig, ContactLine } from './contact-line.ts';
import type { GpioDriver, OutputLine } from './gpio/driver.ts';
import { lockLevel } from './gpio/levels.ts';
import { installReleaseGuard } from './guard.ts';

/** A door is left unlocked for this long at most while an answer is waited for. */
const LONGEST_UNLOCKED_MS = 60_000;

/** Who watches the door during a walk test. */
export interface Witness {
  say(text: string): void;
  /** The answer to a question of yes or no. Rejects when no answer can come any more. */
  ask(question: string): Promise<boolean>;
}

/** What a walk test found of one part of a door. */
export interface WalkResult {
  readonly door: string;
  readonly part: 'relay' | 'contact' | 'rex';
  readonly ok: boolean;
  /** Why it is not in order. */
  readonly reason: string | null;
}

/**
 * A walk test: switches the relay of a door and shows what its contact and its exit button tell, while a person
 * watches and says whether it is so. Locks the door at the end, however the test ends. One part that fails does not
 * keep the others from being tried. Rejects only when the person can no longer answer.
 */
export async function walkTest(
  config: DoorConfig,
  gpio: GpioDriver,
  witness: Witness,
): Promise<WalkResult[]> {
  witness.say(`door "${config.id}"`);
  const results = [await tryPart(config.id, 'relay', witness, () => tryRelay(config, gpio, witness))];
  for (const part of ['contact', 'rex'] as const) {
    const contact = config[part];
    if (contact === undefined) continue;
    results.push(await tryPart(config.id, part, witness, () => tryContact(part, contact, gpio, witness)));
  }
  return results;
}

/** Something about a part that is not in order. */
class Faulty extends Error {}

async function tryPart(
  door: string,
  part: WalkResult['part'],
  witness: Witness,
  attempt: () => Promise<void>,
): Promise<WalkResult> {
  try {
    await attempt();
    return { door, part, ok: true, reason: null };
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    witness.say(`  ${part}: ${error.message}`);
    return { door, part, ok: false, reason: error.message };
  }
}

async function tryRelay({ relay }: DoorConfig, gpio: GpioDriver, witness: Witness): Promise<void> {
  const faults: string[] = [];
  const line = await works(
    gpio.openOutput(
      relay.line,
      { rest: lockLevel(false, relay) },
      { onError: ({ message }) => faults.push(message) },
    ),
  );
  const removeGuard = installReleaseGuard([
    { release: () => line.restNow(), releaseNow: () => line.restNow() },
  ]);
  try {
    await expectSeen(witness, 'relay: locked. Is the door locked?', 'the door is not locked');
    await unlocked(line, relay, witness);
    await write(line, lockLevel(false, relay));
    await expectSeen(witness, 'relay: locked again. Is the door locked?', 'the door did not lock again');
    if (faults.length > 0) throw new Faulty(faults.join('; '));
  } finally {
    await line.close();
    removeGuard();
  }
}

async function unlocked(line: OutputLine, relay: DoorConfig['relay'], witness: Witness): Promise<void> {
  await write(line, lockLevel(true, relay));
  const longest = setTimeout(() => {
    line.restNow();
    witness.say(`  relay: locked, since nobody answered for ${LONGEST_UNLOCKED_MS / 1000} s`);
  }, LONGEST_UNLOCKED_MS);
  const pulse = relay.pulseMs > 0 ? setTimeout(() => line.restNow(), relay.pulseMs) : null;
  try {
    const said = pulse === null ? 'relay: unlocked.' : `relay: unlocked for ${relay.pulseMs} ms.`;
    await expectSeen(witness, `${said} Can the door be opened?`, 'the door does not open');
  } finally {
    clearTimeout(longest);
    if (pulse !== null) clearTimeout(pulse);
  }
}

const WORDS = {
  contact: { idle: 'closed', active: 'open', todo: 'Open the door, and close it again.' },
  rex: { idle: 'not pressed', active: 'pressed', todo: 'Press the exit button, and let it go.' },
} as const;

async function tryContact(
  part: 'contact' | 'rex',
  config: ContactConfig,
  gpio: GpioDriver,
  witness: Witness,
): Promise<void> {
  const words = WORDS[part];
  const seen: boolean[] = [];
  let fault: string | null = null;
  const contact = new ContactLine(config, gpio, {
    onActive(active) {
      if (seen.at(-1) === active) return;
      seen.push(active);
      witness.say(`  ${part}: ${active ? words.active : words.idle}`);
    },
    onFault({ message }) {
      if (fault !== message) witness.say(`  ${part}: ${message}`);
      fault = message;
    },
    onRecovered() {
      fault = null;
      witness.say(`  ${part}: works again`);
    },
  });
  await contact.start();
  try {
    const right = await witness.ask(`  ${part}: ${words.todo} Was it told rightly?`);
    if (fault !== null) throw new Faulty(fault);
    if (!right) throw new Faulty('it was told wrongly');
    if (!seen.includes(true) || seen.at(-1) !== false) {
      throw new Faulty(`it was not seen ${words.active} and then ${words.idle}`);
    }
  } finally {
    await contact.stop();
  }
}

async function expectSeen(witness: Witness, question: string, otherwise: string): Promise<void> {
  if (!(await witness.ask(`  ${question}`))) throw new Faulty(otherwise);
}

async function write(line: OutputLine, level: 0 | 1): Promise<void> {
  await works(Promise.resolve(line.write(level)));
}

/** A line that fails is a finding of the test. */
async function works<T>(attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    throw new Faulty(messageOf(error));
  }
}
