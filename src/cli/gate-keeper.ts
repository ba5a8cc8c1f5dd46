import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, MenshenError, messageOf, softwareVersion } from '../common/index.ts';
import { type LoadedConfig, loadConfig } from '../config/index.ts';
import {
  type Continuation,
  endTrial,
  Gate,
  type Health,
  missing,
  type RestartRequest,
  takeBack,
} from '../gate/index.ts';
import type { StopRequest } from './stop-request.ts';

const LOOK_MS = 200;
/** A new configuration has to hold for so long without a gap. */
const SOUND_MS = 2000;

type Trial = Extract<RestartRequest, { kind: 'trial' }>;

/**
 * Runs one gate after the other until a signal comes: a command can have it started again, with the same
 * configuration or with a new one on trial. A trial that does not come up sound is taken back.
 */
export class GateKeeper {
  readonly #log: Logger;
  readonly #stop: StopRequest;

  constructor(log: Logger, stop: StopRequest) {
    this.#log = log;
    this.#stop = stop;
  }

  /** Resolves when the gate was stopped in order. `started`: the first; `takenBack`: a trial was found unfinished and undone. */
  async run(started: Gate, loaded: LoadedConfig, takenBack: boolean): Promise<void> {
    let gate = started;
    if (takenBack) gate.record(rolledBack(null, loaded.sha256, 'the gate ended during the trial'));
    let config = loaded;
    for (;;) {
      const request = await this.#next(gate);
      if (request === null) {
        await gate.stop(this.#stop.signal ?? 'stop');
        return;
      }
      const begun = performance.now();
      if (request.kind === 'trial') {
        const tried = await this.#try(gate, config, request, begun);
        if (tried === null) return;
        ({ gate, config } = tried);
      } else {
        await gate.stop('restart', { again: true });
        gate = await Gate.start(config, this.#log);
        const result = { software: softwareVersion() };
        void gate.conclude({ command: request.command, begun, result }, null);
      }
    }
  }

  /** What is to be done with a running gate: null is to stop. */
  #next(gate: Gate): Promise<RestartRequest | null> {
    return Promise.race([gate.restartAsked, this.#stop.asked.then(() => null)]);
  }

  /** Gives the gate that runs when the trial is over, and its configuration; null when a signal ended it all. */
  async #try(
    old: Gate,
    before: LoadedConfig,
    trial: Trial,
    begun: number,
  ): Promise<{ gate: Gate; config: LoadedConfig } | null> {
    const { staged, command } = trial;
    const worked = old.health();
    await old.stop('new configuration', { again: true });
    let gate: Gate | null = null;
    try {
      const config = await loadConfig(staged.path);
      gate = await Gate.start(config, this.#log);
      const fault = await this.#soundWithin(gate, worked, trial.trialS);
      if (this.#stop.signal !== null) {
        // Not proven: the next start has the old one.
        takeBack(staged.path);
        await gate.stop(this.#stop.signal);
        return null;
      }
      if (fault === null) {
        endTrial(staged.path);
        const result = { version: config.sha256 };
        const data = { before: before.sha256, version: config.sha256 };
        const event = { type: 'config.changed', cause: command.id, data } as const;
        void gate.conclude({ command, begun, result }, event);
        return { gate, config };
      }
      throw new MenshenError('COMMAND_CONFIG_ROLLED_BACK', `did not work within ${trial.trialS} s: ${fault}`);
    } catch (error) {
      this.#log.error({ err: messageOf(error) }, 'the new configuration does not hold');
      await gate?.stop('configuration taken back', { again: true });
      const why =
        error instanceof MenshenError
          ? new MenshenError('COMMAND_CONFIG_ROLLED_BACK', error.message, { cause: error })
          : error;
      return this.#goBack(before, { command, begun, error: why }, staged.after);
    }
  }

  async #goBack(
    before: LoadedConfig,
    end: Continuation & { readonly error: unknown },
    refused: string,
  ): Promise<{ gate: Gate; config: LoadedConfig }> {
    takeBack(before.path);
    const gate = await Gate.start(before, this.#log);
    const event = rolledBack(refused, before.sha256, messageOf(end.error));
    void gate.conclude(end, { ...event, cause: end.command.id });
    return { gate, config: before };
  }

  /** Null when all that worked before works again; else what does not. */
  async #soundWithin(gate: Gate, worked: Health, withinS: number): Promise<string | null> {
    const until = performance.now() + withinS * 1000;
    let soundSince: number | null = null;
    for (;;) {
      const lacking = missing(worked, gate.health());
      const now = performance.now();
      soundSince = lacking.length > 0 ? null : (soundSince ?? now);
      if (soundSince !== null && now - soundSince >= SOUND_MS) return null;
      if (now > until) return lacking.join(', ') || 'it was not steady';
      if (this.#stop.signal !== null) return 'stopped';
      await sleep(LOOK_MS);
    }
  }
}

function rolledBack(refused: string | null, version: string, message: string) {
  return { type: 'config.rolled_back', data: { refused, version, message } } as const;
}
